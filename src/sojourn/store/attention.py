"""Alerts for people: lists of them, and who has taken note of which."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, fetch, one

_QUERIES = queries.load("attention")
FILTERS = ("journey_id", "client_id", "open", "severity", "kind", "alert_id")
"""What a list of alerts can be narrowed by."""


async def list_alerts(connection: Connection, limit: int = 500, **filters: Any) -> list[Row]:
    """Return alerts, the gravest and oldest first; see FILTERS."""
    return await fetch(
        connection, _QUERIES["list"], limit=limit, **dict.fromkeys(FILTERS) | filters
    )


async def find(connection: Connection, journey_id: UUID | None, alert_id: int) -> Row | None:
    """Return an open alert; without a journey a condition of the installation."""
    rows = await list_alerts(connection, journey_id=journey_id, alert_id=alert_id, open=True)
    return next((row for row in rows if row["journey_id"] == journey_id), None)


async def acknowledge(
    connection: Connection,
    journey_id: UUID | None,
    alert_id: int,
    actor: str,
    now: datetime,
    until: datetime | None = None,
    owner: str | None = None,
    seen: str | None = None,
) -> bool:
    """Note who has seen an open alert, until when it stays quiet, and whose it is from now on.

    Without a journey it is a condition of the installation. False if it is not open, or if it is
    not ``seen`` (empty: nobody; None: no matter who) who had taken note of it last.
    """
    name = "acknowledge" if journey_id else "acknowledge_system"
    given = {"journey_id": journey_id, "alert_id": alert_id, "actor": actor, "owner": owner}
    row = await one(connection, _QUERIES[name], now=now, until=until, seen=seen, **given)
    return row is not None
