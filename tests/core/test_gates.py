from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.approvals import fingerprint
from sojourn.core.criteria import (
    Baseline,
    BaselineKind,
    Criterion,
    Observation,
    Observe,
    Operator,
    ValidationResult,
    Verdict,
)
from sojourn.core.decide import decide
from sojourn.core.gates import (
    ROLLBACK_CHECKS,
    UNDONE,
    ExitCriteriaValidator,
    Faced,
    door,
    evaluate,
    faced,
    gate_of,
    place_of,
    readings,
    soak_key,
    trigger_criteria,
    wave_criteria,
)
from sojourn.core.journeys import Hold, Interval, JourneyState, Soak
from sojourn.core.paths import (
    Action,
    Gate,
    Path,
    RollbackPolicy,
    RollbackTrigger,
    Rollout,
    Trigger,
    Wave,
)
from sojourn.core.rollout import gather
from sojourn.core.snapshot import Answer, Fact, Ruling, Snapshot
from tests.core.scenes import (
    DAY,
    HOUR,
    JOURNEY,
    MINUTE,
    NOW,
    T0,
    approval,
    fact,
    metric,
    path,
    progress,
    rollout,
    seen,
    shot,
    soak,
    stage,
    state,
    unit_plan,
    work,
)

PRECISION = metric()
KEY = "sandbox/exit/search_precision"


def at_door(at: Snapshot, now: datetime = NOW) -> ValidationResult:
    return evaluate(door(at.path, at.state), at, now)


def verdicts(at: Snapshot, now: datetime = NOW) -> dict[str, str]:
    return {c.name: str(c.verdict) for c in at_door(at, now).checks}


# What a journey faces

WAVES = Rollout(
    (Wave(10, DAY, (metric("p95", "<=", 500),)), Wave(100)), unit_plan("rollout", "enable")
)
TRIGGER = Trigger(RollbackTrigger.CRITICAL_BUG, metric("bugs", ">", 0), Action.ROLLBACK)
LONG = path(
    stage("sandbox", [PRECISION], entry=[fact("signed")], triggers=(TRIGGER,)),
    stage("pilot", [metric("satisfaction")], entry=[fact("cohort")]),
    stage(
        "production", [rollout()], rollout=WAVES, success=(metric("adoption"),),
    ),
    rollback=RollbackPolicy(checks=Gate((metric("errors", "==", 0),), waiver_roles=("admin",))),
)  # fmt: skip


def keys(every: tuple[Faced, ...]) -> list[str]:
    return [f.key for f in every]


@pytest.mark.parametrize(
    ("changes", "expected", "place"),
    [
        ({"admitted_at": None}, ["sandbox/entry/signed"], "sandbox/entry"),
        ({}, [KEY, "pilot/entry/cohort"], "sandbox/exit"),
        ({"current_stage": "pilot"}, ["pilot/exit/satisfaction"], "pilot/exit"),
        ({"current_stage": "production"}, ["production/exit/rollout"], "production/exit"),
        (
            {"current_stage": "rollback", "admitted_at": None},
            ["rollback/checks/undone", "rollback/checks/errors"], ROLLBACK_CHECKS,
        ),
        ({"current_stage": "completed", "admitted_at": None}, [], "completed/entry"),
        ({"current_stage": "cancelled", "admitted_at": None}, [], "cancelled/entry"),
    ],
)  # fmt: skip
def test_a_journey_faces_what_keeps_it_from_its_next_move(
    changes: dict[str, Any], expected: list[str], place: str
) -> None:
    journey = state(**changes)
    assert keys(door(LONG, journey)) == expected
    assert place_of(journey) == place


def test_the_gate_s_own_mode_and_roles_apply_at_its_door() -> None:
    first = LONG.stages[0]
    assert gate_of(LONG, state()) is first.exit
    assert gate_of(LONG, state(admitted_at=None)) is first.entry
    assert gate_of(LONG, state(current_stage="rollback")).waiver_roles == ("admin",)


