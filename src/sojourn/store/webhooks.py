"""Webhook subscriptions as rows: who is told of which events."""

from collections.abc import Sequence
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, execute, fetch, one

_QUERIES = queries.load("webhooks")
DISABLED = "webhook_disabled"
"""The kind of alert that a disabled subscription raises."""


async def insert(
    connection: Connection,
    url: str,
    types: Sequence[str],
    secret: str,
    created_by: str,
    *,
    label: str = "",
    client_id: str | None = None,
) -> Row:
    """Add a subscription; ``types`` are event types, or beginnings of them that end in ``*``."""
    given = {"url": url, "types": list(types), "secret": secret, "created_by": created_by}
    row = await one(connection, _QUERIES["insert"], label=label, client_id=client_id, **given)
    if row is None:
        raise LookupError("the subscription was not written")
    return row | {"pending": 0}


async def list_subscriptions(
    connection: Connection, subscription_id: UUID | None = None
) -> list[Row]:
    """Return all subscriptions, or one."""
    return await fetch(connection, _QUERIES["list"], subscription_id=subscription_id)


async def rotate(connection: Connection, subscription_id: UUID, secret: str) -> bool:
    """Give a subscription a new secret; say whether there is one of this id."""
    given = {"subscription_id": subscription_id, "secret": secret}
    return await one(connection, _QUERIES["rotate"], **given) is not None


async def switch(
    connection: Connection, subscription_id: UUID, *, active: bool, why: str = ""
) -> bool:
    """Switch a subscription on, or off for a reason; its alert ends when it is switched on."""
    given = {"subscription_id": subscription_id, "active": active, "why": why}
    found = await one(connection, _QUERIES["switch"], **given) is not None
    if found and active:
        await resolve_alert(connection, subscription_id)
    return found


async def delete(connection: Connection, subscription_id: UUID) -> bool:
    """Remove a subscription; say whether there was one of this id."""
    found = await one(connection, _QUERIES["delete"], subscription_id=subscription_id)
    await resolve_alert(connection, subscription_id)
    return found is not None


async def raise_alert(
    connection: Connection, subscription_id: UUID, message: str, remedy: str
) -> None:
    """Tell people that a subscription was disabled."""
    given = {"kind": DISABLED, "subject": str(subscription_id), "severity": "notify"}
    await execute(connection, _QUERIES["raise_alert"], message=message, remedy=remedy, **given)


async def resolve_alert(connection: Connection, subscription_id: UUID) -> None:
    """End the alert of a subscription."""
    await execute(
        connection, _QUERIES["resolve_alert"], kind=DISABLED, subject=str(subscription_id)
    )
