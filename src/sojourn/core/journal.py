"""The journal's events and the hash chain that makes them tamper-evident."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sojourn.core.stages import Stage

GENESIS: Final = bytes(32)
"""What the first event of a journey is chained to."""
ENGINE: Final = "engine"
"""The actor of what the engine does by itself."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact of a journey's history; ``transition`` is (stage left, event, stage entered)."""

    type: str
    at: datetime
    actor: str = ENGINE
    reason: str = ""
    cause: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    transition: tuple[Stage | None, str, Stage] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in its place: numbered without gaps from 1, chained to the one before."""

    journey_id: UUID
    seq: int
    event: Event
    prev_hash: bytes
    hash: bytes


def digest(journey_id: UUID, seq: int, event: Event, prev: bytes) -> bytes:
    """Return sha256(previous hash ‖ canonical event), 32 bytes."""
    return sha256(prev + canonical(journey_id, seq, event)).digest()


def canonical(journey_id: UUID, seq: int, event: Event) -> bytes:
    """Return the one spelling of an event, which survives a round trip through the database."""
    left, name, entered = event.transition or (None, None, None)
    fields = {
        "journey": str(journey_id),
        "seq": seq,
        "type": event.type,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor,
        "reason": event.reason,
        "cause": event.cause,
        "data": plain(event.data),
        "transition": [left, name, entered],
    }
    return spell(fields).encode()


def spell(value: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces, whole floats as integers."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON cannot hold becomes its string."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return value.isoformat() if isinstance(value, datetime) else str(value)


def append(journey_id: UUID, seq: int, prev: bytes, events: Iterable[Event]) -> list[Entry]:
    """Chain events after the entry numbered ``seq`` (0 and GENESIS for a new journey)."""
    entries: list[Entry] = []
    for event in events:
        seq += 1
        link = digest(journey_id, seq, event, prev)
        entries.append(Entry(journey_id, seq, event, prev, link))
        prev = link
    return entries


def verify(entries: Iterable[Entry]) -> list[str]:
    """Return what is wrong with one journey's entries, in order of seq; empty when nothing is."""
    faults: list[str] = []
    seq, prev = 0, GENESIS
    for entry in entries:
        seq += 1
        faults += _faults(entry, seq, prev)
        seq, prev = entry.seq, entry.hash
    return faults


def _faults(entry: Entry, seq: int, prev: bytes) -> list[str]:
    where = f"journey {entry.journey_id} event {entry.seq}"
    faults = []
    if entry.seq != seq:
        faults.append(f"{where}: number {seq} is missing")
    if entry.prev_hash != prev:
        faults.append(f"{where}: not chained to the event before it")
    if digest(entry.journey_id, entry.seq, entry.event, entry.prev_hash) != entry.hash:
        faults.append(f"{where}: its content was changed")
    return faults
