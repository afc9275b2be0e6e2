"""Planning: a stage's work, a wave's work, from the path and what is known of the client."""

from collections import ChainMap, Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sojourn.core.decision import derived_id
from sojourn.core.journeys import JourneyState
from sojourn.core.paths import Path, StagePlan, TaskPlan, UnitPlan
from sojourn.core.references import UnresolvedReference, bind, escape, resolve
from sojourn.core.snapshot import Fact
from sojourn.core.stages import Stage
from sojourn.core.work import (
    InvalidWork,
    Purpose,
    Task,
    Undo,
    UnitOfWork,
    original,
    undo_order,
    undo_unit,
)


def scope(path: Path, state: JourneyState, facts: Mapping[str, Fact]) -> dict[str, Any]:
    """Return what references in a task's input may speak of when the work is planned."""
    journey = {
        "id": str(state.journey_id),
        "key": state.journey_key,
        "path": path.name,
        "stage": state.current_stage,
        "started_at": state.started_at.isoformat(),
        "metadata": dict(state.metadata),
    }
    known = {name: fact.value for name, fact in facts.items()}
    return {"client": {"id": state.client_id}, "journey": journey, "facts": known}


def plan_stage(
    path: Path, state: JourneyState, facts: Mapping[str, Fact], now: datetime
) -> list[UnitOfWork]:
    """Return the units of the stage that the journey has been admitted to, rollout left out."""
    stage = path.stage(state.current_stage)
    known = scope(path, state, facts)
    ids = {unit.name: unit_id(state, unit.name) for unit in stage.work}
    return [plan_unit(unit, state, known, ids, now) for unit in stage.work]


def plan_wave(
    path: Path, state: JourneyState, facts: Mapping[str, Fact], now: datetime
) -> UnitOfWork | None:
    """Return the unit of the wave that the state says has begun; None where there is no rollout."""
    stage = path.stage(state.current_stage)
    if stage.rollout is None or state.wave == 0:
        return None
    wave = stage.rollout.waves[state.wave - 1]
    before = stage.rollout.waves[state.wave - 2].percent if state.wave > 1 else 0
    known = scope(path, state, facts) | {
        "wave": {"number": state.wave, "percent": wave.percent, "previous": before}
    }
    name = f"{stage.rollout.unit.name}-{wave.percent}"
    ids = _stage_ids(stage, state) | {stage.rollout.unit.name: unit_id(state, name)}
    unit = plan_unit(stage.rollout.unit, state, known, ids, now)
    return replace(unit, name=name, purpose=Purpose.ROLLOUT, wave=state.wave)


def _stage_ids(stage: StagePlan, state: JourneyState) -> dict[str, str]:
    return {unit.name: unit_id(state, unit.name) for unit in stage.work}


def unit_id(state: JourneyState, name: str) -> str:
    """Return the id of a unit at this visit: planning twice gives the same unit."""
    return str(derived_id(state.journey_id, state.visit, name))


def plan_unit(
    unit: UnitPlan,
    state: JourneyState,
    known: Mapping[str, Any],
    ids: Mapping[str, str],
    now: datetime,
) -> UnitOfWork:
    """Return a unit with its tasks expanded and its inputs resolved as far as they are known."""
    expanded = {task.task_id: expand(task, known) for task in unit.tasks}
    tasks = [_linked(t, expanded) for group in expanded.values() for t in group]
    return UnitOfWork(
        uow_id=ids[unit.name],
        journey_id=str(state.journey_id),
        stage=state.current_stage,
        tasks=tuple(tasks),
        dependencies=tuple(ids[name] for name in unit.depends_on),
        created_at=now,
        name=unit.name,
        purpose=unit.purpose,
        required=unit.required,
        every=unit.every,
        visit=state.visit,
    )


def _linked(task: Task, expanded: Mapping[str, Sequence[Task]]) -> Task:
    needs = tuple(t.task_id for name in task.depends_on for t in expanded[name])
    return task if needs == task.depends_on else replace(task, depends_on=needs)


def expand(plan: TaskPlan, known: Mapping[str, Any]) -> list[Task]:
    """Return one task, or one for each item of the list that ``for_each`` names.

    Raises :class:`InvalidWork` where that is not a list, and
    :class:`~sojourn.core.references.UnresolvedReference` where it is not known.
    """
    if plan.for_each is None:
        return [make(plan, plan.task_id, plan.name, known)]
    items = resolve(plan.for_each, known)
    if not isinstance(items, list | tuple) or not items:
        message = f"{plan.for_each} must be a list with at least one item, not {items!r:.80}"
        raise InvalidWork(f"{plan.task_id}.for_each", message)
    return [
        make(plan, f"{plan.task_id}-{label(item, index)}", plan.name, {**known, "item": item})
        for index, item in enumerate(items, 1)
    ]