def test_waves_and_triggers_are_looked_at_where_they_belong() -> None:
    in_wave = state(current_stage="production", wave=1)
    assert keys(wave_criteria(LONG, in_wave)) == ["production/wave-1/p95"]
    assert wave_criteria(LONG, replace(in_wave, wave=2)) == ()
    one_wave = replace(LONG.stages[2], rollout=replace(WAVES, waves=WAVES.waves[:1]))
    assert wave_criteria(path(one_wave), in_wave) != ()
    assert wave_criteria(path(one_wave), replace(in_wave, wave=0)) == ()
    assert wave_criteria(LONG, state()) == ()
    assert keys(trigger_criteria(LONG, state())) == ["sandbox/trigger/bugs"]
    assert trigger_criteria(LONG, state(admitted_at=None)) == ()
    assert trigger_criteria(LONG, state(current_stage="rollback")) == ()
    assert keys(faced(LONG, state())) == [KEY, "pilot/entry/cohort", "sandbox/trigger/bugs"]


def test_only_metrics_have_to_be_observed() -> None:
    every = (
        *faced(LONG, state()),
        Faced("sandbox/exit", approval()),
        Faced("sandbox/exit", work()),
    )
    found = readings(every, state(), NOW)
    assert [r.key for r in found] == [KEY, "sandbox/trigger/bugs"]
    assert {r.journey_id for r in found} == {JOURNEY}


# Trap 1: nothing asked, nothing seen, nothing finished: never passed.


def test_trap_1_a_gate_without_criteria_never_opens() -> None:
    empty = shot(path=path(stage("sandbox"), stage("pilot", entry=[fact("cohort")])))
    ready = replace(empty, facts={"cohort": Fact(True, T0)})
    for at in (empty, ready):
        result = at_door(at)
        assert (result.passed, result.verdict) == (False, "insufficient_data")
        assert "a gate without criteria never opens" in result.summary
        assert decide(at, NOW).state.current_stage == "sandbox"


def test_trap_1_no_samples_no_work_no_units_no_facts_are_not_a_pass() -> None:
    at = shot(PRECISION, fact("signed"), work(), approval(), soak(DAY), rollout())
    assert verdicts(at) == {
        "search_precision": "insufficient_data", "signed": "insufficient_data",
        "work": "insufficient_data", "sign_off": "pending", "soak": "pending",
        "rollout": "pending",
    }  # fmt: skip


def test_trap_1_an_evaluation_that_is_cut_short_is_an_error_and_not_a_pass() -> None:
    class CutError(Exception):
        pass

    class Cut(dict[str, Observation]):
        def get(self, *_: object) -> Any:
            raise CutError

    with pytest.raises(CutError):
        at_door(shot(fact("signed"), PRECISION, facts={"signed": Fact(True, T0)}, seen=Cut()))


def test_trap_1_a_rollback_without_checks_is_still_validated_by_its_undo() -> None:
    rolling = state(current_stage="rollback", admitted_at=None, visit=2)
    plan = path(stage("sandbox", [PRECISION]))
    assert door(plan, rolling) == (Faced(ROLLBACK_CHECKS, UNDONE),)
    undo = progress("rollback-2", "running", purpose="rollback", visit=2)
    at = shot(path=plan, state=rolling, units=(undo,))
    assert verdicts(at) == {"undone": "pending"}
    done = replace(undo, status=type(undo.status).COMPLETED)
    assert at_door(replace(at, units=(done,))).passed


# Trap 2: stale evidence is not evidence, and nothing latches.


def test_trap_2_stale_evidence_is_not_evidence() -> None:
    at = shot(metric(max_age=2 * HOUR), seen={KEY: seen(0.9, age=HOUR)})
    assert at_door(at).passed
    assert verdicts(at, NOW + 2 * HOUR) == {"search_precision": "insufficient_data"}


def test_trap_2_a_pass_is_void_as_soon_as_newer_evidence_contradicts_it() -> None:
    manual = Gate((PRECISION, approval()))
    plan = path(stage("sandbox", manual))
    saw = {"search_precision": "passed"}
    said = Ruling(
        "sign_off", Answer.APPROVE, "ada", ("approver",), NOW, 1, evidence=saw,
        evidence_hash=fingerprint("d1", 1, saw),
    )  # fmt: skip
    good = shot(path=plan, seen={KEY: seen(0.9)}, rulings=(said,))
    assert at_door(good).passed
    bad = replace(good, seen={KEY: seen(0.7)})
    assert verdicts(bad) == {"search_precision": "failed", "sign_off": "pending"}
    assert at_door(good).passed


