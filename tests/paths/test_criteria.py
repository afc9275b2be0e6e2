from datetime import timedelta
from typing import Any

import pytest

from sojourn.core.criteria import (
    Aggregate,
    ApprovalRule,
    Baseline,
    BaselineKind,
    Criterion,
    Evidence,
    Observe,
    Operator,
    Since,
)
from sojourn.paths import load
from sojourn.paths.criteria import KINDS, default_condition, kind_of, tag

DAY = timedelta(days=1)


def criterion(text: str, stage: str = "pilot") -> Criterion:
    """Return the criterion that a text describes in an exit gate."""
    rollout = "{waves: [{percent: 100}], unit: {name: r, tasks: [{name: t, agent: a}]}}"
    stages = f"[{{name: {stage}, exit: {{criteria: [{text}]}}, rollout: {rollout}}}]"
    return load(f"name: demo\nstages: {stages}").stages[0].exit.criteria[0]


def test_a_metric_may_ask_all_of_its_evidence() -> None:
    text = """{metric: m, name: n, title: A title, ball: client, is: "> +5%", aggregate: p95,
      window: 7d, since: journey, baseline: {kind: previous, window: 30d, min_samples: 3},
      min_samples: 20, max_age: 12h, coverage: 0.95, every: 8h, spread: 0.1, slope: 0.01}"""
    assert criterion(text) == Criterion(
        "n",
        Observe.METRIC,
        "m",
        Operator.GT,
        0.05,
        Aggregate.P95,
        7 * DAY,
        Since.JOURNEY,
        Baseline(BaselineKind.PREVIOUS, 30 * DAY, 3),
        Evidence(20, DAY / 2, 0.95, DAY / 3, 0.1, 0.01),
        None,
        "A title",
        "client",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{metric: m, is: 0}", Criterion("m", Observe.METRIC, "m", Operator.EQ, 0)),
        ("{fact: f}", Criterion("f", Observe.FACT, "f", Operator.EQ, True)),
        ("{fact: f, is: eu}", Criterion("f", Observe.FACT, "f", Operator.EQ, "eu")),
        ("{fact: f, is: exists}", Criterion("f", Observe.FACT, "f", Operator.EXISTS, True)),
        (
            "{fact: f, is: '>= 10', max_age: 1d}",
            Criterion("f", Observe.FACT, "f", Operator.GE, 10, evidence=Evidence(max_age=DAY)),
        ),
        (
            "{approval: demo}",
            Criterion("demo", Observe.APPROVAL, "demo", approval=ApprovalRule(), ball="approver"),
        ),
        (
            "{approval: demo, roles: [a, b], quorum: 2, expires: 1d}",
            Criterion(
                "demo",
                Observe.APPROVAL,
                "demo",
                approval=ApprovalRule(("a", "b"), 2, DAY),
                ball="approver",
            ),
        ),
        ("{work: required}", Criterion("work", Observe.WORK, "required", ball="agent")),
        ("{soak: 2d}", Criterion("soak", Observe.SOAK, "soak", Operator.GE, 2 * DAY)),
        (
            "{rollout: 50}",
            Criterion("rollout", Observe.ROLLOUT, "rollout", Operator.GE, 50, ball="agent"),
        ),
    ],
)
def test_each_kind_has_its_key(text: str, expected: Criterion) -> None:
    assert criterion(text) == expected


@pytest.mark.parametrize(
    ("stage", "text", "operator", "threshold"),
    [
        ("sandbox", "{metric: search_precision}", Operator.GE, 0.80),
        ("pilot", "{metric: search_precision}", Operator.GE, 0.85),
        ("pilot", "{metric: search_precision, is: '> 0.9'}", Operator.GT, 0.9),
        ("pilot", "{metric: search_precision, name: other}", Operator.GE, 0.85),
        ("production", "{metric: query_volume, name: query_volume_growth}", Operator.GE, 0.20),
    ],
)
def test_a_metric_of_the_specification_brings_its_threshold(
    stage: str, text: str, operator: Operator, threshold: float
) -> None:
    found = criterion(text, stage)
    assert (found.operator, found.threshold) == (operator, threshold)


def test_other_stages_and_metrics_have_no_default() -> None:
    assert default_condition("search_precision", None, "compliance") is None
    assert default_condition("search_precision", None, None) is None
    assert default_condition("other", "another", "pilot") is None


def test_a_trigger_is_called_by_its_kind_and_takes_no_default() -> None:
    text = "triggers: [{kind: critical_bug, when: {metric: bug_count, is: '> 0'}}]"
    stage = f"{{name: pilot, exit: {{criteria: [{{fact: f}}]}}, {text}}}"
    (trigger,) = load(f"name: demo\nstages: [{stage}]").stages[0].triggers
    assert trigger.criterion.name == "critical_bug"
    assert (trigger.criterion.operator, trigger.criterion.threshold) == (Operator.GT, 0)


@pytest.mark.parametrize(
    ("value", "kind"),
    [*(({key: 1}, tag(key)) for key in KINDS), ({"x": 1}, None), ([], None), (None, None)],
)
def test_a_key_tells_the_kind(value: Any, kind: str | None) -> None:
    assert kind_of(value) == kind
