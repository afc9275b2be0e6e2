"""A visit's units of work as lines: who does them, how far they are, when they come again."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from sojourn.cli import screen
from sojourn.cli.layout import Rows
from sojourn.cli.picture import Picture
from sojourn.cli.telling import unit_title
from sojourn.core.work import Progress, UnitOfWorkStatus
from sojourn.store.sets import Row

MARKS: Final = {
    UnitOfWorkStatus.PENDING: ("·", "dim"),
    UnitOfWorkStatus.RUNNING: ("▶", "bold"),
    UnitOfWorkStatus.COMPLETED: ("✓", "good"),
    UnitOfWorkStatus.FAILED: ("✗", "bad"),
    UnitOfWorkStatus.ROLLED_BACK: ("↩", "warn"),
}
AGAIN: Final = ("↻", "good")


def units(picture: Picture) -> Rows:
    """Return the units in the order in which they were planned."""
    tasks: dict[str, list[Row]] = defaultdict(list)
    for task in picture.tasks:
        tasks[str(task["uow_id"])].append(task)
    shot, now = picture.shot, picture.now
    return [
        (
            _quiet(unit),
            _row(unit, unit_title(shot.path, unit.stage, unit.name), tasks[unit.uow_id], now),
        )
        for unit in shot.units
    ]


def _quiet(unit: Progress) -> bool:
    """Say whether a unit may be left out: it is done and needs nobody."""
    return unit.done and not unit.troubles


def _row(unit: Progress, title: str, tasks: Sequence[Row], now: datetime) -> list[Text]:
    icon, style = AGAIN if unit.every and _quiet(unit) else MARKS[unit.status]
    agents = ", ".join(dict.fromkeys(task["agent_id"].removesuffix("-agent") for task in tasks))
    state, tone = _state(unit, tasks, now)
    return [
        screen.text(icon, style),
        screen.text(title),
        screen.text(agents, "dim"),
        screen.text(state, tone),
    ]


def _state(unit: Progress, tasks: Sequence[Row], now: datetime) -> tuple[str, str]:
    if unit.troubles:
        trouble = unit.troubles[0]
        return ("failed" if trouble.kind == "failed" else "asks") + f": {trouble.message}", "bad"
    if unit.every and unit.runs:
        return f"{unit.runs} run{'s' if unit.runs > 1 else ''}{_next(tasks, now)}", ""
    if unit.status == UnitOfWorkStatus.COMPLETED:
        return "done", "good"
    retried = sum(task["retry_count"] for task in tasks)
    tried = f", {retried} retried" if retried else ""
    if unit.status == UnitOfWorkStatus.PENDING:
        return f"waits{tried}", "dim"
    return f"{unit.completed} of {unit.total} tasks{tried}", ""


def _next(tasks: Sequence[Row], now: datetime) -> str:
    dues = [task["due_at"] for task in tasks if task["due_at"]]
    if not dues:
        return ""
    minutes = (min(dues) - now).total_seconds() / 60
    if minutes < 1:
        return ", now"
    return f", next {minutes:.0f}min" if minutes < 100 else f", next {minutes / 60:.0f}h"
