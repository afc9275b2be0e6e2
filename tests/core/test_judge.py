from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.criteria import (
    Baseline,
    BaselineKind,
    CriteriaCheck,
    Criterion,
    Observation,
    Operator,
    Since,
    Verdict,
)
from sojourn.core.journeys import Hold, Interval, JourneyState
from sojourn.core.judge import (
    NOTHING,
    RULES,
    Case,
    exactly,
    expected,
    holds_true,
    judge,
    judge_fact,
    judged_value,
    reading,
    show,
    waived,
)
from sojourn.core.snapshot import Fact
from tests.core.scenes import DAY, HOUR, JOURNEY, MINUTE, NOW, T0, fact, metric, seen, state

FIRST = Baseline(BaselineKind.FIRST, 2 * DAY, 4)
PREVIOUS = Baseline(BaselineKind.PREVIOUS, 2 * DAY)


def judged(criterion: Criterion, look: Observation | None, **changes: Any) -> CriteriaCheck:
    return judge(criterion, look, state(**changes), NOW)


def said(check: CriteriaCheck) -> str:
    return f"{check.message} | {check.remedy}"


# Every rule, every verdict: one case each, with what it says.

CASES: dict[str, tuple[Criterion, Observation | None, str, str]] = {
    "passed": (
        metric(), seen(0.9), "passed",
        "search_precision is 0.9 (n=5), needed >= 0.8 | ",
    ),
    "passed over a window": (
        metric("p95_latency_ms", "<=", 500, aggregate="p95", window=3 * DAY), seen(420.0), "passed",
        "p95 of p95_latency_ms over 3d is 420 (n=5), needed <= 500 | ",
    ),
    "erred": (
        metric(), seen(0.9, error="503 from the survey"), "error",
        "the source of search_precision reports an error: 503 from the survey | mend the source; ",
    ),
    "unseen": (
        metric(), None, "insufficient_data",
        "no value of search_precision since 2026-01-05 09:00 | measure search_precision",
    ),
    "unseen in its window": (
        metric(window=2 * DAY), seen(None, n=0), "insufficient_data",
        "no value of search_precision since 2026-01-13 09:00 | measure search_precision",
    ),
    "unbased": (
        metric("x", "<=", 0.2, baseline=replace(FIRST, window=12 * DAY)), seen(500.0),
        "insufficient_data", "no baseline of x yet (first 12d) | 2d more",
    ),
    "unbased for ever": (
        metric("x", "<=", 0.2, baseline=FIRST), seen(500.0, base=400.0, base_n=1),
        "insufficient_data",
        "1 of 4 samples of x in the first 2d | waive it, or measure against a threshold",
    ),
    "based on nothing": (
        metric("x", "<=", 0.2, baseline=FIRST), seen(500.0, base=0.0, base_n=9),
        "insufficient_data",
        "the baseline of x (first 2d) is 0: no change of it | waive it, or measure against",
    ),
    "unsound": (metric(), seen(float("nan")), "error", "search_precision is not a number | mend"),
    "endless": (metric(), seen(float("inf")), "error", "search_precision is not a number | mend"),
    "without an aggregate": (
        metric(aggregate="stddev", window=DAY), seen(None, n=1), "insufficient_data",
        "1 value of search_precision make no stddev | more values",
    ),
    "too few": (
        metric(min_samples=9), seen(0.9), "insufficient_data",
        "5 of 9 samples of search_precision since 2026-01-05 09:00 | 4 more samples",
    ),
    "stale": (
        metric(max_age=2 * HOUR), seen(0.9, age=3 * HOUR), "insufficient_data",
        "the newest search_precision is 3h old, needed at most 2h | measure it again",
    ),
    "short of coverage": (
        metric(window=4 * DAY, coverage=0.5, every=HOUR), seen(0.9, covered=DAY),
        "insufficient_data",
        "1d of 4d were observed, needed 50% of all of it | 1d more of a live source",
    ),
    "contradicted": (
        metric(), seen(0.7), "failed",
        "search_precision is 0.7 (n=5), needed >= 0.8 | search_precision must be >= 0.8",
    ),
    "contradicted by a change": (
        metric("x", "<=", 0.2, baseline=FIRST), seen(500.0, base=400.0, base_n=9), "failed",
        "x changed by +25.0% (n=5), needed <= +20% against the baseline | x must be <= +20%",
    ),
    "unstable": (
        metric(spread=0.1, window=DAY), seen(0.9, spread=0.25), "failed",
        "search_precision ranges over 0.25, needed at most 0.1 | it must settle",
    ),
    "sliding": (
        metric(slope=0.01, window=DAY), seen(0.9, slope=-0.05), "failed",
        "search_precision moves by -0.05 a day, needed at most 0.01 | it must settle",
    ),
    "one value shows no stability": (
        metric(spread=0.1, window=DAY), seen(0.9, n=1, spread=0.0), "insufficient_data",
        "1 value of search_precision are too few to show stability | more values",
    ),
    "unknown stability": (
        metric(slope=0.1, window=DAY), seen(0.9), "insufficient_data",
        "5 values of search_precision are too few to show stability | more values",
    ),
    "too short a run": (
        metric(consecutive_passes=3), seen(0.9, recent=(0.9, 0.7, 0.9)), "pending",
        "1 of 3 values of search_precision in a row hold | 2 more good values in a row",
    ),
    "a run": (
        metric(consecutive_passes=3), seen(0.9, recent=(0.9, 0.9, 0.9)), "passed",
        "search_precision is 0.9 (n=5), needed >= 0.8 | ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_rule_says_its_verdict_value_limit_and_what_would_change_it(
    case: tuple[Criterion, Observation | None, str, str],
) -> None:
    criterion, look, verdict, text = case
    check = judged(criterion, look)
    assert check.verdict == verdict
    assert said(check).startswith(text)
    assert check.passed == (verdict == "passed")
    assert bool(check.remedy) != check.passed
    assert check.n == (look.n if look else 0)
    assert (check.name, check.ball) == (criterion.name, "operator")
    assert check.expected_value == expected(criterion)


def test_every_rule_has_a_case() -> None:
    decided = set()
    for criterion, look, _, _ in CASES.values():
        found = look or NOTHING
        value = judged_value(criterion, found)
        holds = None if value is None else holds_true(criterion, value)
        case = Case(criterion, found, state(), NOW, value, holds)
        decided.add(next((r.__name__ for r in RULES if r(case)), "passed"))
    assert decided == {r.__name__ for r in RULES} | {"passed"}


@pytest.mark.parametrize(
    ("operator", "good", "bad"),
    [
        (">=", (0.8, 0.9), (0.79,)), (">", (0.81,), (0.8, 0.1)), ("<=", (0.8, 0.1), (0.81,)),
        ("<", (0.79,), (0.8,)), ("==", (0.8,), (0.79, 0.81)), ("!=", (0.7,), (0.8,)),
    ],
)  # fmt: skip
def test_operators_compare_with_their_bounds(
    operator: str, good: tuple[float, ...], bad: tuple[float, ...]
) -> None:
    criterion = metric(operator=operator)
    assert all(judged(criterion, seen(v)).passed for v in good)
    assert all(judged(criterion, seen(v)).verdict == "failed" for v in bad)


def test_any_number_satisfies_a_metric_that_must_only_exist() -> None:
    criterion = metric(operator="exists")
    assert judged(criterion, seen(0.0)).passed
    assert expected(criterion) == "recorded"
    assert not judged(criterion, seen(float("nan"))).passed


def test_a_value_that_looks_like_its_limit_is_written_out() -> None:
    check = judged(metric(), seen(0.79996))
    assert check.message == "search_precision is 0.79996 (n=5), needed >= 0.8"
    assert exactly(0.8, 0.8) == "0.8"
    assert [show(v) for v in (True, 12345678.9, 90 * MINUTE, "eu")] == [
        "true", "12345679", "1h 30min", "eu",
    ]  # fmt: skip
    assert len(show(["x"] * 1000)) == 80


# Severity inside a criterion: what is known about the evidence speaks before the value.


@pytest.mark.parametrize(
    "look", [seen(0.1, error="down"), seen(float("nan"), n=0), None, seen(0.1, n=1), seen(None)]
)
def test_a_value_on_bad_evidence_is_never_a_failure_nor_a_pass(look: Observation | None) -> None:
    check = judged(metric(min_samples=2), look)
    assert check.verdict in ("error", "insufficient_data")


def test_a_failure_outranks_an_unstable_or_short_run() -> None:
    criterion = metric(spread=0.1, window=DAY, consecutive_passes=3)
    assert judged(criterion, seen(0.5, n=1, spread=0.9, recent=(0.5,))).verdict == "failed"
    assert judged(criterion, seen(0.9, spread=0.9, recent=(0.9,))).verdict == "failed"
    assert judged(criterion, seen(0.9, n=1, recent=(0.9,))).verdict == "insufficient_data"


# What has been seen already may fail a window that is not wholly observed yet.

SEVEN: dict[str, Any] = {"window": 7 * DAY, "coverage": 0.9, "every": HOUR}


@pytest.mark.parametrize(
    ("criterion", "value", "verdict"),
    [
        (metric("bugs", "==", 0, aggregate="sum", **SEVEN), 1.0, "failed"),
        (metric("bugs", "<=", 3, aggregate="max", **SEVEN), 4.0, "failed"),
        (metric("bugs", "==", 5, aggregate="sum", **SEVEN), 3.0, "insufficient_data"),
        (metric("bugs", "==", 0, aggregate="sum", **SEVEN), 0.0, "insufficient_data"),
        (metric("up", ">=", 1, aggregate="min", **SEVEN), 0.0, "failed"),
        (metric("up", ">=", 1, aggregate="sum", **SEVEN), 0.0, "insufficient_data"),
        (metric("x", "<=", 3, aggregate="mean", **SEVEN), 9.0, "insufficient_data"),
    ],
)
def test_only_what_more_values_could_not_mend_fails_early(
    criterion: Criterion, value: float, verdict: str
) -> None:
    assert judged(criterion, seen(value, covered=DAY)).verdict == verdict


def test_coverage_without_a_window_is_an_error_of_the_path_and_no_pass() -> None:
    assert judged(metric(coverage=0.9), seen(0.9)).verdict == "error"


def test_a_bug_leaves_the_window_after_as_much_lived_time() -> None:
    criterion = metric("bugs", "==", 0, aggregate="sum", **SEVEN)
    look = seen(1.0, covered=7 * DAY, nonzero_at=NOW - 3 * DAY)
    assert judged(criterion, look).possible_at == NOW + 4 * DAY
    holds = (Interval(NOW - 2 * DAY, NOW - DAY),)
    assert judged(criterion, look, holds=holds).possible_at == NOW + 5 * DAY
    assert judged(criterion, look, hold=Hold(NOW, "x", "ines")).possible_at is None


def test_dates_at_which_time_alone_could_do_it_stand_still_with_the_clock() -> None:
    held = {"hold": Hold(NOW - HOUR, "x", "ines")}
    covered = metric(window=4 * DAY, coverage=0.5, every=HOUR)
    assert judged(covered, seen(0.9, covered=DAY)).possible_at == NOW + DAY
    assert judged(covered, seen(0.9, covered=DAY), **held).possible_at is None
    based = metric("x", "<=", 0.2, baseline=replace(FIRST, window=12 * DAY))
    assert judged(based, seen()).possible_at == NOW + 2 * DAY
    assert judged(based, seen(), **held).possible_at is None
    assert judged(metric("x", "<=", 0.2, baseline=FIRST), seen()).possible_at is None


# What is asked of the store.


def asked(criterion: Criterion, **changes: Any) -> Any:
    return reading("sandbox/exit/x", criterion, state(**changes), NOW)


def test_a_reading_begins_with_the_visit_the_journey_or_the_window() -> None:
    entered = {"stage_started_at": T0 + 5 * DAY}
    assert asked(metric(), **entered).since == T0 + 5 * DAY
    assert asked(metric(since=Since.JOURNEY), **entered).since == T0
    assert asked(metric(window=2 * DAY), **entered).since == NOW - 2 * DAY
    assert asked(metric(window=9 * DAY), **entered).since == T0 + 5 * DAY
    held = (Interval(NOW - DAY, NOW - HOUR),)
    assert asked(metric(window=2 * DAY), holds=held, **entered).since == NOW - 3 * DAY + HOUR


def test_a_reading_names_every_hold_the_present_one_too() -> None:
    look = asked(
        metric(**SEVEN),
        holds=(Interval(T0, T0 + HOUR),),
        hold=Hold(NOW - DAY, "x", "ines"),
    )
    assert look.holds == ((T0, T0 + HOUR), (NOW - DAY, NOW))
    assert (look.every, look.until, look.journey_id) == (HOUR, NOW, JOURNEY)


def test_only_the_newest_values_are_read_where_nothing_else_matters() -> None:
    assert asked(metric(consecutive_passes=3)).brief
    assert asked(metric(consecutive_passes=3)).recent == 3
    others: list[dict[str, Any]] = [{"window": DAY}, {"min_samples": 2}, {"spread": 0.1}]
    for more in others:
        assert not asked(metric(**more)).brief


def test_a_baseline_is_a_window_lived_through_wholly() -> None:
    def base(kind: Baseline, **more: Any) -> Any:
        look = asked(metric("x", "<=", 0.2, baseline=kind, window=DAY), **more)
        return look.base_since, look.base_until

    assert base(FIRST) == (T0, T0 + 2 * DAY)
    assert base(FIRST, holds=(Interval(T0 + DAY, T0 + 4 * DAY),)) == (T0, T0 + 5 * DAY)
    assert base(FIRST, holds=(Interval(T0 + DAY, NOW),)) == (None, None)
    assert base(PREVIOUS) == (NOW - 3 * DAY, NOW - DAY)
    assert base(PREVIOUS, stage_started_at=NOW - 3 * DAY) == (NOW - 3 * DAY, NOW - DAY)
    assert base(PREVIOUS, stage_started_at=NOW - 2 * DAY) == (None, None)


def test_a_run_against_a_baseline_compares_changes() -> None:
    criterion = metric("x", ">", 0.2, baseline=FIRST, consecutive_passes=2)
    slower = seen(500.0, base=400.0, base_n=9, recent=(500.0, 490.0))
    assert judged(criterion, slower).passed
    assert judged(criterion, replace(slower, recent=(500.0, 410.0))).verdict == "pending"


# Facts


def told(criterion: Criterion, value: Any, age: timedelta = HOUR) -> CriteriaCheck:
    return judge_fact(criterion, Fact(value, NOW - age, "crm", "ines"), NOW)


@pytest.mark.parametrize(
    ("criterion", "value", "verdict", "text"),
    [
        (fact("signed"), True, "passed", "signed is true, needed == true | "),
        (fact("signed"), False, "failed", "signed is false, needed == true | record the new value"),
        (fact("signed"), "yes", "error", "signed is yes, which cannot be compared with true"),
        (fact("signed"), 1, "error", "signed is 1, which cannot be compared with true"),
        (fact("size", ">=", 10), 12, "passed", "size is 12, needed >= 10 | "),
        (fact("size", ">=", 10), 9, "failed", "size is 9, needed >= 10"),
        (fact("size", ">=", 10), "many", "error", "size is many, which cannot be compared with 10"),
        (fact("size", ">=", 10), True, "error", "size is true, which cannot be compared"),
        (fact("region", "==", "eu"), "eu", "passed", "region is eu, needed == eu"),
        (fact("region", "!=", "eu"), "us", "passed", "region is us, needed != eu"),
        (fact("sources", "exists"), ["confluence"], "passed", "sources is ['confluence'] | "),
        (fact("sources", "exists"), [], "failed", "sources is [], needed recorded"),
    ],
)
def test_facts_are_compared_with_what_is_of_their_kind(
    criterion: Criterion, value: Any, verdict: str, text: str
) -> None:
    check = told(criterion, value)
    assert check.verdict == verdict
    assert said(check).startswith(text)
    assert (check.n, check.observed_at, check.source) == (1, NOW - HOUR, "crm")


@pytest.mark.parametrize("value", [0, 0.0, "0", [0], {"a": None}, True])
def test_what_was_recorded_exists(value: Any) -> None:
    assert told(fact("x", "exists"), value).passed


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_an_empty_word_does_not_count_as_recorded(value: Any) -> None:
    assert told(fact("x", "exists"), value).verdict == "failed"


def test_a_fact_that_was_never_recorded_says_how_to_record_it() -> None:
    check = judge_fact(fact("size", ">=", 10), None, NOW)
    assert (check.verdict, check.n) == ("insufficient_data", 0)
    assert said(check) == "size is not recorded | record it: sojourn record CLIENT size=10"
    exists = judge_fact(fact("x", "exists"), None, NOW)
    assert exists.remedy.endswith("x=VALUE")


def test_an_old_fact_is_no_evidence() -> None:
    criterion = fact("signed", evidence=replace(metric().evidence, max_age=DAY))
    check = told(criterion, True, age=2 * DAY)
    assert check.verdict == "insufficient_data"
    assert said(check) == "signed was recorded 2d ago, older than 1d | record it again"
    assert told(criterion, True, age=DAY).passed
    at_once = replace(criterion, evidence=replace(criterion.evidence, max_age=timedelta(0)))
    assert told(at_once, True).verdict == "insufficient_data"


def test_a_waived_check_says_by_whom_until_when_and_what_it_would_have_been() -> None:
    check = judged(metric(), seen(0.7))
    open_ = waived(check, "ada", "known outlier", NOW + DAY)
    assert (open_.passed, open_.verdict, open_.remedy) == (True, "waived", "")
    assert open_.message == (
        "waived by ada until 2026-01-16 09:00: known outlier. "
        "Without it: search_precision is 0.7 (n=5), needed >= 0.8"
    )


# Properties

VALUES = st.none() | st.floats() | st.sampled_from([0.0, 0.5, 0.8, 1.0])
OBSERVATIONS = st.builds(
    Observation,
    value=VALUES,
    n=st.integers(0, 5),
    newest_at=st.none()
    | st.datetimes(T0.replace(tzinfo=None), NOW.replace(tzinfo=None)).map(
        lambda at: at.replace(tzinfo=T0.tzinfo)
    ),
    error=st.none() | st.just("down"),
    covered=st.timedeltas(timedelta(0), 10 * DAY),
    spread=VALUES,
    slope=VALUES,
    nonzero_at=st.none() | st.just(NOW - DAY),
    recent=st.lists(st.floats(), max_size=4).map(tuple),
    base=VALUES,
    base_n=st.integers(0, 5),
)
CRITERIA = st.builds(
    metric,
    operator=st.sampled_from([o.value for o in Operator]),
    aggregate=st.sampled_from(["latest", "mean", "min", "max", "sum"]),
    window=st.none() | st.just(4 * DAY),
    baseline=st.sampled_from([None, FIRST, PREVIOUS]),
    min_samples=st.integers(1, 4),
    max_age=st.none() | st.just(2 * DAY),
    coverage=st.none() | st.just(0.8),
    spread=st.none() | st.just(0.1),
    slope=st.none() | st.just(0.1),
    consecutive_passes=st.integers(1, 3),
)
HELD: st.SearchStrategy[JourneyState] = st.sampled_from(
    [state(), state(hold=Hold(NOW - HOUR, "x", "ines")), state(stage_started_at=NOW - DAY)]
)


@given(CRITERIA, OBSERVATIONS | st.none(), HELD)
def test_a_pass_rests_on_evidence_that_is_all_that_was_asked_for(
    criterion: Criterion, look: Observation | None, journey: JourneyState
) -> None:
    check = judge(criterion, look, journey, NOW)
    assert isinstance(check.verdict, Verdict)
    assert check.message
    if not check.passed:
        assert check.remedy
        return
    policy = criterion.evidence
    assert look is not None
    assert look.error is None
    assert look.n >= policy.min_samples
    assert check.holds
    if policy.max_age is not None:
        assert look.newest_at is not None
        assert NOW - look.newest_at <= policy.max_age
    if policy.coverage is not None:
        assert criterion.window is not None
        assert look.covered + timedelta(seconds=1) >= criterion.window * policy.coverage
    if criterion.baseline:
        assert look.base
        assert look.base_n >= criterion.baseline.min_samples
    for limit, found in ((policy.spread, look.spread), (policy.slope, look.slope)):
        assert limit is None or (found is not None and abs(found) <= limit)
    if policy.consecutive_passes > 1:
        assert len(look.recent) >= policy.consecutive_passes


@given(CRITERIA, OBSERVATIONS, HELD)
def test_an_error_or_an_empty_window_never_passes(
    criterion: Criterion, look: Observation, journey: JourneyState
) -> None:
    assert judge(criterion, replace(look, error="down"), journey, NOW).verdict == "error"
    assert judge(criterion, replace(look, n=0, error=None), journey, NOW).verdict == (
        "insufficient_data"
    )
    assert not judge(criterion, None, journey, NOW).passed


@given(CRITERIA, OBSERVATIONS, st.timedeltas(timedelta(0), 30 * DAY))
def test_a_pass_does_not_outlive_its_evidence(
    criterion: Criterion, look: Observation, later: timedelta
) -> None:
    aged = replace(criterion, evidence=replace(criterion.evidence, max_age=DAY))
    if judge(aged, look, state(), NOW).passed and look.newest_at:
        again = judge(aged, look, state(), NOW + later)
        assert again.passed == (NOW + later - look.newest_at <= DAY)


@given(CRITERIA, OBSERVATIONS, HELD)
def test_a_date_is_never_in_the_past_and_none_is_given_while_held(
    criterion: Criterion, look: Observation, journey: JourneyState
) -> None:
    check = judge(criterion, look, journey, NOW)
    if check.possible_at is not None:
        assert check.possible_at >= NOW
        assert journey.hold is None
        assert not check.passed
