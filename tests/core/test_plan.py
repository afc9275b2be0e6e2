from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sojourn.core.decision import derived_id
from sojourn.core.paths import Path, Rollout, TaskPlan, UnitPlan, Wave
from sojourn.core.plan import (
    brought,
    expand,
    label,
    make,
    outputs,
    plan_stage,
    plan_undo,
    plan_wave,
    scope,
    titled,
    undo_scope,
    unique,
    unit_id,
)
from sojourn.core.references import UnresolvedReference, resolve
from sojourn.core.snapshot import Fact
from sojourn.core.work import InvalidWork, Retry, Task, Undo, UnitOfWork
from tests.core.scenes import DAY, HOUR, JOURNEY, NOW, T0, UNDO, path, stage, state, unit_plan

FACTS = {"sources": Fact(["confluence", "sharepoint"], T0), "size": Fact(12, T0)}
PLAIN = TaskPlan("install", "Install", "install-agent")


def planned(*units: UnitPlan, **changes: Any) -> list[UnitOfWork]:
    plan = path(stage("sandbox", work=units))
    return plan_stage(plan, state(**changes), FACTS, NOW)


def unit(*tasks: TaskPlan, name: str = "setup", **more: Any) -> UnitPlan:
    return UnitPlan(name, tasks, **more)


def test_references_may_speak_of_client_journey_and_facts() -> None:
    known = scope(Path("small", ()), state(metadata={"tier": 2}), FACTS)
    assert known == {
        "client": {"id": "medtronic"},
        "journey": {
            "id": str(JOURNEY),
            "key": "journey-medtronic-2026",
            "path": "small",
            "stage": "sandbox",
            "started_at": "2026-01-05T09:00:00+00:00",
            "metadata": {"tier": 2},
        },
        "facts": {"sources": ["confluence", "sharepoint"], "size": 12},
    }


def test_a_stage_s_units_are_planned_for_this_visit() -> None:
    first, second = planned(
        unit(PLAIN, every=DAY, required=False), unit_plan("verify", depends_on=("setup",)), visit=3
    )
    assert (first.name, first.stage, first.visit, first.created_at) == ("setup", "sandbox", 3, NOW)
    assert (first.every, first.required, first.journey_id) == (DAY, False, str(JOURNEY))
    assert second.dependencies == (first.uow_id,)
    assert first.uow_id == unit_id(state(visit=3), "setup") == str(derived_id(JOURNEY, 3, "setup"))


def test_planning_twice_gives_the_same_units_and_another_visit_others() -> None:
    once, again, later = planned(unit(PLAIN)), planned(unit(PLAIN)), planned(unit(PLAIN), visit=2)
    assert once == again
    assert once[0].uow_id != later[0].uow_id


def test_a_task_takes_everything_from_its_plan() -> None:
    plan = TaskPlan(
        "install", "Install", "an-agent", {"a": "${client.id}"}, ("x",), 7, HOUR, DAY,
        Retry(HOUR), Undo("u", {"b": "${facts.size}"}), True, True, {"m": "a.b"}, {"f": "c"},
    )  # fmt: skip
    assert make(plan, "install", "Install", scope(path(), state(), FACTS)) == Task(
        "install", "Install", "an-agent", {"a": "medtronic"}, max_retries=7, depends_on=("x",),
        timeout=HOUR, deadline=DAY, retry=Retry(HOUR), undo=Undo("u", {"b": 12}),
        irreversible=True, idempotent=True, measures={"m": "a.b"}, facts={"f": "c"},
    )  # fmt: skip


def test_inputs_are_resolved_as_far_as_they_are_known() -> None:
    given = {"n": "${facts.size}", "later": "${tasks.a.output.id}", "text": "${client.id}!"}
    [found] = planned(unit(replace(PLAIN, input_data=given)))
    assert found.tasks[0].input_data == {
        "n": 12, "later": "${tasks.a.output.id}", "text": "medtronic!",
    }  # fmt: skip
    with pytest.raises(UnresolvedReference, match="facts has no 'region'"):
        planned(unit(replace(PLAIN, input_data={"r": "${facts.region}"})))


def test_what_came_in_is_not_read_as_a_reference_later() -> None:
    facts = {"size": Fact("${tasks.a.output.secret} $5", T0)}
    plan = path(stage("sandbox", work=(unit(replace(PLAIN, input_data={"n": "${facts.size}"})),)))
    [found] = plan_stage(plan, state(), facts, NOW)
    given = found.tasks[0].input_data
    assert resolve(given, {"tasks": {}}) == {"n": "${tasks.a.output.secret} $5"}


