"""Deliveries of events to webhooks: the outbox, written by the database with each event."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, batch, execute, fetch, one, send

_QUERIES = queries.load("deliveries")


async def claim(
    connection: Connection, now: datetime, limit: int, each: int, lease: timedelta
) -> list[Row]:
    """Take up to ``limit`` due deliveries, so that no subscription has more than ``each``."""
    given = {"now": now, "limit": limit, "each": each, "lease": lease}
    return await fetch(connection, _QUERIES["claim"], **given)


async def settle(
    connection: Connection, rows: Iterable[Mapping[str, Any]], now: datetime
) -> list[UUID]:
    """Write how attempts went; returns the subscriptions of which one failed for good."""
    [found] = await send(connection, batch(_QUERIES["settle"], rows, now=now)) or [[]]
    return [row["subscription_id"] for row in found]


async def next_due(connection: Connection) -> datetime | None:
    """Return when a delivery is due next, in real time."""
    row = await one(connection, _QUERIES["next_due"])
    return row["due"] if row else None


async def add_test(connection: Connection, subscription_id: UUID) -> UUID | None:
    """Add a test delivery; None where there is no such subscription."""
    row = await one(connection, _QUERIES["add_test"], subscription_id=subscription_id)
    await tell(connection)
    return row["delivery_id"] if row else None


async def replay(connection: Connection, subscription_id: UUID, delivery_id: UUID) -> UUID | None:
    """Send a delivery's event again under a new id; None where there is no such delivery."""
    given = {"subscription_id": subscription_id, "delivery_id": delivery_id}
    row = await one(connection, _QUERIES["replay"], **given)
    await tell(connection)
    return row["delivery_id"] if row else None


async def tell(connection: Connection) -> None:
    """Wake whoever delivers."""
    await execute(connection, _QUERIES["tell"])


async def log(
    connection: Connection,
    subscription_id: UUID,
    limit: int = 100,
    *,
    status: str | None = None,
    delivery_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
) -> list[Row]:
    """Return a subscription's deliveries, the newest first."""
    at, before_id = before or (None, None)
    given = {"status": status, "delivery_id": delivery_id, "before": at, "before_id": before_id}
    query = _QUERIES["log"]
    return await fetch(connection, query, subscription_id=subscription_id, limit=limit, **given)


async def purge(connection: Connection, before: datetime) -> None:
    """Forget deliveries that ended before a time."""
    await execute(connection, _QUERIES["purge"], before=before)
