"""Units of work and their tasks as people and programs see them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.table import Table
from rich.text import Text

from sojourn.cli import documents, screen, times
from sojourn.core.work import Progress, UnitOfWorkStatus
from sojourn.store.sets import Row

MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "pending": ("·", "dim"),
    "running": ("▶", "bold"),
    "completed": ("✓", "good"),
    "failed": ("✗", "bad"),
    "rolled_back": ("↩", "warn"),
}
OWN: Final = ("agent_id", "name", "status", "retry_count", "max_retries", "depends_on")
TIMES: Final = ("started_at", "completed_at", "deadline_at", "due_at")
COLUMNS: Final = ("unit, task", "!status", "#done", "#retries", "", "!agent")
LIVELY: Final = ("running", "failed")
SHOWN: Final = 20
"""How many of a unit's tasks are listed, those first that are of interest; the rest is counted."""


def status(word: str) -> Text:
    """Return the status of a unit or task with its icon."""
    icon, style = MARKS[word]
    return screen.text(f"{icon} {word.replace('_', ' ')}", style)


def described(unit: Progress, tasks: Iterable[Row]) -> documents.Document:
    """Return a unit of the present visit as JSON, with all that is known of its tasks."""
    return {
        "uow_id": unit.uow_id,
        "name": unit.name,
        "purpose": unit.purpose,
        "status": unit.status,
        "required": unit.required,
        "every_s": unit.every.total_seconds() if unit.every else None,
        "runs": unit.runs,
        "dependencies": list(unit.dependencies),
        "tasks": [_described(t) for t in tasks if str(t["uow_id"]) == unit.uow_id],
    }


def _described(task: Row) -> documents.Document:
    kept = {key: task[key] for key in ("task_id", *OWN, *TIMES, "question", "error")}
    return kept | {"output_data": task["output_data"]}


def listed(
    units: Sequence[Progress], tasks: Sequence[Row], now: datetime, *, brief: bool = False
) -> Table:
    """Return units and their tasks as one table; ``brief`` has only tasks that run or failed."""
    rows: list[list[object]] = []
    for unit in units:
        count = f"{unit.completed}/{unit.total}"
        name = screen.text(unit.name, "bold")
        rows.append([name, status(_standing(unit)), count, "", _repeats(unit), ""])
        mine = [t for t in tasks if str(t["uow_id"]) == unit.uow_id]
        rows += _task_rows([t for t in mine if not brief or t["status"] in LIVELY], now)
    shown = len(COLUMNS) - screen.narrow()
    return screen.table(COLUMNS[:shown], (row[:shown] for row in rows))


def _standing(unit: Progress) -> str:
    """Return how a unit stands; one that repeats has completed once it has run."""
    again = unit.runs and unit.status == UnitOfWorkStatus.PENDING
    return UnitOfWorkStatus.COMPLETED if again else unit.status


def _repeats(unit: Progress) -> str:
    optional = "" if unit.required else "optional"
    ran = f"ran {unit.runs} times" if unit.every and unit.runs else ""
    return ", ".join(word for word in (optional, ran) if word)


def _task_rows(tasks: Sequence[Row], now: datetime) -> list[list[object]]:
    """Return the tasks as rows: all of a few; of many, those first that failed, ask or run."""
    if len(tasks) <= SHOWN:
        return [_task_row(task, now) for task in tasks]
    first = sorted(tasks, key=_interest)
    rest = Counter(task["status"] for task in first[SHOWN:])
    counts = ", ".join(f"{n:,} {word}" for word, n in rest.items())
    more = screen.text(f"  and {len(tasks) - SHOWN:,} more: {counts}", "dim")
    return [*(_task_row(task, now) for task in first[:SHOWN]), [more, "", "", "", "", ""]]


def _interest(task: Row) -> int:
    """Return how soon a task is of interest: failed, asking, running, about to begin, done."""
    asks = task["status"] == "running" and task["question"]
    order = ("failed", "asks", "running", "pending", "completed")
    return order.index("asks" if asks else task["status"])


def _task_row(task: Row, now: datetime) -> list[object]:
    retries = f"{task['retry_count']}/{task['max_retries']}" if task["retry_count"] else ""
    shown = f"  {task['name']}"
    return [shown, status(task["status"]), "", retries, _told(task, now), task["agent_id"]]


def _told(task: Row, now: datetime) -> str:
    if task["question"]:
        asked, agent = task["question"].get("prompt", ""), task["agent_id"]
        return f"asks: {asked} ({agent} waits)"
    if task["error"]:
        return str(task["error"].get("message", ""))
    if task["status"] == "pending" and task["timed"] and task["due_at"]:
        return f"again {times.ago(task['due_at'], now)}"
    return ""
