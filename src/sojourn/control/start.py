"""Starting journeys."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from sojourn.control.check import check_list, check_name, check_said, check_subjects
from sojourn.control.door import Door, RefusedError
from sojourn.control.traces import span
from sojourn.control.write import write
from sojourn.core.decide import start as decide_start
from sojourn.core.decision import Decision, Refusal
from sojourn.core.journeys import default_key
from sojourn.core.paths import Path, lists_of
from sojourn.core.snapshot import Fact
from sojourn.store.journeys import taken_keys
from sojourn.store.sets import Connection
from sojourn.store.transactions import TakenError, dry, in_transaction

KEY = "journey_states_journey_key_key"
ATTEMPTS = 3
"""How often a key is chosen that another start may take meanwhile."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a journey begins with; without a key it gets ``journey-<client>-<year>``."""

    client_id: str
    journey_key: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    owner: str | None = None


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
    begin = Beginning(client_id, journey_key, metadata or {}, facts or {}, owner)
    [decision] = await start_many(door, path, [begin], actor, dry_run=dry_run)
    return decision


async def start_many(
    door: Door, path: Path, beginnings: Sequence[Beginning], actor: str, *, dry_run: bool = False
) -> list[Decision]:
    """Start journeys for many clients on one path: all of them or none."""
    lists = lists_of(path)
    for begin in beginnings:
        _check(begin, actor)
        for name, value in begin.facts.items():
            check_list(name, value, lists)

    async def work(connection: Connection) -> list[Decision]:
        now, shelf = door.now(), door.shelf.fork()
        pinned = await shelf.register(connection, path)
        keys = await _keys(connection, beginnings, now)
        pairs = zip(beginnings, keys, strict=True)
        decisions = [_begun(pinned, begin, key, now, actor) for begin, key in pairs]
        await write(connection, decisions, shelf, now)
        return decisions

    given = {begin.journey_key for begin in beginnings}
    for attempt in count(1):
        try:
            with span("command Start", path=path.name, journeys=len(beginnings), actor=actor):
                return await (dry if dry_run else in_transaction)(door.db, work)
        except TakenError as taken:
            chosen = taken.constraint == KEY and taken.value not in given
            if not chosen or attempt == ATTEMPTS:
                raise RefusedError(_taken(taken, path.name)) from None
    raise AssertionError("unreachable")


def _check(begin: Beginning, actor: str) -> None:
    check_name(begin.client_id)
    if begin.journey_key:
        check_name(begin.journey_key, "journey")
    check_subjects(begin.facts)
    check_said({"actor": actor, "owner": begin.owner})
    check_said({"metadata": begin.metadata, "facts": begin.facts})


def _begun(path: Path, begin: Beginning, key: str, now: datetime, actor: str) -> Decision:
    known = {name: Fact(value, now, actor, actor) for name, value in begin.facts.items()}
    return decide_start(
        path,
        begin.client_id,
        new_id(now),
        now,
        actor,
        journey_key=key,
        metadata=begin.metadata,
        facts=known,
        owner=begin.owner,
    )


def _taken(taken: TakenError, path: str) -> Refusal:
    if taken.constraint == "one_active_journey":
        told = f"{taken.value} has an active journey on path {path} already"
        return Refusal("conflict", told, f"sojourn show {taken.value}")
    return Refusal("conflict", f"the journey key {taken.value} is taken", "give another with --key")


async def _keys(
    connection: Connection, beginnings: Sequence[Beginning], now: datetime
) -> list[str]:
    """Return each journey's key: the given one, or the first of its client's that is free."""
    taken = await taken_keys(connection, [b.client_id for b in beginnings])
    return [b.journey_key or _free(default_key(b.client_id, now), taken) for b in beginnings]


def _free(base: str, taken: set[str]) -> str:
    numbered = (f"{base}-{n}" if n > 1 else base for n in count(1))
    key = next(k for k in numbered if k not in taken)
    taken.add(key)
    return key


def new_id(now: datetime) -> UUID:
    """Return a UUID of version 7: in order of time, so that new rows stand together (RFC 9562)."""
    stamp = int(now.timestamp() * 1000) & (1 << 48) - 1
    rest = secrets.randbits(74)
    value = stamp << 80 | 0x7 << 76 | (rest >> 62) << 64 | 0b10 << 62 | rest & (1 << 62) - 1
    return UUID(int=value)
