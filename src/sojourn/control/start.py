"""Starting journeys."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sojourn.control.change import accepted
from sojourn.control.door import Door, RefusedError
from sojourn.control.write import write
from sojourn.core.decide import start as decide_start
from sojourn.core.decision import Decision, Refusal
from sojourn.core.journeys import default_key
from sojourn.core.paths import Path
from sojourn.core.snapshot import Fact
from sojourn.store.journeys import find
from sojourn.store.sets import Connection
from sojourn.store.transactions import TakenError, dry, in_transaction

LONGEST_NAME = 100


async def start(
    door: Door,
    path: Path,
    client_id: str,
    actor: str,
    *,
    journey_key: str = "",
    metadata: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    owner: str | None = None,
    dry_run: bool = False,
) -> Decision:
    """Start a journey for a client on a path, with what is known of the client already.

    Raises :class:`RefusedError` for a bad name, and where the client has an active journey on
    this path.
    """
    check_name(client_id)

    async def work(connection: Connection) -> Decision:
        now = door.now()
        pinned = await door.shelf.register(connection, path)
        key = journey_key or await _free_key(connection, client_id, now)
        known = {name: Fact(v, now, actor, actor) for name, v in (facts or {}).items()}
        decision = decide_start(
            pinned,
            client_id,
            new_id(now),
            now,
            actor,
            journey_key=key,
            metadata=metadata,
            facts=known,
            owner=owner,
        )
        await write(connection, [decision], door.shelf, now)
        return decision

    try:
        return accepted(await (dry if dry_run else in_transaction)(door.db, work))
    except TakenError as taken:
        raise RefusedError(_taken(taken.constraint, client_id, path.name, journey_key)) from None


def _taken(constraint: str, client_id: str, path: str, key: str) -> Refusal:
    if constraint == "one_active_journey":
        told = f"{client_id} has an active journey on path {path} already"
        return Refusal("conflict", told, f"sojourn show {client_id}")
    told = f"the journey key {key or default_key(client_id, datetime.now().astimezone())} is taken"
    return Refusal("conflict", told, "give another with --key")


async def _free_key(connection: Connection, client_id: str, now: datetime) -> str:
    base = default_key(client_id, now)
    key, count = base, 1
    while any(row["journey_key"] == key for row in await find(connection, key)):
        count += 1
        key = f"{base}-{count}"
    return key


def check_name(client_id: str) -> None:
    """Refuse a client's name that lists, URLs or terminals could not bear."""
    plain = client_id.strip() == client_id and client_id.isprintable()
    if client_id and plain and len(client_id) <= LONGEST_NAME and "/" not in client_id:
        return
    told = f"{client_id[:40]!r} is no name for a client"
    remedy = f"1 to {LONGEST_NAME} printable characters, no '/', no space at its ends"
    raise RefusedError(Refusal("invalid", told, remedy))


def new_id(now: datetime) -> UUID:
    """Return a UUID of version 7: in order of time, so that new rows stand together (RFC 9562)."""
    stamp = int(now.timestamp() * 1000) & (1 << 48) - 1
    rest = secrets.randbits(74)
    value = stamp << 80 | 0x7 << 76 | (rest >> 62) << 64 | 0b10 << 62 | rest & (1 << 62) - 1
    return UUID(int=value)
