"""Browsers' sessions and one-time login links as rows; of every token only its hash is kept."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, execute, fetch, one

_QUERIES = queries.load("sessions")


async def add_link(
    connection: Connection, token_hash: bytes, actor: str, roles: Sequence[str], lasts: timedelta
) -> None:
    """Keep a login link."""
    given = {"token_hash": token_hash, "actor": actor, "roles": list(roles), "lasts": lasts}
    await execute(connection, _QUERIES["add_link"], **given)


async def take_link(connection: Connection, token_hash: bytes) -> Row | None:
    """Use a login link up; None where it is unknown, used or too old."""
    row = await one(connection, _QUERIES["take_link"], token_hash=token_hash)
    return row if row and row["good"] else None


async def add(
    connection: Connection,
    token_hash: bytes,
    csrf: str,
    actor: str,
    roles: Sequence[str],
    lasts: timedelta,
    *,
    client_id: str | None = None,
    key_id: UUID | None = None,
) -> Row:
    """Begin a session."""
    row = await one(
        connection,
        _QUERIES["add"],
        token_hash=token_hash,
        csrf=csrf,
        actor=actor,
        roles=list(roles),
        client_id=client_id,
        key_id=key_id,
        lasts=lasts,
    )
    if row is None:
        raise LookupError("the session was not written")
    return row


async def find(connection: Connection, token_hash: bytes) -> Row | None:
    """Return a session that is good now."""
    return await one(connection, _QUERIES["find"], token_hash=token_hash)


async def end(connection: Connection, token_hash: bytes) -> None:
    """End a session."""
    await execute(connection, _QUERIES["end"], token_hash=token_hash)


async def list_open(connection: Connection) -> list[Row]:
    """Return open sessions, and links that can still be followed."""
    return await fetch(connection, _QUERIES["list_open"])


async def end_all(connection: Connection, actor: str) -> int:
    """End all sessions and links of an actor; return how many."""
    row = await one(connection, _QUERIES["end_all"], actor=actor)
    return row["ended"] if row else 0


async def purge(connection: Connection) -> None:
    """Forget what has run out."""
    await execute(connection, _QUERIES["purge"])
