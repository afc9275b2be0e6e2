"""Recording metrics and facts: one or many, all of them or none."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sojourn.control.door import Door, RefusedError
from sojourn.control.write import observed, write
from sojourn.core.commands import RecordFacts
from sojourn.core.criteria import Observe
from sojourn.core.decide import decide
from sojourn.core.decision import Refusal
from sojourn.core.paths import Path, subjects
from sojourn.core.work import hint
from sojourn.store import journeys, measurements
from sojourn.store.sets import Connection, Row
from sojourn.store.transactions import dry, in_transaction

SKEW: Final = timedelta(seconds=5)
"""How far ahead of the journeys' clock a time may be."""
CHUNK: Final = 5_000
LONGEST_NAME: Final = 100
LONGEST_TEXT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to record; ``place`` says where it came from, for errors (``data.csv:7``)."""

    client: str
    name: str
    value: Any
    at: datetime | None = None
    n: int = 1
    source: str = ""
    error: str | None = None
    """What a source said instead of a value."""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of recording: measurements that are new, that were known, and facts."""

    measurements: int
    known: int
    facts: int
    notes: tuple[str, ...] = ()


async def record_lines(
    door: Door, lines: Sequence[Line], actor: str, *, dry_run: bool = False
) -> Recorded:
    """Record lines for active journeys; raises :class:`RefusedError` naming the first bad line."""

    async def work(connection: Connection) -> Recorded:
        now = door.now()
        targets = await _targets(connection, door, lines)
        rows, facts, notes = _sorted(lines, targets, now, actor)
        fresh = 0
        for begin in range(0, len(rows), CHUNK):
            fresh += await measurements.insert(connection, rows[begin : begin + CHUNK])
        if facts:
            await _record_facts(connection, door, facts, actor)
        return Recorded(fresh, len(rows) - fresh, sum(map(len, facts.values())), tuple(notes))

    return await (dry if dry_run else in_transaction)(door.db, work)


Targets = Mapping[str, tuple[UUID, Path]]


async def _targets(connection: Connection, door: Door, lines: Sequence[Line]) -> Targets:
    names = {line.client for line in lines}
    rows = await journeys.resolve(connection, names)
    await door.shelf.load(connection, (row["path_id"] for row in rows))
    found = {r["name"]: (r["journey_id"], door.shelf[r["path_id"]]) for r in rows}
    for line in lines:
        if line.client not in found:
            raise _bad(
                line, f"no journey of client {line.client!r}", f"sojourn start {line.client}"
            )
    return found


def _sorted(
    lines: Iterable[Line], targets: Targets, now: datetime, actor: str
) -> tuple[list[Row], dict[UUID, dict[str, Any]], list[str]]:
    rows: list[Row] = []
    facts: dict[UUID, dict[str, Any]] = {}
    notes: dict[str, None] = {}
    for line in lines:
        journey_id, path = targets[line.client]
        kind = _kind(line, path, notes)
        if kind == Observe.FACT:
            facts.setdefault(journey_id, {})[line.name] = _fact(line)
        else:
            rows.append(_measurement(line, journey_id, now, actor))
    return rows, facts, list(notes)


def _kind(line: Line, path: Path, notes: dict[str, None]) -> Observe:
    _check_name(line)
    known = {k: subjects(path, k) for k in (Observe.FACT, Observe.METRIC)}
    for kind, names in known.items():
        if line.name in names:
            return kind
    both = known[Observe.FACT] | known[Observe.METRIC]
    notes[f"no criterion of path {path.name} looks at {line.name}{hint(line.name, both)}"] = None
    number = isinstance(line.value, int | float) and not isinstance(line.value, bool)
    return Observe.METRIC if number or line.error is not None else Observe.FACT


def _check_name(line: Line) -> None:
    plain = line.name.replace("_", "").replace(".", "").replace("-", "")
    if not (plain.isalnum() and plain.isascii() and len(line.name) <= LONGEST_NAME):
        raise _bad(line, f"{line.name[:40]!r} is no name", "letters, digits, '_', '-' and '.'")


def _fact(line: Line) -> Any:
    if line.value is None:
        raise _bad(line, f"{line.name} has no value", "give true, false, a text, number or list")
    if len(str(line.value)) > LONGEST_TEXT or "\x00" in str(line.value):
        raise _bad(line, f"the value of {line.name} is too long", f"{LONGEST_TEXT} characters")
    return line.value


def _measurement(line: Line, journey_id: UUID, now: datetime, actor: str) -> Row:
    at = _time(line, now)
    if line.n < 1 or line.n > 2**31 - 1:
        raise _bad(line, f"n is {line.n}", "n counts the samples behind the value, at least 1")
    return {
        "journey_id": journey_id,
        "metric": line.name,
        "at": at,
        "source": line.source or actor,
        "value": None if line.error is not None else _number(line),
        "n": line.n,
        "error": line.error,
    }


def _number(line: Line) -> float:
    value = line.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        told = f"{line.name} is a metric and needs a finite number, not {value!r:.40}"
        raise _bad(line, told, f"{line.name}=0.87")
    return float(value)


def _time(line: Line, now: datetime) -> datetime:
    if line.at is None:
        return now
    if line.at.tzinfo is None:
        raise _bad(line, f"{line.at.isoformat()} has no time zone", "write 2026-11-22T10:00:00Z")
    if line.at > now + SKEW:
        told = f"{line.at.isoformat()} is in the future; it is {now.isoformat(timespec='seconds')}"
        raise _bad(line, told, "a measurement cannot come from the future")
    return line.at


def _bad(line: Line, message: str, remedy: str) -> RefusedError:
    where = f"{line.place}: " if line.place else ""
    return RefusedError(Refusal("invalid", f"{where}{message}", remedy))


async def _record_facts(
    connection: Connection, door: Door, facts: Mapping[UUID, Mapping[str, Any]], actor: str
) -> None:
    now = door.now()
    shots = await journeys.load(connection, facts, door.shelf, lock=True)
    shots = await observed(connection, shots, now)
    commands = {k: RecordFacts(actor=actor, facts=told) for k, told in facts.items()}
    decisions = [decide(shot, now, commands[key]) for key, shot in shots.items()]
    await write(connection, decisions, door.shelf, now)
    await journeys.send_wake(connection, list(facts))
