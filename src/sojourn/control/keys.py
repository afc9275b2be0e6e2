"""API keys: made, listed, revoked, and told from one another."""

import asyncio
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sojourn.control.door import Door, NotFoundError, RefusedError
from sojourn.core.decision import Refusal
from sojourn.store import keys

ROLES: Final = ("viewer", "operator", "approver", "admin", "agent", "client")
"""What a key can be scoped to. A path's approvals may ask for roles of its own beside these."""
ALONE: Final = ("agent", "client")
"""Roles that are bound to one agent or one client, and stand alone."""
LONGEST: Final = timedelta(days=3650)
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TOKEN = re.compile(r"sojourn_([a-z2-7]{10})_([a-z2-7]{52})")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
# A key's secret has 256 random bits and needs no slow hash; the hash only makes a stolen table
# useless, so it is kept light enough to be computed for every stranger.
_HASHER: Final = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: an actor with roles, bound to one client or one agent where the key is."""

    actor: str
    roles: tuple[str, ...]
    client_id: str | None = None
    agent_id: str | None = None
    key_id: UUID | None = None
    csrf: str = ""
    """For a browser's session: what its requests that change something must repeat."""
    expires_at: datetime | None = None

    def any_of(self, *roles: str) -> bool:
        """Say whether the principal has one of some roles."""
        return not set(roles).isdisjoint(self.roles)

    @property
    def identity(self) -> str:
        """Return what tells this principal from others, for what is kept of its requests."""
        return f"{self.key_id or 'session'}:{self.actor}"


@dataclass(frozen=True, slots=True)
class Created:
    """A new key; ``token`` is shown once and kept nowhere."""

    token: str
    row: dict[str, Any]


async def create(
    door: Door,
    actor: str,
    roles: Iterable[str],
    by: str,
    *,
    label: str = "",
    client_id: str | None = None,
    agent_id: str | None = None,
    lasts: timedelta | None = None,
) -> Created:
    """Make a key for an actor; raises :class:`RefusedError` for roles that cannot be.

    A key of role ``client`` names its client, one of role ``agent`` its agent; an agent's actor is
    its id. ``lasts`` of None is until it is revoked.
    """
    named = tuple(dict.fromkeys(roles))
    actor = agent_id or actor
    _check(actor, named, client_id, agent_id, lasts)
    token, prefix, secret = new_token()
    async with door.db.transaction() as connection:
        row = await keys.insert(
            connection,
            lasts=lasts,
            prefix=prefix,
            hash=_HASHER.hash(secret),
            actor=actor,
            label=label,
            roles=list(named),
            client_id=client_id,
            agent_id=agent_id,
            created_by=by,
        )
    return Created(token, row)


async def list_keys(door: Door) -> list[dict[str, Any]]:
    """Return all keys, the newest first."""
    async with door.db.connection() as connection:
        return await keys.list_keys(connection)


async def revoke(door: Door, name: str) -> dict[str, Any]:
    """Revoke the key of a prefix or id at once; raises :class:`NotFoundError`."""
    async with door.db.connection() as connection:
        row = await keys.revoke(connection, name)
    if row is None:
        raise NotFoundError(f"there is no key {name!r}; see: sojourn key list")
    return row


async def find(door: Door, token: str) -> Principal | None:
    """Return whose key a token is; None for one that is unknown, expired or revoked."""
    match = _TOKEN.fullmatch(token)
    if not match:
        return None
    async with door.db.connection() as connection:
        row = await keys.valid(connection, match[1])
    # Off the event loop and outside of any connection: hashing takes milliseconds.
    if row is None or not await asyncio.to_thread(verified, row["hash"], match[2]):
        return None
    async with door.db.connection() as connection:
        await keys.used(connection, row["key_id"])
    names = ("actor", "client_id", "agent_id", "key_id", "expires_at")
    return Principal(roles=tuple(row["roles"]), **{name: row[name] for name in names})


def verified(hashed: str, secret: str) -> bool:
    """Say whether a secret has this hash."""
    try:
        return _HASHER.verify(hashed, secret)
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> tuple[str, str, str]:
    """Return a new token, and the prefix and the secret that it is made of."""
    prefix, secret = (_letters(count) for count in (10, 52))
    return f"sojourn_{prefix}_{secret}", prefix, secret


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def check_person(actor: str, roles: tuple[str, ...]) -> None:
    """Refuse a name that no person can have, and roles that cannot be; raises RefusedError."""
    if not (actor and actor.isprintable() and actor.strip() == actor and len(actor) <= 100):
        raise _bad("an actor has 1 to 100 printable characters", "such as ann")
    if actor == "engine":
        raise _bad("'engine' is the engine's own name in the journal", "another actor")
    _check_roles(roles)


def _check(
    actor: str,
    roles: tuple[str, ...],
    client_id: str | None,
    agent_id: str | None,
    lasts: timedelta | None,
) -> None:
    check_person(actor, roles)
    for role, bound in (("client", client_id), ("agent", agent_id)):
        if (role in roles) != (bound is not None):
            raise _bad(f"role {role} and the {role} it is bound to go together", f"--{role} NAME")
    if lasts is not None and not timedelta(0) < lasts <= LONGEST:
        raise _bad("a key lasts more than no time and ten years at most", "--expires 90d")


def _check_roles(roles: tuple[str, ...]) -> None:
    there = ", ".join(ROLES)
    if not roles:
        raise _bad("a role is needed", f"one of {there}")
    for role in roles:
        if meant := _meant(role):
            raise _bad(f"there is no role {role!r}", f"did you mean {meant}?")
        if not _ROLE.fullmatch(role):
            raise _bad(f"{role!r:.60} is no role", f"one of {there}, or one that a path asks for")
    if len(roles) > 1 and (alone := [r for r in ALONE if r in roles]):
        raise _bad(f"role {alone[0]} stands alone", "make a key for each")


def _meant(role: str) -> str | None:
    """Return the role that a slip of the pen was meant to be; ``reviewer`` is no slip."""
    if role in ROLES:
        return None
    close = get_close_matches(role, ROLES, n=1, cutoff=0.8)
    slips = [r for r in ROLES if sorted(r) == sorted(role)]
    return next((r for r in [*slips, *close] if abs(len(r) - len(role)) < 2), None)


def _bad(message: str, remedy: str) -> RefusedError:
    return RefusedError(Refusal("invalid", message, remedy))