def test_trap_2_work_rollout_and_facts_do_not_latch_either() -> None:
    done = progress("setup", "completed", completed=1)
    at = shot(work(), fact("signed"), units=(done,), facts={"signed": Fact(True, T0)})
    assert at_door(at).passed
    failed = replace(done, status=type(done.status).FAILED)
    assert not at_door(replace(at, units=(failed,))).passed
    assert not at_door(replace(at, facts={"signed": Fact(False, NOW)})).passed


# Trap 3: relative to nothing.


@pytest.mark.parametrize("kind", BaselineKind)
@pytest.mark.parametrize("base", [None, 0.0])
def test_trap_3_a_relative_criterion_without_a_baseline_is_insufficient_data(
    kind: BaselineKind, base: float | None
) -> None:
    slower = metric("p95", "<=", 0.2, baseline=Baseline(kind, 2 * DAY))
    at = shot(slower, seen={"sandbox/exit/p95": seen(1.0, base=base, base_n=9)})
    assert verdicts(at) == {"p95": "insufficient_data"}


# Trap 4: an error of a source.


def test_trap_4_an_error_of_a_source_never_passes_a_gate_and_raises_an_alert() -> None:
    at = shot(PRECISION, seen={KEY: seen(0.9, error="503")})
    assert verdicts(at) == {"search_precision": "error"}
    decision = decide(at, NOW)
    assert decision.state.current_stage == "sandbox"
    assert [(a.kind, a.subject) for a in decision.raised] == [("source_error", "search_precision")]


def test_trap_4_an_error_of_a_source_never_rolls_back_but_raises_an_alert() -> None:
    plan = path(stage("sandbox", [PRECISION], triggers=(TRIGGER,)))
    down = seen(3.0, error="tracker is down")
    decision = decide(shot(path=plan, seen={"sandbox/trigger/bugs": down}), NOW)
    assert decision.state.current_stage == "sandbox"
    assert [(a.kind, a.subject) for a in decision.raised] == [("source_error", "bugs")]
    up = decide(shot(path=plan, seen={"sandbox/trigger/bugs": seen(3.0)}), NOW)
    assert up.state.current_stage == "rollback"


# Trap 5: waivers. (Approvals have tests of their own.)


def waived(name: str = "search_precision", until: datetime | None = NOW + DAY) -> Ruling:
    return Ruling(
        name, Answer.WAIVE, "ada", ("approver",), NOW - DAY, 1, "known outlier", until
    )  # fmt: skip


def test_trap_5_a_waiver_opens_for_its_time_and_its_visit_only() -> None:
    at = shot(PRECISION, seen={KEY: seen(0.7)}, rulings=(waived(),))
    assert verdicts(at) == {"search_precision": "waived"}
    assert verdicts(at, NOW + DAY) == {"search_precision": "failed"}
    later = replace(at, state=replace(at.state, visit=2))
    assert verdicts(later) == {"search_precision": "failed"}


def test_trap_5_a_waiver_without_an_end_is_none() -> None:
    at = shot(PRECISION, seen={KEY: seen(0.7)}, rulings=(waived(until=None),))
    assert verdicts(at) == {"search_precision": "failed"}


def test_trap_5_what_holds_is_passed_and_not_waived() -> None:
    at = shot(PRECISION, seen={KEY: seen(0.9)}, rulings=(waived(),))
    assert verdicts(at) == {"search_precision": "passed"}


def test_trap_5_approvals_of_an_earlier_visit_open_nothing() -> None:
    said = Ruling("sign_off", Answer.APPROVE, "ada", ("approver",), T0, 1)
    at = shot(approval(), rulings=(said,))
    assert at_door(at).passed
    assert not at_door(replace(at, state=replace(at.state, visit=2))).passed


# Trap 6: soak counts healthy time only.


