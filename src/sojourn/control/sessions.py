"""Browsers' sessions: begun with a one-time link or a key, ended by hand or by time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from sojourn.control.door import Door, NotFoundError, RefusedError
from sojourn.control.keys import ALONE, Principal, check_person
from sojourn.core.decision import Refusal
from sojourn.store import sessions
from sojourn.store.sets import Connection, Row

LINK_LASTS: Final = timedelta(hours=1)
LINK_LONGEST: Final = timedelta(days=7)
SESSION_LASTS: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session; ``token`` goes into the browser's cookie and is kept nowhere else."""

    token: str
    principal: Principal


async def create_link(
    door: Door, actor: str, roles: Sequence[str], lasts: timedelta = LINK_LASTS
) -> str:
    """Return the token of a link that logs an actor in once; RefusedError for roles of no person."""
    check_person(actor, tuple(roles))
    if bound := sorted(set(roles) & set(ALONE)):
        told = f"a link is for people of the house, not for role {bound[0]}"
        raise RefusedError(Refusal("invalid", told, "make a key: sojourn key create"))
    if not timedelta(0) < lasts <= LINK_LONGEST:
        told = "a link is good for more than no time and a week at most"
        raise RefusedError(Refusal("invalid", told, "such as 1h"))
    token = secrets.token_urlsafe(32)
    async with door.db.connection() as connection:
        await sessions.add_link(connection, _hash(token), actor, roles, lasts)
    return token


async def follow_link(door: Door, token: str) -> Begun | None:
    """Begin a session with a link; None where it is unknown, used or too old.

    A link is used up with the session that it began, and not without.
    """
    async with door.db.transaction() as connection:
        row = await sessions.take_link(connection, _hash(token))
        if row is None:
            return None
        principal = Principal(row["actor"], tuple(row["roles"]))
        return await _begun(connection, principal, SESSION_LASTS)


async def begin(door: Door, principal: Principal, lasts: timedelta = SESSION_LASTS) -> Begun:
    """Begin a session; one that began with a key ends with it."""
    async with door.db.connection() as connection:
        return await _begun(connection, principal, lasts)


async def _begun(connection: Connection, principal: Principal, lasts: timedelta) -> Begun:
    token = secrets.token_urlsafe(32)
    await sessions.purge(connection)
    row = await sessions.add(
        connection,
        _hash(token),
        secrets.token_urlsafe(32),
        principal.actor,
        principal.roles,
        lasts,
        client_id=principal.client_id,
        key_id=principal.key_id,
    )
    return Begun(token, _principal(row))


async def find(door: Door, token: str) -> Principal | None:
    """Return whose session a token is; None where it has ended."""
    async with door.db.connection() as connection:
        row = await sessions.find(connection, _hash(token))
    return _principal(row) if row else None


async def end(door: Door, token: str) -> None:
    """End a session."""
    async with door.db.connection() as connection:
        await sessions.end(connection, _hash(token))


async def signed_in(door: Door) -> list[Row]:
    """Return the sessions that are open, and the links that nobody has followed yet."""
    async with door.db.connection() as connection:
        return await sessions.list_open(connection)


async def end_all(door: Door, actor: str) -> int:
    """End all sessions and links of an actor; return how many. Raises :class:`NotFoundError`."""
    async with door.db.connection() as connection:
        ended = await sessions.end_all(connection, actor)
    if not ended:
        raise NotFoundError(f"{actor!r} is not signed in; see: sojourn user list")
    return ended


def _principal(row: Row) -> Principal:
    names = ("actor", "client_id", "key_id", "csrf", "expires_at")
    return Principal(roles=tuple(row["roles"]), **{name: row[name] for name in names})


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
