"""A door whose clock stands still until a test sets it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sojourn.control.door import Door
from sojourn.store.clock import Clock
from sojourn.store.postgres import Database

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class StillClock(Clock):
    """Shows what it was set to; a second of the journeys' time is a second of real time."""

    def now(self) -> datetime:
        return self.shown

    def real(self, span: timedelta) -> float:
        return span.total_seconds()


def still_door(db: Database, now: datetime = START) -> Door:
    """Return a door at a moment."""
    return Door(db, StillClock(now, 0.0))


def set_time(door: Door, now: datetime) -> None:
    """Let a door's clock show another moment."""
    door.clock = replace(door.clock, shown=now)


def later(door: Door, **span: float) -> datetime:
    """Set a door's clock ahead, and return what it shows then."""
    set_time(door, door.now() + timedelta(**span))
    return door.now()


async def rows(db: Database, query: str, *params: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    async with db.connection() as connection:
        cursor = await connection.execute(query.encode(), params)
        return await cursor.fetchall() if cursor.description else []


TABLES = (
    "journey_states",
    "journey_events",
    "units_of_work",
    "tasks",
    "measurements",
    "facts",
    "approvals",
    "validation_results",
    "rollback_history",
    "alerts",
    "wakeups",
    "paths",
    "transitions",
)


async def dump(db: Database) -> dict[str, list[str]]:
    """Return everything that the database holds of journeys."""
    return {
        table: [row[0] for row in await rows(db, f"SELECT t::text FROM {table} t ORDER BY 1")]
        for table in TABLES
    }