def test_trap_6_a_soak_passes_on_healthy_time_gathered_at_this_visit() -> None:
    key = soak_key("sandbox/exit", state())
    for healthy, good in ((DAY, True), (DAY - MINUTE, False)):
        at = shot(soak(DAY), state=state(soak=Soak(key, healthy, NOW, good=True)))
        assert at_door(at).passed == good
    other = shot(soak(DAY), state=state(soak=Soak("sandbox/exit@9", 9 * DAY, NOW, good=True)))
    assert verdicts(other) == {"soak": "pending"}


def test_trap_6_a_soak_says_when_it_could_be_over_only_while_it_counts() -> None:
    key = soak_key("sandbox/exit", state())

    def check(good: bool = True, **changes: Any) -> Any:
        at = shot(soak(DAY), state=state(soak=Soak(key, HOUR, NOW, good), **changes))
        return at_door(at).checks[0]

    assert check().possible_at == NOW + 23 * HOUR
    assert check().message == "1h healthy, needed 1d"
    assert check().remedy == "23h more of healthy time"
    assert check(good=False).possible_at is None
    assert check(hold=Hold(NOW, "x", "ines")).possible_at is None
    assert at_door(shot(soak(DAY))).checks[0].possible_at is None


LOOKS = st.lists(
    st.tuples(st.timedeltas(timedelta(0), 8 * HOUR), st.booleans(), st.booleans()), max_size=12
)


@given(LOOKS)
def test_trap_6_healthy_time_is_never_more_than_the_time_that_was_seen_healthy(
    looks: list[tuple[timedelta, bool, bool]],
) -> None:
    journey, now, most = state(), T0, timedelta(0)
    was_good = False
    for wait, good, _ in looks:
        now += wait
        most += wait if good and was_good else timedelta(0)
        journey = gather(journey, "k", good, now)
        was_good = good
        assert journey.soak is not None
        assert timedelta(0) <= journey.soak.healthy <= most


@given(LOOKS, st.integers(0, 11), st.timedeltas(timedelta(0), 5 * DAY))
def test_trap_6_more_held_time_never_makes_a_soak_pass_sooner(
    looks: list[tuple[timedelta, bool, bool]], place: int, held: timedelta
) -> None:
    def gathered(extra: timedelta) -> timedelta:
        journey, now = state(), T0
        for index, (wait, good, _) in enumerate(looks):
            if index == place:
                held_until = now + extra
                journey = replace(journey, holds=(Interval(now, held_until),))
                now = held_until
            now += wait
            journey = gather(journey, "k", good, now)
        return journey.soak.healthy if journey.soak else timedelta(0)

    assert gathered(held) == gathered(timedelta(0))


@given(st.timedeltas(timedelta(0), 5 * DAY), st.timedeltas(timedelta(0), 8 * DAY))
def test_trap_6_more_held_time_never_makes_coverage_pass_sooner(
    held: timedelta, covered: timedelta
) -> None:
    criterion = metric(window=4 * DAY, coverage=0.9, every=HOUR)
    key = {KEY: seen(0.9, covered=covered)}
    plain = at_door(shot(criterion, seen=key)).checks[0]
    paused = state(holds=(Interval(NOW - held, NOW),))
    later = at_door(shot(criterion, seen=key, state=paused)).checks[0]
    assert later.passed == plain.passed
    assert later.possible_at == plain.possible_at


# Trap 7: all criteria are evaluated, always, each explained.

EVERYTHING = (
    PRECISION, fact("signed"), fact("size", ">=", 10), work(), soak(DAY), rollout(), approval(),
    metric("satisfaction", ">=", 4.0, min_samples=20),
)  # fmt: skip


def test_trap_7_every_criterion_is_judged_in_order_and_explained() -> None:
    at = shot(
        *EVERYTHING,
        seen={KEY: seen(0.7), "sandbox/exit/satisfaction": seen(4.4, n=3)},
        facts={"signed": Fact(False, T0), "size": Fact("many", T0)},
        units=(progress("setup", "failed", failed=1, live=0),),
    )
    result = at_door(at)
    assert [c.name for c in result.checks] == [c.name for c in EVERYTHING]
    assert [str(c.verdict) for c in result.checks] == [
        "failed", "failed", "error", "failed", "pending", "pending", "pending",
        "insufficient_data",
    ]  # fmt: skip
    assert all(c.message and c.remedy for c in result.checks)
    assert result.summary.startswith("0 of 8 checks hold: search_precision failed")
    assert [c.verdict for c in result.failing][:4] == ["failed", "failed", "failed", "error"]


