"""The portfolio: all journeys at once, as rows for lists and for figures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, fetch, one

_QUERIES = queries.load("portfolio")
FILTERS = (
    "stage",
    "ball",
    "schedule",
    "path",
    "owner",
    "client",
    "held",
    "active",
    "search",
    "after",
)
"""What a list of journeys can be narrowed by; ``search`` is part of a client's name."""


async def journey(connection: Connection, journey_id: UUID) -> Row | None:
    """Return one journey as people look at it, with the number of its newest event."""
    return await one(connection, _QUERIES["journey"], journey_id=journey_id)


async def journeys(connection: Connection, limit: int, **filters: Any) -> list[Row]:
    """Return journeys in order of key; see FILTERS."""
    return await fetch(
        connection, _QUERIES["journeys"], limit=limit, **dict.fromkeys(FILTERS) | filters
    )


async def histories(
    connection: Connection,
    path: str | None = None,
    owner: str | None = None,
    then: datetime | None = None,
) -> list[Row]:
    """Return one line per journey; its success is the first entry into its path's last stage.

    Columns that end in ``_then`` count what had happened until ``then``.
    """
    return await fetch(connection, _QUERIES["histories"], path=path, owner=owner, then=then)


async def visits(
    connection: Connection, path: str | None = None, owner: str | None = None
) -> list[Row]:
    """Return every visit of a stage."""
    return await fetch(connection, _QUERIES["visits"], path=path, owner=owner)


async def attention(
    connection: Connection,
    now: datetime,
    limit: int,
    *,
    path: str | None = None,
    owner: str | None = None,
) -> list[Row]:
    """Return the journeys that need somebody, the most urgent first."""
    return await fetch(
        connection, _QUERIES["attention"], now=now, limit=limit, path=path, owner=owner
    )