# for_each

EACH = replace(
    PLAIN, for_each="${facts.sources}", name="Install ${item}", input_data={"type": "${item}"}
)


def test_for_each_makes_one_task_of_each_item() -> None:
    [found] = planned(unit(EACH, replace(PLAIN, task_id="verify", depends_on=("install",))))
    first, second, verify = found.tasks
    assert [t.task_id for t in (first, second)] == ["install-confluence", "install-sharepoint"]
    assert [t.name for t in (first, second)] == ["Install confluence", "Install sharepoint"]
    assert [t.input_data["type"] for t in (first, second)] == ["confluence", "sharepoint"]
    assert {t.group for t in (first, second)} == {"install"}
    assert verify.depends_on == ("install-confluence", "install-sharepoint")
    assert verify.group == ""


@pytest.mark.parametrize("value", [[], "confluence", 3, {"a": 1}, None])
def test_for_each_needs_a_list_with_items(value: Any) -> None:
    known = scope(path(), state(), {"sources": Fact(value, T0)})
    with pytest.raises(InvalidWork, match="must be a list with at least one item") as refused:
        expand(EACH, known)
    assert refused.value.place == "install.for_each"


def test_items_are_told_apart_by_their_own_name() -> None:
    assert label("Share Point", 1) == "share-point"
    assert label({"name": "Confluence", "id": 7}, 1) == "confluence"
    assert label({"id": 7}, 2) == "2"
    assert label("???", 3) == "3"
    assert label(9, 1) == "9"
    assert len(label("x" * 99, 1)) == 40


def test_two_tasks_of_one_name_are_refused() -> None:
    twice = replace(EACH, for_each="${facts.twice}")
    plan = path(stage("sandbox", work=(unit(twice),)))
    facts = {"twice": Fact(["a b", "a-b"], T0)}
    with pytest.raises(InvalidWork, match="'install-a-b' stands there twice") as refused:
        unique(plan_stage(plan, state(), facts, NOW))
    assert refused.value.place == "setup.tasks"
    assert unique(planned(unit(EACH))) == planned(unit(EACH))


def test_a_name_says_its_item() -> None:
    assert titled("Install", {"item": "confluence"}) == "Install: confluence"
    assert titled("Install", {"item": 7}) == "Install: 7"
    assert titled("Install ${item}", {"item": "US$5"}) == "Install US$5"
    assert titled("Install ${item.name}", {"item": {"name": "c"}}) == "Install c"
    assert titled("Install", {"item": {"name": "c"}}) == "Install"
    assert titled("Enable ${wave.percent} %", {"wave": {"percent": 10}}) == "Enable 10 %"


# Waves

ROLLOUT = Rollout(
    (Wave(10), Wave(50), Wave(100)),
    unit(
        replace(PLAIN, input_data={"to": "${wave.percent}", "from": "${wave.previous}"}),
        name="rollout",
        depends_on=("prepare",),
    ),
)


def test_a_wave_is_a_unit_of_its_own_name_and_cohort() -> None:
    plan = path(stage("sandbox", work=(unit_plan("prepare"),), rollout=ROLLOUT))
    assert plan_wave(plan, state(wave=0), FACTS, NOW) is None
    found = [plan_wave(plan, state(wave=n), FACTS, NOW) for n in (1, 2, 3)]
    assert [(u.name, u.wave, u.purpose) for u in found if u] == [
        ("rollout-10", 1, "rollout"), ("rollout-50", 2, "rollout"), ("rollout-100", 3, "rollout"),
    ]  # fmt: skip
    assert [u.tasks[0].input_data for u in found if u] == [
        {"to": 10, "from": 0}, {"to": 50, "from": 10}, {"to": 100, "from": 50},
    ]  # fmt: skip
    assert {u.dependencies for u in found if u} == {(unit_id(state(), "prepare"),)}
    assert len({u.uow_id for u in found if u}) == 3
    assert plan_wave(path(stage("sandbox")), state(wave=1), FACTS, NOW) is None


# Undo


def done(unit_name: str, *tasks: Task, **more: Any) -> list[tuple[UnitOfWork, Task]]:
    fields: dict[str, Any] = {"stage": "sandbox"} | more
    parent = UnitOfWork(f"id-{unit_name}", "j", tasks=(), name=unit_name, **fields)
    return [(parent, t) for t in tasks]


