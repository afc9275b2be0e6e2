"""Submitting a unit of work: names become ids, references are checked, all of it or nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sojourn.control.change import change, preview, snapshot
from sojourn.control.door import Door, RefusedError
from sojourn.control.unit import BadUnit, TaskForm, UnitForm, parse
from sojourn.core.commands import SubmitWork
from sojourn.core.decision import Decision, Refusal, derived_id
from sojourn.core.plan import scope
from sojourn.core.references import Reference, UnresolvedReference, bind, fault, find
from sojourn.core.snapshot import Snapshot
from sojourn.core.work import InvalidWork, Purpose, Task, UnitOfWork, check_unit, hint, order
from sojourn.store.search import unit_names
from sojourn.store.sets import Row

__all__ = ["BadUnit", "parse", "submit"]


async def submit(
    door: Door,
    journey_id: UUID,
    form: UnitForm,
    agents: Collection[str],
    *,
    actor: str,
    roles: tuple[str, ...] = ("operator",),
    reason: str = "",
    dry_run: bool = False,
) -> Decision:
    """Add a unit to the journey's present stage; ``agents`` are the ids of those that exist.

    Raises :class:`~sojourn.core.work.InvalidWork`, which names the place, and
    :class:`~sojourn.control.door.RefusedError`; then nothing is written.
    """
    async with door.db.connection() as connection:
        shot = await snapshot(connection, door, journey_id, door.now())
        names = await unit_names(connection, journey_id)
    unit = build(form, shot, names, agents)
    command = SubmitWork(actor=actor, roles=roles, reason=reason, unit=unit)
    return await (preview if dry_run else change)(door, journey_id, command)


def build(
    form: UnitForm, shot: Snapshot, names: Sequence[Row], agents: Collection[str]
) -> UnitOfWork:
    """Return a submitted unit as core knows it; ``names`` are the units that the journey has."""
    state = shot.state
    here = [row for row in names if row["visit"] == state.visit]
    name = form.name or form.uow_id
    unit = UnitOfWork(
        uow_id=str(derived_id(state.journey_id, state.visit, form.uow_id)),
        journey_id=str(state.journey_id),
        stage=form.stage,
        tasks=tuple(task.build() for task in form.tasks),
        dependencies=tuple(dict.fromkeys(_dependencies(form, here, names))),
        name=name,
        purpose=Purpose(form.purpose),
        required=form.required,
        every=form.every,
        external_id=form.uow_id,
        external_journey=form.journey_id or "",
    )
    _check_taken(unit, here)
    check_unit(unit, agents)
    _check_undo(form.tasks, agents)
    return replace(unit, tasks=tuple(_bound(unit, shot, here)))


def _dependencies(form: UnitForm, here: Sequence[Row], names: Sequence[Row]) -> Iterator[str]:
    for index, wanted in enumerate(form.dependencies):
        place = f"dependencies[{index}]"
        if wanted == form.uow_id:
            raise InvalidWork(place, "the unit depends on itself")
        yield _unit_id(wanted, place, here, names)


def _unit_id(wanted: str, place: str, here: Sequence[Row], names: Sequence[Row]) -> str:
    for column in ("external_id", "uow_id", "name"):
        found = [row for row in here if str(row[column]) == wanted]
        if found:
            return str(found[0]["uow_id"])
    if any(wanted in (str(r["uow_id"]), r["external_id"], r["name"]) for r in names):
        told = f"{wanted!r} belongs to an earlier visit of a stage, which is over"
        raise InvalidWork(place, f"{told}; leave it out")
    known = {row["external_id"] for row in here} | {row["name"] for row in here}
    ids = {str(row["uow_id"]) for row in here}
    raise InvalidWork(place, f"{wanted!r} is no unit of this journey{hint(wanted, known - ids)}")


def _check_taken(unit: UnitOfWork, here: Sequence[Row]) -> None:
    for row in here:
        if unit.external_id == row["external_id"] or unit.name == row["name"]:
            told = f"unit {unit.name!r} exists already at this visit"
            raise RefusedError(Refusal("conflict", told, "give it another uow_id and name"))


def _check_undo(tasks: Sequence[TaskForm], agents: Collection[str]) -> None:
    for index, task in enumerate(tasks):
        if task.undo and task.undo.agent_id not in agents:
            wanted = task.undo.agent_id
            place = f"tasks[{index}].undo.agent_id"
            raise InvalidWork(place, f"unknown agent {wanted!r}{hint(wanted, agents)}")


def _bound(unit: UnitOfWork, shot: Snapshot, here: Sequence[Row]) -> Iterator[Task]:
    """Fix what is known of the client now; what other tasks find stays for later, checked."""
    known = scope(shot.path, shot.state, shot.facts)
    before = _before(unit.tasks)
    ids = set(unit.dependencies)
    units = {row["name"] for row in here if str(row["uow_id"]) in ids}
    for index, task in enumerate(unit.tasks):
        place = f"tasks[{index}]"
        _check(task.input_data, f"{place}.input_data", before[task.task_id], units)
        inputs = _known(task.input_data, f"{place}.input_data", known)
        undo = task.undo
        if undo:
            inner = f"{place}.undo.input_data"
            _check(undo.input_data, inner, {*before[task.task_id], task.task_id}, units)
            undo = replace(undo, input_data=_known(undo.input_data, inner, known))
        yield replace(task, input_data=inputs, undo=undo)


def _before(tasks: Sequence[Task]) -> dict[str, set[str]]:
    """Return for each task all that are completed before it begins."""
    needs = {task.task_id: task.depends_on for task in tasks}
    before: dict[str, set[str]] = {}
    for name in order(needs):
        before[name] = set(needs[name]).union(*(before[n] for n in needs[name]))
    return before


def _check(value: Any, place: str, tasks: Collection[str], units: Collection[str]) -> None:
    for reference in find(value):
        if why := fault(reference) or _unknown(reference, tasks, units):
            raise InvalidWork(place, why)


def _unknown(reference: Reference, tasks: Collection[str], units: Collection[str]) -> str | None:
    match reference.parts:
        case ("tasks", name, *_) if name not in tasks:
            return f"{reference}: the task does not depend on {name!r}; name it in depends_on"
        case ("units", name, *_) if name not in units:
            return f"{reference}: the unit does not depend on {name!r}; name it in dependencies"
        case ("item" | "wave", *_):
            return f"{reference} has a meaning in path files only"
    return None


def _known(value: Any, place: str, known: Mapping[str, Any]) -> Any:
    try:
        return bind(value, known)
    except UnresolvedReference as error:
        raise InvalidWork(place, str(error)) from None
