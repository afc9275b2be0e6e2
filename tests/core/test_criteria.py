from dataclasses import fields, replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.criteria import (
    SEVERITY,
    STAGE_METRICS,
    CriteriaCheck,
    Operator,
    ValidationResult,
    Verdict,
    aggregate_results,
    summarize,
    verdict_of,
    words,
    worst,
)

VERDICTS = st.sampled_from(Verdict)


def made(verdict: Verdict, name: str = "c") -> CriteriaCheck:
    return CriteriaCheck(name, verdict.opens, 1, ">= 1", "m", verdict)


def test_results_have_the_specification_s_fields_first() -> None:
    assert [f.name for f in fields(CriteriaCheck)][:5] == [
        "name", "passed", "actual_value", "expected_value", "message",
    ]  # fmt: skip
    assert [f.name for f in fields(ValidationResult)][:3] == ["passed", "checks", "summary"]


def test_there_are_six_verdicts_and_only_two_open_a_gate() -> None:
    assert [*Verdict] == ["passed", "failed", "insufficient_data", "error", "pending", "waived"]
    assert [v for v in Verdict if v.opens] == ["passed", "waived"]


def test_severity_is_failed_error_insufficient_pending_passed() -> None:
    assert SEVERITY[:5] == ("failed", "error", "insufficient_data", "pending", "passed")
    assert set(SEVERITY) == set(Verdict)
    for one, other in product(Verdict, Verdict):
        assert worst([one, other]) == min(one, other, key=SEVERITY.index)


@given(st.lists(VERDICTS))
def test_the_worst_check_decides_and_none_is_never_a_pass(verdicts: list[Verdict]) -> None:
    result = aggregate_results(made(v, f"c{i}") for i, v in enumerate(verdicts))
    assert result.passed == (bool(verdicts) and all(v.opens for v in verdicts))
    assert result.verdict == (
        min(verdicts, key=SEVERITY.index) if verdicts else Verdict.INSUFFICIENT_DATA
    )
    assert [verdict_of(c) for c in result.checks] == verdicts
    ranks = [SEVERITY.index(verdict_of(c)) for c in result.failing]
    assert ranks == sorted(ranks)
    assert len(result.failing) == sum(not v.opens for v in verdicts)


@given(st.lists(VERDICTS), VERDICTS, st.integers(0, 10))
def test_another_check_never_makes_a_result_better(
    verdicts: list[Verdict], extra: Verdict, place: int
) -> None:
    before = worst(verdicts)
    after = worst([*verdicts[:place], extra, *verdicts[place:]])
    if verdicts:
        assert SEVERITY.index(after) <= SEVERITY.index(before)
    if not extra.opens:
        assert not after.opens


def test_a_gate_of_waivers_only_is_waived_and_one_pass_makes_it_passed() -> None:
    assert worst([Verdict.WAIVED]) == "waived"
    assert worst([Verdict.WAIVED, Verdict.PASSED]) == "passed"


def test_a_summary_counts_and_names() -> None:
    checks = (made(Verdict.PASSED, "a"), made(Verdict.INSUFFICIENT_DATA, "b"))
    assert summarize(checks) == "1 of 2 checks hold: b insufficient data"
    assert summarize(checks[:1]) == "1 of 1 checks hold"
    assert summarize(()) == "no criteria: a gate without criteria never opens"
    assert words(Verdict.INSUFFICIENT_DATA) == "insufficient data"


def test_checks_and_results_made_by_hand_get_the_verdict_that_follows() -> None:
    assert CriteriaCheck("a", True, 1, 1, "").verdict == "passed"
    assert CriteriaCheck("a", False, 1, 1, "").verdict == "failed"
    assert ValidationResult(True, (), "").verdict == "passed"
    assert ValidationResult(False, (), "").verdict == "failed"


def test_passed_and_verdict_cannot_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="passed=True but pending"):
        CriteriaCheck("a", True, 1, 1, "", Verdict.PENDING)
    with pytest.raises(ValueError, match="passed=False but passed"):
        replace(made(Verdict.PASSED), passed=False)
    with pytest.raises(ValueError, match="passed=True but failed"):
        ValidationResult(True, (), "", Verdict.FAILED)


def test_the_metrics_of_stages_are_the_specification_s() -> None:
    flat = {
        (stage, name): (Operator(rule["operator"]).value, rule["threshold"])
        for stage, rules in STAGE_METRICS.items()
        for name, rule in rules.items()
    }
    assert flat == {
        ("sandbox", "connector_sync_rate"): (">=", 1.0),
        ("sandbox", "search_precision"): (">=", 0.80),
        ("sandbox", "security_vulnerabilities"): ("==", 0),
        ("pilot", "search_precision"): (">=", 0.85),
        ("pilot", "user_satisfaction"): (">=", 4.0),
        ("pilot", "bug_count"): ("==", 0),
        ("pilot", "p95_latency_ms"): ("<=", 500),
        ("production", "user_adoption"): (">=", 0.70),
        ("production", "search_satisfaction"): (">=", 4.5),
        ("production", "query_volume_growth"): (">=", 0.20),
    }