def label(item: Any, index: int) -> str:
    """Return what tells one item's task from the others: its own name where it has one."""
    name = item.get("name", index) if isinstance(item, Mapping) else item
    words = "".join(c if c.isalnum() else "-" for c in str(name).lower()).strip("-")
    return words[:40] or str(index)


def make(plan: TaskPlan, task_id: str, name: str, known: Mapping[str, Any]) -> Task:
    """Return a path's task with its input resolved."""
    undo = plan.undo
    if undo is not None:
        undo = Undo(undo.agent_id, bind(undo.input_data, known))
    return Task(
        task_id=task_id,
        group=plan.task_id if plan.for_each else "",
        name=titled(name, known),
        agent_id=plan.agent_id,
        input_data=bind(plan.input_data, known),
        max_retries=plan.max_retries,
        depends_on=plan.depends_on,
        timeout=plan.timeout,
        deadline=plan.deadline,
        retry=plan.retry,
        undo=undo,
        irreversible=plan.irreversible,
        idempotent=plan.idempotent,
        measures=plan.measures,
        facts=plan.facts,
    )


def outputs(done: Iterable[tuple[str, str, Any]]) -> dict[str, Any]:
    """Return what ``${tasks...}`` may speak of, from (task, group, output) of completed tasks.

    The outputs of a group, which a ``for_each`` has made, are a list under the path's own name.
    """
    found: dict[str, Any] = {}
    groups: dict[str, list[Any]] = {}
    for task_id, group, output in done:
        found[task_id] = {"output": output}
        if group:
            groups.setdefault(group, []).append(output)
    return found | {name: {"output": every} for name, every in groups.items()}


def titled(name: str, known: Mapping[str, Any]) -> str:
    """Return a task's name for people: its references replaced, or the item said behind it."""
    item = known.get("item")
    said = str(resolve(name, known))
    plain = isinstance(item, str | int | float) and not isinstance(item, bool)
    return f"{said}: {item}" if plain and said == name else said


Done = Sequence[tuple[UnitOfWork, Task]]
"""Completed tasks, each with its unit."""
Brought = Mapping[tuple[Stage, int], Mapping[str, dict[str, Any]]]
"""What units brought at each visit to a stage, by the unit's name."""


def plan_undo(journey_id: UUID, stage: Stage, visit: int, done: Done) -> UnitOfWork | None:
    """Return the rollback unit that takes completed work back, newest first; None for none.

    What an undo's input says of outputs is resolved here, for the rollback is a unit of its own.
    """
    every = undo_order(done)
    unit = undo_unit(str(journey_id), stage, every, visit)
    if unit is None:
        return None
    pairs = {(u.uow_id, t.task_id): (u, t) for u, t in every}
    found = brought(every)
    tasks = tuple(_told(t, *pairs[t.undo_of], found) for t in unit.tasks if t.undo_of)
    return replace(unit, uow_id=str(derived_id(journey_id, visit, unit.name)), tasks=tasks)


def _told(step: Task, unit: UnitOfWork, task: Task, found: Brought) -> Task:
    known = undo_scope(unit, task, found)
    said = {k: v for k, v in step.input_data.items() if k != "undo_of"}
    seen = _bound(task.input_data, known, escape(task.input_data))
    what = original(replace(task, input_data=seen, output_data=escape(task.output_data)))
    # What cannot be resolved stays a reference: the undo then fails, and a person is asked.
    return replace(step, input_data={**_bound(said, known, said), "undo_of": what})


def brought(done: Done) -> Brought:
    """Return the outputs of completed tasks, by visit and unit."""
    visits: dict[tuple[Stage, int], dict[str, list[tuple[str, str, Any]]]] = {}
    for unit, t in done:
        units = visits.setdefault((unit.stage, unit.visit), {})
        units.setdefault(unit.name, []).append((t.task_id, t.group, t.output_data))
    return {
        visit: {name: outputs(found) for name, found in units.items()}
        for visit, units in visits.items()
    }


def undo_scope(unit: UnitOfWork, task: Task, found: Brought) -> dict[str, Any]:
    """Return what an undo may speak of: outputs of its own task, its unit and units before it."""
    named = found.get((unit.stage, unit.visit), {})
    own = {name: {"output": task.output_data} for name in (task.task_id, task.group) if name}
    # Not a copy with one more: it would be one of the whole unit for each of its tasks.
    return {"tasks": ChainMap(own, named.get(unit.name, {})), "units": named}


def _bound(value: Any, known: Mapping[str, Any], otherwise: Any) -> Any:
    try:
        return bind(value, known)
    except UnresolvedReference:
        return otherwise


def unique(units: Iterable[UnitOfWork]) -> list[UnitOfWork]:
    """Return the units, refusing two tasks of one name that an expansion has made."""
    every = list(units)
    for unit in every:
        twice = [n for n, times in Counter(t.task_id for t in unit.tasks).items() if times > 1]
        if twice:
            raise InvalidWork(f"{unit.name}.tasks", f"{min(twice)!r} stands there twice")
    return every
