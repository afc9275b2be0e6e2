"""Exactly what a command would do, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from sojourn.core.decision import Decision
from sojourn.core.journal import Event
from sojourn.core.rollback import irreversible
from sojourn.core.work import UnitOfWork
from sojourn.dashboard.history import value
from sojourn.dashboard.telling import plain


@dataclass(frozen=True, slots=True)
class Effects:
    """What a decision changes."""

    moves: list[tuple[str, str]]
    steps: list[str]
    units: list[UnitOfWork]
    withdrawn: list[str]
    lasting: list[str]
    """Tasks that a rollback cannot take back."""
    raised: list[str]
    resolved: list[str]


def effects(decision: Decision) -> Effects:
    """Return what a decision would write."""
    before = decision.before
    names = {unit.uow_id: unit.name for unit in before.units}
    gone = [names.get(key, key) for key in decision.withdraw]
    repeated = {unit.name for unit in before.units if unit.every and unit.runs}
    moves = [e.transition for e in decision.events if e.transition]
    return Effects(
        moves=[(left or "start", entered) for left, _, entered in moves],
        steps=list(_steps(decision.events)),
        units=list(decision.plans),
        withdrawn=[f"{n} (stops repeating)" if n in repeated else n for n in gone],
        lasting=[task.name for task in irreversible(before)] if decision.rollback else [],
        raised=[f"{plain(a.kind)}: {a.message}" for a in decision.raised],
        resolved=[f"{plain(kind)} ({subject})" for kind, subject in decision.resolved],
    )


def _steps(events: tuple[Event, ...]) -> Iterator[str]:
    for event in events:
        if not event.transition:
            facts = ", ".join(f"{k} {value(v)}" for k, v in event.data.items() if v)
            yield f"{plain(event.type.replace('.', ' '))}{f': {facts}' if facts else ''}"
