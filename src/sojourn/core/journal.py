"""The journal's events and the hash chain that makes them tamper-evident."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from math import isfinite
from typing import Any, Final
from uuid import UUID

from sojourn.core.stages import Stage

GENESIS: Final = bytes(32)
"""What the first event of a journey is chained to."""
INTEGERS: Final = range(-(2**63), 2**64)
"""The whole numbers that survive being written as JSON and read back."""
_UNKEEPABLE: Final = re.compile("[\0\ud800-\udfff]")
ENGINE: Final = "engine"
"""The actor of what the engine does by itself."""


_PLAIN: Final = frozenset({str, int, bool, type(None)})


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


@lru_cache(maxsize=1)
def _spelled(at: datetime) -> str:
    """Return a time's one spelling; a decision's events are all of one time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(journey_id: UUID, seq: int, event: Event) -> bytes:
    """Return the one spelling of an event, which survives a round trip through the database."""
    left, name, entered = event.transition or (None, None, None)
    fields = {
        "journey": str(journey_id),
        "seq": seq,
        "type": event.type,
        "at": _spelled(event.at),
        "actor": event.actor,
        "reason": event.reason,
        "cause": event.cause,
        "data": plain(event.data),
        "transition": [left, name, entered],
    }
    return _dumps(fields).encode()


def spell(value: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces, whole floats as integers."""
    return _dumps(plain(value))


_dumps: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON cannot hold becomes its string."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float):
        if not isfinite(value):
            return str(value)
        # From its shortest decimal, which is what the database is given and gives back.
        return int(Decimal(repr(value))) if value.is_integer() else value
    if isinstance(value, str | int):
        return str(value) if isinstance(value, str) else int(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(v) for v in value), key=spell)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def keepable(value: Any, place: str) -> None:
    """Do nothing for a value that the database can keep as JSON; ValueError names the place."""
    if not _surely_keepable(value):
        _search(value, place)


def _surely_keepable(value: Any) -> bool:
    """Say of plain JSON whether it can be kept; of anything else that it has to be looked at."""
    kind = type(value)
    if kind is str:
        return value.isprintable() or _UNKEEPABLE.search(value) is None
    if kind is dict:
        return all(map(_surely_keepable, value)) and all(map(_surely_keepable, value.values()))
    if kind is list:
        return all(map(_surely_keepable, value))
    if kind is float:
        return isfinite(value)
    return value is None or kind is bool or (kind is int and value in INTEGERS)


def _search(value: Any, place: str) -> None:
    if isinstance(value, dict | Mapping):
        for key, part in value.items():
            _search(str(key), place)
            _search(part, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            _search(part, f"{place}[{index}]")
    elif why := _unkeepable(value):
        raise ValueError(f"{place:.120}: {why}")


def _unkeepable(value: Any) -> str | None:
    if isinstance(value, str):
        bad = _UNKEEPABLE.search(value)
        return f"the character {bad[0]!r} cannot be kept" if bad else None
    if isinstance(value, float):
        return None if isfinite(value) else f"{value} is not a number"
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return None if value in INTEGERS else "a whole number of more than 64 bits"
    return f"{type(value).__name__} is not JSON"


def readable(text: str) -> str:
    """Return a text from outside with the characters that the database cannot keep replaced."""
    return _UNKEEPABLE.sub("\N{REPLACEMENT CHARACTER}", text)


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
