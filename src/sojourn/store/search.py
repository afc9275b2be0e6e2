"""Finding and listing for people: journeys, events and units."""

from typing import Any, Final
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, fetch, one

_QUERIES = queries.load("search")
FILTERS: Final = (
    "stage", "ball", "schedule", "path", "owner", "held", "active", "search", "after",
)  # fmt: skip
"""What a page of journeys can be narrowed by."""


async def clients_like(connection: Connection, prefix: str, limit: int) -> list[str]:
    """Return the names of clients that begin with a prefix, in order."""
    rows = await fetch(connection, _QUERIES["clients_like"], prefix=prefix, limit=limit)
    return [row["client_id"] for row in rows]


async def page(connection: Connection, limit: int, **filters: Any) -> list[Row]:
    """Return journeys whole, in order of key; see FILTERS. ``search`` is part of a client's name."""
    params = dict.fromkeys(FILTERS) | filters
    return await fetch(connection, _QUERIES["page"], limit=limit, **params)


async def tail(
    connection: Connection, journey_id: UUID | None, limit: int, kind: str | None = None
) -> list[Row]:
    """Return the newest events of a journey or of all, oldest first.

    ``kind`` is a type of event, or the name of a transition event.
    """
    params = {"journey_id": journey_id, "type": kind, "limit": limit}
    return await fetch(connection, _QUERIES["tail"], **params)


async def since(
    connection: Connection,
    after: int,
    journey_id: UUID | None,
    limit: int,
    kind: str | None = None,
) -> list[Row]:
    """Return events after an id, of a journey or of all, oldest first; ``kind`` as in tail."""
    params = {"after": after, "journey_id": journey_id, "type": kind, "limit": limit}
    return await fetch(connection, _QUERIES["since"], **params)


async def newest_event(connection: Connection) -> int:
    """Return the id of the newest event, 0 where there is none."""
    row = await one(connection, _QUERIES["newest_event"])
    return int(row["event_id"]) if row else 0


async def units_called(
    connection: Connection, unit: str, journey_id: UUID | None = None
) -> list[Row]:
    """Return the units that a name may mean: an external id, ours, or a name; newest first."""
    return await fetch(connection, _QUERIES["units_called"], unit=unit, journey_id=journey_id)


async def unit_names(connection: Connection, journey_id: UUID) -> list[Row]:
    """Return the ids and names of all units of a journey, those of the newest visit first."""
    return await fetch(connection, _QUERIES["unit_names"], journey_id=journey_id)


async def figures(connection: Connection) -> Row:
    """Return counts of journeys, the size in bytes and the server's version."""
    row = await one(connection, _QUERIES["figures"])
    return row or {}


async def applied(connection: Connection) -> list[int]:
    """Return the versions of the migrations that the database has; none of an empty one."""
    there = await one(connection, _QUERIES["has_history"])
    if there is None or not there["there"]:
        return []
    return [row["version"] for row in await fetch(connection, _QUERIES["applied"])]
