"""The notifier's door: taking due deliveries, and writing how they went, always in sets."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sojourn.control.door import Door
from sojourn.store import deliveries, idempotency, sessions, webhooks
from sojourn.store.sets import Connection, Row
from sojourn.store.transactions import in_transaction

KEPT: Final = timedelta(days=30)
"""How long the log of deliveries goes back."""
REMEDY: Final = "mend the receiver, then switch the webhook on again"


async def claim(door: Door, now: datetime, limit: int, each: int, lease: timedelta) -> list[Row]:
    """Take due deliveries; ``now`` is real time."""

    async def take(connection: Connection) -> list[Row]:
        return await deliveries.claim(connection, now, limit, each, lease)

    return await in_transaction(door.db, take)


async def settle(door: Door, outcomes: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Write how attempts went; a subscription whose delivery failed for good is disabled."""

    async def put(connection: Connection) -> None:
        failed = set(await deliveries.settle(connection, outcomes, now))
        told = next((o["last_error"] for o in outcomes if o["status"] == "failed"), "")
        for subscription_id in sorted(failed):
            [row] = await webhooks.list_subscriptions(connection, subscription_id)
            why = f"deliveries failed for good: {told}"
            await webhooks.switch(connection, subscription_id, active=False, why=why)
            message = f"{row['label'] or row['url']}: {why}"
            await webhooks.raise_alert(connection, subscription_id, message, REMEDY)

    await in_transaction(door.db, put)


async def next_delivery(door: Door) -> datetime | None:
    """Return when a delivery is due next, in real time."""
    async with door.db.connection() as connection:
        return await deliveries.next_due(connection)


async def tidy(door: Door, now: datetime) -> None:
    """Forget old deliveries, requests whose answers nobody will ask for, and ended sessions."""
    async with door.db.connection() as connection:
        await deliveries.purge(connection, now - KEPT)
        await idempotency.purge(connection)
        await sessions.purge(connection)
