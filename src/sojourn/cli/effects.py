"""What a decision does, in lines for people: the same before (a dry run) as after."""

from collections.abc import Iterator
from typing import Any, Final

from sojourn.cli import documents, screen
from sojourn.core.decision import Decision
from sojourn.core.journal import Event, spell
from sojourn.core.rollback import irreversible
from sojourn.core.work import Purpose, Task, UnitOfWork

QUIET = ("transition", "rollback.initiated", "stage.admitted")
"""Events that other lines tell already."""
SHOWN: Final = 20
"""How many of a unit's planned tasks are told."""
LONGEST: Final = 200
"""Characters of a value that are told."""


def report(decision: Decision, done: str, *, dry_run: bool) -> None:
    """Print what was done, or what would be."""
    title = f"{done}: dry run, nothing was changed; it would:" if dry_run else f"{done}: done"
    screen.say(screen.text(title, "bold"))
    for line in lines(decision):
        screen.say(f"  {line}")


def answer(document: documents.Document, decision: Decision, done: str, *, as_json: bool) -> None:
    """Print a change as JSON or for people."""
    if as_json:
        screen.print_json(document)
    else:
        report(decision, done, dry_run=document["dry_run"])


def lines(decision: Decision) -> Iterator[str]:
    """Return every effect of a decision as a line."""
    yield from (_event(e) for e in decision.events)
    yield from (f"withdraw the open work of {n}" for n in _withdrawn(decision))
    for unit in decision.plans:
        yield from _unit(unit)
    for task in irreversible(decision.before) if decision.rollback else ():
        yield f"WARNING: cannot be taken back: {task.name} ({task.agent_id})"
    yield from (f"alert ({a.severity}): {a.message}" for a in decision.raised)
    yield from (f"resolve the alert {kind} {subject}" for kind, subject in decision.resolved)


def _event(event: Event) -> str:
    if event.transition:
        left, name, entered = event.transition
        moved = f"{left} → {entered}" if left else f"enter {entered}"
        return f"move: {moved} ({name})" + (f": {event.reason}" if event.reason else "")
    told = "" if event.type in QUIET else _data(event)
    return f"record: {event.type}" + (f": {event.reason}" if event.reason else "") + told


def _data(event: Event) -> str:
    said = {
        k: v for k, v in event.data.items() if v is not None and k not in ("uow_id", "evidence")
    }
    parts = ", ".join(f"{k} {brief(v)}" for k, v in said.items())
    return f" ({parts})" if parts else ""


def brief(value: Any) -> str:
    """Return a value as people read it in a line, cut where it is long."""
    said = value if isinstance(value, str) else spell(value)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


def _withdrawn(decision: Decision) -> list[str]:
    names = {u.uow_id: u.name for u in decision.before.units}
    return [names.get(key, key) for key in decision.withdraw]


def _unit(unit: UnitOfWork) -> Iterator[str]:
    undo = unit.purpose == Purpose.ROLLBACK
    count = f"{len(unit.tasks)} task{'s' if len(unit.tasks) != 1 else ''}"
    kind = f"undo, one after another, {count}:" if undo else f"plan unit {unit.name}, {count}:"
    yield kind
    yield from (f"    {_task(task, undo=undo)}" for task in unit.tasks[:SHOWN])
    if len(unit.tasks) > SHOWN:
        yield f"    and {len(unit.tasks) - SHOWN:,} more; --json has all"


def _task(task: Task, *, undo: bool) -> str:
    inputs = {k: v for k, v in task.input_data.items() if k != "undo_of"}
    given = f" with {brief(inputs)}" if inputs else ""
    after = f", after {brief(', '.join(task.depends_on))}" if task.depends_on and not undo else ""
    return f"{task.task_id}  {task.name} by {task.agent_id}{given}{after}"
