"""The messenger's door: taking due notices of alerts, and writing how they went, in sets."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sojourn.control.door import Door
from sojourn.control.routes import Route, row
from sojourn.store import notices
from sojourn.store.sets import Connection, Row
from sojourn.store.transactions import in_transaction

KEPT: Final = timedelta(days=30)
"""How long the log of notices goes back."""


async def declare(door: Door, routes: Sequence[Route]) -> None:
    """Write down which routes there are, for alerts to be enqueued as they are raised."""

    async def put(connection: Connection) -> None:
        await notices.sync(connection, [row(route) for route in routes])

    await in_transaction(door.db, put)


async def claim(
    door: Door, now: datetime, routes: Sequence[str], limit: int, lease: timedelta
) -> list[Row]:
    """Take due notices of some routes; ``now`` is real time."""

    async def take(connection: Connection) -> list[Row]:
        return await notices.claim(connection, now, routes, limit, lease)

    return await in_transaction(door.db, take)


async def settle(door: Door, outcomes: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Write how attempts went; that a route fails for good is an alert of its own."""

    async def put(connection: Connection) -> None:
        counted = await notices.settle(connection, outcomes, now)
        failed = {r["route"]: r["last_error"] for r in counted if r["status"] == "failed"}
        good = {r["route"] for r in counted if r["status"] == "delivered"}
        for route in sorted(failed.keys() - good):
            told = f"alerts by {route} do not arrive: {failed[route]}"
            await notices.fail(connection, route, told)
        for route in sorted(good):
            await notices.mend(connection, route)

    await in_transaction(door.db, put)


async def rise(door: Door, now: datetime) -> int:
    """Tell further people of what nobody has acknowledged, and again of what was put off.

    ``now`` is real time. Returns how many alerts are told.
    """

    async def work(connection: Connection) -> int:
        escalated = await notices.escalate(connection, now)
        return escalated + await notices.wake(connection, door.now())

    return await in_transaction(door.db, work)


async def next_notice(door: Door, routes: Sequence[str]) -> datetime | None:
    """Return when a notice is due next, or escalates, in real time."""
    async with door.db.connection() as connection:
        return await notices.next_due(connection, routes)


async def tidy(door: Door, now: datetime) -> None:
    """Forget old notices."""
    async with door.db.connection() as connection:
        await notices.purge(connection, now - KEPT)
