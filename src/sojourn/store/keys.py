"""API keys as rows: a public prefix to find a key by, and the hash of its secret."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, execute, fetch, one

_QUERIES = queries.load("keys")


async def insert(connection: Connection, *, lasts: timedelta | None, **columns: Any) -> Row:
    """Add a key that lasts for a time, or until it is revoked; returns it without its hash."""
    row = await one(connection, _QUERIES["insert"], lasts=lasts, **columns)
    if row is None:
        raise LookupError("the key was not written")
    return row


async def valid(connection: Connection, prefix: str) -> Row | None:
    """Return the key of a prefix with its hash, if it is good now."""
    return await one(connection, _QUERIES["valid"], prefix=prefix)


async def list_keys(connection: Connection, limit: int = 1000) -> list[Row]:
    """Return keys, the newest first; their secrets are nowhere."""
    return await fetch(connection, _QUERIES["list"], limit=limit)


async def revoke(connection: Connection, name: str) -> Row | None:
    """Revoke the key of a prefix or id, with its sessions; None if there is none."""
    return await one(connection, _QUERIES["revoke"], name=name)


async def used(connection: Connection, key_id: UUID) -> None:
    """Note that a key is in use."""
    await execute(connection, _QUERIES["used"], key_id=key_id)
