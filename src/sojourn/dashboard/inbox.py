"""What waits for a person: approvals, agents' questions, and tasks that have failed."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from sojourn.control.door import Door
from sojourn.core.criteria import Criterion, Observe
from sojourn.core.paths import Path, criteria_of
from sojourn.dashboard.asking import Asked
from sojourn.store import dashboard as store
from sojourn.store.sets import Row

MOST: Final = 100


async def inbox(asked: Asked) -> Response:
    """Show everything that waits for somebody."""
    asked.staff()
    async with asked.door.db.connection() as connection:
        await asked.door.shelf.load(connection, await store.running_paths(connection))
        wanted = await _asked_for(asked.door, connection)
        names = {key: set(found) for key, found in wanted.items()}
        waiting = await store.approvals_waiting(connection, names, asked.most(MOST))
        troubles = await store.troubles(connection, MOST)
    approvals = [approval(row, wanted[row["path_id"]]) for row in waiting]
    questions = [row for row in troubles if row["status"] == "running"]
    failed = [row for row in troubles if row["status"] == "failed"]
    return await asked.page(
        "inbox.html", "Inbox", approvals=approvals, questions=questions, failed=failed, most=MOST
    )


async def _asked_for(door: Door, connection: Any) -> dict[int, dict[str, Criterion]]:
    keys = await store.running_paths(connection)
    return {key: approvals_of(door.shelf[key]) for key in keys}


def approvals_of(path: Path) -> dict[str, Criterion]:
    """Return the approvals that a path asks for at its gates, by name."""
    found = [c for stage in path.stages for _, c in criteria_of(stage)]
    return {c.name: c for c in found if c.observe == Observe.APPROVAL}


def approval(row: Row, wanted: Mapping[str, Criterion]) -> Row:
    """Return a journey that waits for an approval, with what its path asks for."""
    criterion = wanted[row["criterion"]]
    others = [name for name in row["gate"]["failing"] if name != criterion.name]
    return row | {
        "title": criterion.title or criterion.name,
        "roles": list(criterion.approval.roles) if criterion.approval else ["approver"],
        "ball": criterion.ball,
        "others": others,
    }