def test_trap_7_two_criteria_of_one_name_are_both_judged() -> None:
    bad, good = metric("a", ">=", 0.9, subject="x"), metric("a", ">=", 0.1, subject="x")
    for pair in ((bad, good), (good, bad)):
        at = shot(*pair, seen={"sandbox/exit/a": seen(0.5)})
        assert not at_door(at).passed
        assert len(at_door(at).checks) == 2


# Work and rollout


@pytest.mark.parametrize(
    ("units", "verdict", "message"),
    [
        ((), "insufficient_data", "no work is planned"),
        (
            (progress("a"), progress("b", "completed")),
            "pending",
            "1 of 2 units of work done; open: a",
        ),
        ((progress("a", "failed"),), "failed", "0 of 1 units of work done; failed: a"),
        ((progress("a", "completed"),), "passed", "1 of 1 units of work done"),
        ((progress("a", runs=1),), "passed", "1 of 1 units of work done"),
        ((progress("a", "completed"), progress("b", required=False)), "passed", "1 of 1 units"),
        ((progress("a", required=False),), "insufficient_data", "no work is planned"),
        ((progress("a", "completed", visit=9),), "insufficient_data", "no work is planned"),
        ((progress("a", "completed", purpose="rollback"),), "insufficient_data", "no work"),
    ],
)
def test_work_is_what_is_required_of_the_present_visit(
    units: Any, verdict: str, message: str
) -> None:
    check = at_door(shot(work(), units=units)).checks[0]
    assert check.verdict == verdict
    assert check.message.startswith(message)
    assert bool(check.remedy) != check.passed


def test_undone_passes_when_there_is_nothing_to_undo() -> None:
    rolling = state(current_stage="rollback", admitted_at=None)
    check = at_door(shot(state=rolling, path=path(stage("sandbox", [PRECISION])))).checks[0]
    assert (check.verdict, check.message) == ("passed", "nothing to undo")


def in_production(**changes: Any) -> Snapshot:
    units = changes.pop("units", ())
    looks = changes.pop("seen", {})
    journey = state(**{"current_stage": "production", "wave": 1} | changes)
    return shot(path=LONG, state=journey, units=units, seen=looks)


def test_a_rollout_says_what_its_present_wave_waits_for() -> None:
    served = progress("rollout-10", "completed", wave=1)
    p95 = "production/wave-1/p95"
    cases: list[tuple[Snapshot, str, str]] = [
        (in_production(), "wave 1 is being served", "agent"),
        (in_production(units=(served,), seen={p95: seen(900.0)}), "wave 1 waits: p95 is 900", "op"),
        (in_production(units=(served,), seen={p95: seen(400.0)}), "wave 1 soaks", "soak"),
    ]
    for at, text, ball in cases:
        check = at_door(at).checks[0]
        assert check.verdict == "pending"
        assert text in check.message
        assert check.ball.startswith(ball)
    assert at_door(in_production(rollout_percent=100)).passed
    exactly = replace(rollout(50), operator=Operator.EQ)
    for served_, passed in ((10, False), (50, True), (100, False)):
        assert at_door(shot(exactly, state=state(rollout_percent=served_))).passed == passed


# Properties: a gate opens only when every check does, and asking more never opens it.

ANY: st.SearchStrategy[Criterion] = st.sampled_from(
    [
        PRECISION, metric("bugs", "==", 0), fact("signed"), fact("size", ">=", 10), work(),
        soak(DAY), rollout(50), approval(), approval("other", 2),
        metric("p95", "<=", 0.2, baseline=Baseline(BaselineKind.FIRST, DAY)),
        metric("old", max_age=HOUR), metric("covered", window=DAY, coverage=0.9, every=HOUR),
    ]
)  # fmt: skip
NAMES = ("search_precision", "bugs", "signed", "size", "p95", "old", "covered", "sign_off", "other")


