"""Alerts for people: lists of them, and who has taken note of which."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, fetch, one

_QUERIES = queries.load("attention")
FILTERS = ("journey_id", "client_id", "open", "severity", "kind")
"""What a list of alerts can be narrowed by."""


async def list_alerts(connection: Connection, limit: int = 500, **filters: Any) -> list[Row]:
    """Return alerts, the gravest and oldest first; see FILTERS."""
    return await fetch(
        connection, _QUERIES["list"], limit=limit, **dict.fromkeys(FILTERS) | filters
    )


async def acknowledge(
    connection: Connection,
    journey_id: UUID,
    alert_id: int,
    actor: str,
    now: datetime,
    until: datetime | None = None,
) -> bool:
    """Note who has seen an open alert, and until when it stays quiet; False if it is not open."""
    given = {"journey_id": journey_id, "alert_id": alert_id, "actor": actor}
    row = await one(connection, _QUERIES["acknowledge"], now=now, until=until, **given)
    return row is not None
