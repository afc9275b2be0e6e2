"""Notices of alerts as rows: the outbox, written by the database with each alert."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, batch, execute, fetch, one, send

_QUERIES = queries.load("notices")


async def sync(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the declared routes; others are dropped with what is still to be sent by them."""
    names = [row["name"] for row in rows]
    forget = (_QUERIES["forget"], {"names": names})
    await send(connection, [forget, *batch(_QUERIES["sync"], rows)])


async def claim(
    connection: Connection, now: datetime, routes: Sequence[str], limit: int, lease: timedelta
) -> list[Row]:
    """Take notices that are due, of some routes, each with its alert; ``now`` is real time."""
    given = {"now": now, "routes": list(routes), "limit": limit, "lease": lease}
    return await fetch(connection, _QUERIES["claim"], **given)


async def settle(
    connection: Connection, rows: Iterable[Mapping[str, Any]], now: datetime
) -> list[Row]:
    """Write how attempts went; returns route, status and error of those that counted."""
    [found] = await send(connection, batch(_QUERIES["settle"], rows, now=now)) or [[]]
    return found


async def next_due(connection: Connection, routes: Sequence[str]) -> datetime | None:
    """Return when something is to be sent or escalated next, in real time."""
    row = await one(connection, _QUERIES["next_due"], routes=list(routes))
    return row["due"] if row else None


async def escalate(connection: Connection, now: datetime) -> int:
    """Tell further routes of what nobody has acknowledged in time; returns of how many alerts."""
    row = await one(connection, _QUERIES["escalate"], now=now)
    return row["escalated"] if row else 0


async def wake(connection: Connection, now: datetime) -> int:
    """End what was snoozed until ``now``, the journeys' time; returns how many are told again."""
    row = await one(connection, _QUERIES["wake"], now=now)
    return row["reminded"] if row else 0


async def log(
    connection: Connection, limit: int = 100, *, route: str | None = None, status: str | None = None
) -> list[Row]:
    """Return what was sent and is to be sent, the newest first."""
    return await fetch(connection, _QUERIES["log"], limit=limit, route=route, status=status)


async def routes(connection: Connection) -> list[Row]:
    """Return the declared routes."""
    return await fetch(connection, _QUERIES["routes"])


async def purge(connection: Connection, before: datetime) -> None:
    """Forget notices that ended before a time."""
    await execute(connection, _QUERIES["purge"], before=before)


async def fail(connection: Connection, route: str, message: str) -> None:
    """Tell people, by their other routes, that one of them fails."""
    remedy = f"sojourn alert test {route}"
    await execute(connection, _QUERIES["fail"], route=route, message=message, remedy=remedy)


async def mend(connection: Connection, route: str) -> None:
    """End the alert of a route that works again."""
    await execute(connection, _QUERIES["mend"], route=route)
