from datetime import timedelta
from typing import Any

import pytest

from sojourn.core.criteria import ApprovalRule, Criterion, Observe
from sojourn.core.paths import Gate, Mode, StagePlan, TaskPlan, UnitPlan, Wave
from sojourn.core.work import Purpose, Undo
from sojourn.paths import load, words

DAY = timedelta(days=1)


def criterion(text: str) -> Criterion:
    """Return the criterion of a text."""
    rollout = "{waves: [{percent: 100}], unit: {name: r, tasks: [{name: t, agent: a}]}}"
    stage = f"{{name: pilot, exit: {{criteria: [{text}]}}, rollout: {rollout}}}"
    return load(f"name: demo\nstages: [{stage}]").stages[0].exit.criteria[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{metric: search_precision}", "search_precision >= 0.85"),
        (
            (
                "{metric: m, is: '== 0', aggregate: max, window: 7d, coverage: 0.95, every: 8h, "
                "max_age: 12h}"
            ),
            "max of m over 7d == 0 (at most 12h old, observed for 95 %, every 8h)",
        ),
        (
            (
                "{metric: m, is: '> +20%', aggregate: mean, window: 1d, "
                "baseline: {kind: first, window: 2d, min_samples: 4}}"
            ),
            (
                "change of mean of m over 1d > +20 % against the first 2d (baseline of at least 4 "
                "samples)"
            ),
        ),
        (
            (
                "{metric: m, is: '>= 0.9', window: 3d, min_samples: 20, spread: 0.1, slope: 0.01, "
                "consecutive_passes: 3, since: journey}"
            ),
            (
                "m over 3d >= 0.9 (at least 20 samples, spread at most 0.1, moving at most 0.01 a "
                "day, 3 times in a row, since the journey began)"
            ),
        ),
        ("{fact: f}", "f == true"),
        ("{fact: f, is: exists, max_age: 365d}", "f exists (at most 365d old)"),
        ("{fact: f, is: '!= eu'}", "f != eu"),
        ("{approval: demo}", "demo approved by approver"),
        (
            "{approval: demo, roles: [a, b], quorum: 2, expires: 7d}",
            "demo approved by 2 of a or b, good for 7d",
        ),
        ("{work: required}", "all required work done"),
        ("{soak: 36h}", "1d12h of healthy time"),
        ("{rollout: 100}", "100 % of the users served"),
    ],
)
def test_a_criterion_is_a_sentence(text: str, sentence: str) -> None:
    assert words.sentence(criterion(text)) == sentence


def test_an_approval_without_a_rule_is_an_approvers() -> None:
    bare = Criterion("a", Observe.APPROVAL, "a")
    assert words.condition(bare) == "a approved by an approver"
    ruled = Criterion("a", Observe.APPROVAL, "a", approval=ApprovalRule())
    assert words.condition(ruled) == "a approved by approver"


def test_a_trigger_says_what_it_does_when() -> None:
    stage = (
        "{name: one, exit: {criteria: [{fact: f}]}}, {name: two, exit: {criteria: [{fact: f}]}, "
        "triggers: [{kind: critical_bug, target: one, for: 6h, cooldown: 1d, "
        "when: {metric: bug_count, is: '> 0', max_age: 12h}}]}"
    )
    (trigger,) = load(f"name: demo\nstages: [{stage}]").stages[1].triggers
    assert words.trigger(trigger) == (
        "rollback to one when bug_count > 0 (at most 12h old) for 6h, then quiet for 1d"
    )


TASK = TaskPlan("t", "t", "an-agent")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (words.unit(UnitPlan("u", (TASK,))), "at once"),
        (
            words.unit(UnitPlan("u", (TASK,), ("a", "b"), Purpose.MILESTONE, False, DAY)),
            "after a, b, every 1d, not required, milestone",
        ),
        (words.task(TASK), "an-agent"),
        (
            words.task(TaskPlan("t", "t", "x", depends_on=("s",), undo=Undo("y"), for_each="${f}")),
            "x for each of ${f}, after s, undone by y",
        ),
        (words.task(TaskPlan("t", "t", "x", irreversible=True)), "x, irreversible"),
        (words.wave(Wave(10, 2 * DAY)), "10 % of the users, 2d of healthy time"),
        (words.wave(Wave(100)), "100 % of the users"),
        (words.gate(Gate(mode=Mode.MANUAL)), "a person passes it"),
        (words.gate(Gate()), "passed as soon as it holds"),
        (words.schedule(StagePlan("s", Gate(), Gate())), "15d, stuck after 30d"),
        (
            words.schedule(StagePlan("s", Gate(), Gate(), earliest=10 * DAY, baseline=30 * DAY)),
            "10d to 15d, stuck after 30d, by hand 30d",
        ),
    ],
)
def test_parts_are_said_in_a_few_words(said: str, told: str) -> None:
    assert said == told


@pytest.mark.parametrize(
    ("thing", "told"), [(True, "true"), (0.5, "0.5"), (4.0, "4"), (DAY, "1d"), ("x", "x"), (3, "3")]
)
def test_values_are_said_as_people_write_them(thing: Any, told: str) -> None:
    assert words.value(thing) == told
