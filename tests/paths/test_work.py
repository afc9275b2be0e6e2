from datetime import timedelta

from sojourn.core.paths import TaskPlan, UnitPlan
from sojourn.core.work import Purpose, Retry, Undo
from sojourn.paths import load


def unit(text: str) -> UnitPlan:
    """Return the unit of work that a text describes, beside another one."""
    other = "{name: first, tasks: [{name: t, agent: a}]}"
    stage = f"{{name: pilot, exit: {{criteria: [{{fact: f}}]}}, work: [{other}, {text}]}}"
    return load(f"name: demo\nstages: [{stage}]").stages[0].work[1]


def test_a_bare_unit_and_task_take_the_defaults_of_core() -> None:
    assert unit("{name: u, tasks: [{name: t, agent: a}]}") == UnitPlan(
        "u", (TaskPlan("t", "t", "a"),)
    )


def test_everything_of_a_unit_and_a_task_may_be_said() -> None:
    found = unit(
        """{name: u, title: A unit, depends_on: [first], purpose: milestone, required: false,
        every: 6h, tasks: [{name: before, agent: b}, {name: t, title: "Install ${item}", agent: a,
        input: {kind: "${item}", deep: [1, null, {x: true}]}, depends_on: [before],
        for_each: "${facts.sources}", max_retries: 0, timeout: 5m, deadline: 1d,
        retry: {base: 2s, factor: 3, longest: 1h}, idempotent: true,
        undo: {agent: c, input: {id: "${tasks.t.output.id}"}},
        measures: {search_precision: quality.precision}, facts: {region: where}}]}"""
    )
    task = TaskPlan(
        task_id="t",
        name="Install ${item}",
        agent_id="a",
        input_data={"kind": "${item}", "deep": [1, None, {"x": True}]},
        depends_on=("before",),
        max_retries=0,
        timeout=timedelta(minutes=5),
        deadline=timedelta(days=1),
        retry=Retry(timedelta(seconds=2), 3, timedelta(hours=1)),
        undo=Undo("c", {"id": "${tasks.t.output.id}"}),
        idempotent=True,
        measures={"search_precision": "quality.precision"},
        facts={"region": "where"},
        for_each="${facts.sources}",
    )
    before = TaskPlan("before", "before", "b")
    assert found == UnitPlan(
        "u", (before, task), ("first",), Purpose.MILESTONE, False, timedelta(hours=6), "A unit"
    )


def test_what_is_irreversible_says_so() -> None:
    assert unit("{name: u, tasks: [{name: t, agent: a, irreversible: true}]}").tasks[0].irreversible