@st.composite
def shots(draw: st.DrawFn, criteria: tuple[Criterion, ...]) -> Snapshot:
    """Return any evidence for criteria, good or bad."""
    looks = {
        f"sandbox/exit/{c.name}": draw(
            st.sampled_from([
                seen(0.9), seen(0.1), seen(0.0, base=1.0, base_n=3), seen(None, n=0),
                seen(0.9, error="x"), seen(0.9, age=5 * HOUR, covered=DAY),
            ])
        )
        for c in criteria
        if c.observe == Observe.METRIC and draw(st.booleans())
    }  # fmt: skip
    facts = {
        name: Fact(draw(st.sampled_from([True, False, 12, "x", None])), T0)
        for name in ("signed", "size")
        if draw(st.booleans())
    }
    said = draw(
        st.lists(
            st.builds(
                Ruling,
                st.sampled_from(NAMES),
                st.sampled_from(Answer),
                st.sampled_from(["ada", "bo"]),
                st.sampled_from([("approver",), ()]),
                st.just(NOW),
                st.sampled_from([1, 2]),
                expires_at=st.sampled_from([None, NOW - DAY, NOW + DAY]),
            ),
            max_size=4,
        )
    )
    units = draw(st.sampled_from([(), (progress("a"),), (progress("a", "completed"),)]))
    soaked = draw(st.sampled_from([None, Soak("sandbox/exit@1", DAY, NOW, good=True)]))
    journey: JourneyState = state(soak=soaked, rollout_percent=draw(st.sampled_from([0, 50])))
    return shot(*criteria, state=journey, seen=looks, facts=facts, rulings=tuple(said), units=units)


@given(st.lists(ANY, max_size=5).map(tuple).flatmap(shots))
def test_a_gate_is_open_only_when_every_check_is_passed_or_waived(at: Snapshot) -> None:
    result = at_door(at)
    assert len(result.checks) == len(at.path.stages[0].exit.criteria)
    assert result.passed == (
        bool(result.checks)
        and all(c.verdict in (Verdict.PASSED, Verdict.WAIVED) for c in result.checks)
    )
    assert all(c.message for c in result.checks)
    assert all(bool(c.remedy) for c in result.failing)
    decision = decide(at, NOW)
    assert (decision.state.current_stage == "completed") <= result.passed


@given(st.data())
def test_asking_for_more_never_opens_a_gate(data: st.DataObject) -> None:
    criteria = tuple(data.draw(st.lists(ANY, max_size=4)))
    at = data.draw(shots(criteria))
    place = data.draw(st.integers(0, len(criteria)))
    more = (*criteria[:place], data.draw(ANY), *criteria[place:])
    wider = replace(at, path=path(stage("sandbox", more)))
    if criteria and not at_door(at).passed:
        assert not at_door(wider).passed


# The specification's validator


def test_the_specification_s_validator_judges_the_exit_of_its_stage() -> None:
    saw = {"search_precision": "passed", "cohort": "passed"}
    said = Ruling("sign_off", Answer.APPROVE, "ada", ("approver",), NOW, 1, evidence=saw)
    plan: Path = path(
        stage("sandbox", [PRECISION, approval()]),
        stage("pilot", [metric("satisfaction")], entry=[fact("cohort")]),
    )
    at = shot(path=plan, seen={KEY: seen(0.9)}, rulings=(said,), facts={"cohort": Fact(True, T0)})
    validator = ExitCriteriaValidator({"j": at}, NOW)
    result = validator.validate_sandbox_exit("j")
    assert [(c.name, c.passed) for c in result.checks] == [
        ("search_precision", True), ("sign_off", True),
    ]  # fmt: skip
    assert result.passed
    assert result == validator.validate_exit("j", "sandbox")
    assert validator.validate_door("j").summary == "3 of 3 checks hold"
    assert not validator.validate_pilot_exit("j").passed
    assert validator.aggregate_results(result.checks) == result
    with pytest.raises(KeyError):
        validator.validate_sandbox_exit("nobody")
    with pytest.raises(KeyError):
        validator.validate_exit("j", "nowhere")
