"""A journey's work: units and tasks as boxes and arrows, and each task in a line."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from starlette.responses import Response

from sojourn.core.work import Progress
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.graph import Box, Item, draw
from sojourn.dashboard.statuses import status
from sojourn.dashboard.subject import subject_of
from sojourn.dashboard.telling import days, number, seconds
from sojourn.store import work as store
from sojourn.store.sets import Row

SHOWN = 12
"""Tasks of a unit that are drawn; the table has more."""
MOST = 300
"""Tasks that are listed unless all are asked for."""


async def work(asked: Asked) -> Response:
    """Show the work of the journey's present visit."""
    subject = await subject_of(asked)
    journey, visit = subject.row["journey_id"], subject.row["visit"]
    most = None if asked.request.query_params.get("all") else MOST
    async with asked.door.db.connection() as connection:
        rows = await store.tasks_of(connection, journey, visit, most, SHOWN)
        busy = _busy(await store.standings(connection, journey, visit))
    tasks, units = [line(row, asked.now) for row in rows], subject.shot.units
    drawn = draw(boxes(units, tasks), "Units of work and what they depend on")
    return await subject.page("work", tasks=tasks, units=units, drawn=drawn, busy=busy)


def _busy(counts: Iterable[Row]) -> dict[str, int]:
    found = Counter[str]()
    for row in counts:
        found[standing(row)] += row["tasks"]
    return dict(found)


def standing(row: Mapping[str, Any]) -> str:
    """Return how a task stands: one with a question asks, one of a held journey is held."""
    if row["status"] == "running" and row["question"]:
        return "asking"
    return "held" if row["held"] and row["status"] == "pending" else str(row["status"])


def line(row: Row, now: datetime) -> Row:
    """Return a task's row with what people read of it."""
    began, ended = row["started_at"], row["completed_at"]
    over = ended if row["status"] in ("completed", "failed") and ended else now
    took = (over - began).total_seconds() if began and row["status"] != "pending" else None
    return row | {
        "standing": standing(row),
        "took": max(took, 0.0) if took is not None else None,
        "output": written(row["output_data"]),
        "trouble": (row["error"] or {}).get("message", ""),
        "prompt": (row["question"] or {}).get("prompt", ""),
    }


def written(value: Any) -> str:
    """Return a value as JSON that people read; nothing for nothing."""
    if value is None:
        return ""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()[:20_000]


def boxes(units: Iterable[Progress], tasks: Sequence[Row]) -> list[Box]:
    """Return units with their tasks as boxes."""
    return [_box(unit, [t for t in tasks if str(t["uow_id"]) == unit.uow_id]) for unit in units]


def _box(unit: Progress, tasks: Sequence[Row]) -> Box:
    look = status("work", unit.status)
    items = [_item(task) for task in tasks[:SHOWN]]
    if unit.total > len(items):
        items.append(Item(f"and {number(unit.total - len(items))} more", "list"))
    again = f", every {days(unit.every)}, {unit.runs} runs" if unit.every else ""
    optional = "" if unit.required else ", not required"
    note = f"{unit.name}: {look.word.lower()}, {unit.completed} of {unit.total} tasks{again}"
    text = f"{unit.name} ↻" if unit.every else unit.name
    return Box(
        unit.uow_id, text, look.icon, look.tone, items, unit.dependencies, f"{note}{optional}"
    )


def _item(task: Row) -> Item:
    look = status("work", task["standing"])
    took = f", {seconds(task['took'])}" if task["took"] is not None else ""
    tries = f", attempt {task['retry_count'] + 1}" if task["retry_count"] else ""
    title = f"{task['name']} ({task['agent_id']}): {look.word.lower()}{took}{tries}"
    return Item(task["name"], look.icon, look.tone, title)
