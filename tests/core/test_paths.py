from dataclasses import replace

import pytest

from sojourn.core.criteria import Observe
from sojourn.core.paths import (
    Action,
    AfterRollback,
    Gate,
    Mode,
    RollbackPolicy,
    RollbackTrigger,
    criteria_of,
    subjects,
)
from sojourn.core.stages import TRANSITIONS, transition_table
from tests.core.scenes import fact, metric, path, small, stage


def test_the_triggers_are_the_specification_s_seven() -> None:
    assert [*RollbackTrigger] == [
        "security_vulnerability", "data_quality_low", "user_satisfaction_low", "critical_bug",
        "performance_degradation", "major_incident", "client_request",
    ]  # fmt: skip
    assert [*Action] == ["rollback", "hold", "alert"]
    assert [*Mode] == ["auto", "manual"]
    assert [*AfterRollback] == ["resume", "hold", "cancel"]


def test_stages_are_found_by_name_and_follow_each_other() -> None:
    plan = small()
    assert plan.names == ("sandbox", "pilot", "production")
    assert plan.stage("pilot") is plan.stages[1]
    assert plan.has("production")
    assert not plan.has("compliance")
    with pytest.raises(KeyError, match="compliance"):
        plan.stage("compliance")
    after = plan.following("sandbox")
    assert after is not None
    assert after.name == "pilot"
    assert plan.following("production") is None


def test_the_standard_stages_make_the_specification_s_table() -> None:
    assert small().table == TRANSITIONS
    assert path(stage("a"), stage("b")).table == transition_table(["a", "b"])


def test_every_criterion_is_listed_with_its_place() -> None:
    plan = small()
    assert [(place, c.name) for place, c in criteria_of(plan.stages[1])] == [
        ("entry", "cohort"), ("exit", "work"), ("exit", "bugs"),
        ("trigger", "bugs"), ("trigger", "leaks"), ("trigger", "pause_requested"),
    ]  # fmt: skip
    last = replace(plan.stages[2], success=(metric("adoption"),))
    assert [place for place, _ in criteria_of(last)] == [
        "exit", "exit", "exit", "wave-1", "wave-2", "wave-3", "trigger", "trigger", "success",
    ]  # fmt: skip


def test_what_is_looked_at_is_gathered_from_everywhere() -> None:
    checks = Gate((metric("errors"), fact("calm")))
    plan = replace(small(), rollback=RollbackPolicy(checks=checks))
    assert subjects(plan, Observe.METRIC) == {
        "precision", "bugs", "leaks", "p95", "incidents", "errors",
    }  # fmt: skip
    assert subjects(plan, Observe.FACT) == {"signed", "cohort", "pause_requested", "calm"}
    assert subjects(plan, Observe.SOAK) == {"soak"}


def test_a_path_s_usual_policy_resumes_three_times() -> None:
    policy = RollbackPolicy()
    assert (policy.after, policy.max_rollbacks, policy.checks) == ("resume", 3, Gate())