def ran(name: str, output: Any = None, **more: Any) -> Task:
    fields: dict[str, Any] = {"undo": UNDO, "completed_at": T0} | more
    return Task(name, name.title(), "an-agent", output_data=output, **fields)


def test_nothing_done_is_nothing_to_undo() -> None:
    assert plan_undo(JOURNEY, "sandbox", 2, []) is None
    assert plan_undo(JOURNEY, "sandbox", 2, done("setup", ran("a", undo=None))) is None


def test_an_undo_may_speak_of_its_own_output_its_unit_s_and_earlier_units() -> None:
    refers = {
        "own": "${tasks.b.output.id}",
        "sibling": "${tasks.a.output.id}",
        "other": "${units.data.load.output.id}",
        "text": "undo ${tasks.b.output.id}",
    }
    pairs = [
        *done("data", ran("load", {"id": "d-1"})),
        *done(
            "setup",
            ran("a", {"id": "a-1"}),
            ran("b", {"id": "b-1"}, depends_on=("a",), undo=Undo("u", refers)),
            dependencies=("id-data",),
        ),
    ]
    found = plan_undo(JOURNEY, "sandbox", 2, pairs)
    assert found is not None
    assert found.uow_id == str(derived_id(JOURNEY, 2, "rollback-2"))
    given = resolve(found.tasks[0].input_data, {})
    del given["undo_of"]
    assert given == {"own": "b-1", "sibling": "a-1", "other": "d-1", "text": "undo b-1"}


def test_an_item_s_undo_speaks_of_its_own_output_by_the_path_s_name() -> None:
    refers = Undo("u", {"id": "${tasks.install.output.id}"})
    pairs = done(
        "setup",
        *(ran(f"install-{n}", {"id": n}, group="install", undo=refers) for n in "ab"),
    )
    found = plan_undo(JOURNEY, "sandbox", 2, pairs)
    assert found is not None
    assert [resolve(t.input_data, {})["id"] for t in found.tasks] == ["b", "a"]


def test_what_was_sent_and_answered_is_told_as_it_was_and_never_read_as_a_reference() -> None:
    task = ran(
        "b",
        {"text": "${client.secret}"},
        input_data={"later": "${tasks.a.output.id}", "price": "${$}5"},
        depends_on=("a",),
    )
    found = plan_undo(JOURNEY, "sandbox", 2, done("setup", ran("a", {"id": "a-1"}), task))
    assert found is not None
    assert resolve(found.tasks[0].input_data, {})["undo_of"] == {
        "task_id": "b",
        "input": {"later": "a-1", "price": "$5"},
        "output": {"text": "${client.secret}"},
    }


def test_what_cannot_be_resolved_stays_a_reference_in_the_undo_only() -> None:
    lost = Undo("u", {"id": "${tasks.a.output.id}"})
    task = ran("a", {"other": 1}, undo=lost, input_data={"x": "${tasks.gone.output.id}"})
    found = plan_undo(JOURNEY, "sandbox", 2, done("setup", task))
    assert found is not None
    given = found.tasks[0].input_data
    assert given["id"] == "${tasks.a.output.id}"
    assert resolve(given["undo_of"], {})["input"] == {"x": "${tasks.gone.output.id}"}


def test_units_of_other_stages_and_visits_are_not_spoken_of() -> None:
    pairs = [
        *done("data", ran("load", 1), visit=1),
        *done("data", ran("load", 2), visit=3),
        *done("data", ran("load", 3), stage="pilot", visit=3),
        *done("setup", ran("a", 4), visit=3),
    ]
    parent, task = pairs[-1]
    known = undo_scope(parent, task, brought(pairs))
    assert known["units"]["data"] == {"load": {"output": 2}}
    assert known["tasks"] == {"a": {"output": 4}}


def test_outputs_are_there_by_task_and_together_by_group() -> None:
    found = outputs([("a", "", {"id": 1}), ("b-x", "b", {"id": 2}), ("b-y", "b", {"id": 3})])
    assert found["a"] == {"output": {"id": 1}}
    assert found["b-x"] == {"output": {"id": 2}}
    assert resolve("${tasks.b.output.id}", {"tasks": found}) == [2, 3]
    assert resolve("${tasks.b.output.0.id}", {"tasks": found}) == 2
    odd = outputs([("b", "", 1), ("b-b", "b", 2)])
    assert odd["b"] == {"output": [2]}


def test_dates_of_a_plan_are_the_moment_s() -> None:
    [found] = planned(unit(PLAIN))
    assert found.created_at == NOW
    assert found.tasks[0].deadline == timedelta(days=3)
