"""Paths: their versions, what each asks for, its diagram, and what changed."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from sojourn.control.door import NotFoundError
from sojourn.core.paths import Path, StagePlan
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.graph import Box, Item, draw
from sojourn.paths import words
from sojourn.paths.diff import diff
from sojourn.paths.show import describe
from sojourn.store.paths import list_paths
from sojourn.store.sets import Row


async def paths(asked: Asked) -> Response:
    """Show all paths with their versions."""
    asked.staff()
    async with asked.door.db.connection() as connection:
        rows = await list_paths(connection)
    return await asked.page("paths.html", "Paths", groups=groups(rows))


def groups(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """Return versions by path, the newest first."""
    return [(name, list(some)[::-1]) for name, some in groupby(rows, lambda row: row["name"])]


async def path(asked: Asked) -> Response:
    """Show one version of a path, and what it changed."""
    asked.staff()
    name, version = asked.request.path_params["name"], asked.request.path_params["version"]
    async with asked.door.db.connection() as connection:
        rows = [row for row in await list_paths(connection) if row["name"] == name]
        found = await asked.door.shelf.newest(connection, name, version)
        before = await asked.door.shelf.newest(connection, name, _against(asked, version))
    if found is None:
        raise NotFoundError(f"There is no path {name}@{version}.")
    other = before if before and before.version != version else None
    return await asked.page(
        "path.html",
        f"{name}@{version}",
        one=describe(found),
        versions=rows[::-1],
        drawn=diagram(found),
        other=other,
        changes=diff(other, found) if other else [],
    )


def _against(asked: Asked, version: int) -> int:
    given = asked.given("against", 6)
    return int(given) if given.isascii() and given.isdecimal() else max(version - 1, 1)


def diagram(one: Path) -> Markup:
    """Return the stages of a path as boxes: entry, work, triggers and exit of each."""
    before = [(), *((stage.name,) for stage in one.stages)]
    found = [_box(stage, needs) for stage, needs in zip(one.stages, before, strict=False)]
    end = Box("completed", "Completed", "check", "ok", (), (one.stages[-1].name,))
    return draw([*found, end], f"Stages of {one.name}: {', '.join(one.names)}, completed")


def _box(stage: StagePlan, needs: tuple[str, ...]) -> Box:
    items = [
        Item(f"Entry: {_counted(stage.entry)}", "lock", "wait", _names(stage.entry)),
        Item(
            f"Work: {len(stage.work)} units", "agent", "busy", ", ".join(u.name for u in stage.work)
        ),
    ]
    if stage.rollout:
        waves = " → ".join(f"{wave.percent} %" for wave in stage.rollout.waves)
        items.append(Item(f"Rollout: {waves}", "users", "busy"))
    kinds = ", ".join(t.kind.replace("_", " ") for t in stage.triggers)
    items.append(Item(f"Triggers: {len(stage.triggers)}", "undo", "bad", kinds))
    items.append(Item(f"Exit: {_counted(stage.exit)}", "check", "ok", _names(stage.exit)))
    note = f"{stage.name}: {words.schedule(stage)}"
    return Box(stage.name, stage.title or stage.name, "path", "busy", items, needs, note)


def _counted(gate: Any) -> str:
    n = len(gate.criteria)
    return f"{n} {'criterion' if n == 1 else 'criteria'}"


def _names(gate: Any) -> str:
    return ", ".join(c.name for c in gate.criteria)
