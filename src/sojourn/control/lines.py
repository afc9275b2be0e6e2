"""Lines to record, each checked: what it says, of which journey, and as what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sojourn.control.check import LONGEST_NAME, check_list, check_said, check_subjects
from sojourn.control.door import RefusedError
from sojourn.core.criteria import Observe
from sojourn.core.decision import Refusal
from sojourn.core.outcomes import LARGEST
from sojourn.core.paths import Path, lists_of, subjects
from sojourn.core.snapshot import Fact
from sojourn.core.work import hint

SKEW: Final = timedelta(seconds=5)
"""How far ahead of the journeys' clock a time may be."""
MOST_SAMPLES: Final = 2**31 - 1


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
class Target:
    """The journey that a line is for, with the names that its path looks at."""

    journey_id: UUID
    path: Path
    names: Mapping[Observe, frozenset[str]]
    lists: frozenset[str]


def target(journey_id: UUID, path: Path) -> Target:
    """Return a journey as a target."""
    kinds = (Observe.FACT, Observe.METRIC)
    names = {k: frozenset(subjects(path, k)) for k in kinds}
    return Target(journey_id, path, names, lists_of(path))


Key = tuple[UUID, str, datetime, str]
Row = dict[str, Any]


@dataclass(slots=True)
class Sorted:
    """Lines as what they are: rows of measurements, and facts by journey."""

    now: datetime
    actor: str
    rows: dict[Key, Row] = field(default_factory=dict)
    facts: dict[UUID, dict[str, Fact]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, line: Line, where: Target) -> None:
        """Add a line, or raise :class:`RefusedError` naming its place."""
        _check(line)
        at = _time(line, self.now)
        if _kind(line, where, self.notes) == Observe.FACT:
            fact = Fact(_fact(line, where), at, line.source or self.actor, self.actor)
            self.facts.setdefault(where.journey_id, {})[line.name] = fact
            return
        row = _measurement(line, where.journey_id, at, self.actor)
        key = (where.journey_id, line.name, at, row["source"])
        if self.rows.setdefault(key, row) != row:
            told = f"two values of {line.name} at one time from one source"
            raise bad(line, told, "give each its own time or source")


def sort(lines: Iterable[Line], targets: Mapping[str, Target], now: datetime, actor: str) -> Sorted:
    """Return the lines sorted; raises :class:`RefusedError` at the first bad one."""
    found = Sorted(now, actor)
    for line in lines:
        found.add(line, targets[line.client])
    return found


def bad(line: Line, message: str, remedy: str) -> RefusedError:
    """Return the refusal of a line."""
    where = f"{line.place}: " if line.place else ""
    return RefusedError(Refusal("invalid", f"{where}{message}", remedy))


def _check(line: Line) -> None:
    place = f"{line.place}: " if line.place else ""
    check_subjects([line.name], place)
    check_said({f"{place}source": line.source, f"{place}error": line.error})
    if len(line.source) > LONGEST_NAME:
        raise bad(
            line, f"the source {line.source[:40]!r} is too long", f"{LONGEST_NAME} characters"
        )


def _kind(line: Line, where: Target, notes: dict[str, None]) -> Observe:
    if line.name in where.lists:
        return Observe.FACT
    for kind, names in where.names.items():
        if line.name in names:
            return kind
    known = set().union(*where.names.values())
    path = where.path.name
    notes[f"no criterion of path {path} looks at {line.name}{hint(line.name, known)}"] = None
    number = isinstance(line.value, int | float) and not isinstance(line.value, bool)
    return Observe.METRIC if number or line.error is not None else Observe.FACT


def _fact(line: Line, where: Target) -> Any:
    if line.error is not None:
        raise bad(line, f"{line.name} is a fact and has no error", "give its value")
    if line.value is None:
        raise bad(line, f"{line.name} has no value", "give true, false, a text, number or list")
    place = f"{line.place}: " if line.place else ""
    check_said({f"{place}{line.name}": line.value})
    check_list(line.name, line.value, where.lists, place)
    return line.value


def _measurement(line: Line, journey_id: UUID, at: datetime, actor: str) -> Row:
    if not 1 <= line.n <= MOST_SAMPLES:
        raise bad(line, f"n is {line.n}", "n counts the samples behind the value, at least 1")
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
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and -LARGEST <= value <= LARGEST:
        return float(value)
    shown = "one so large" if isinstance(value, int) and number else f"{value!r:.40}"
    told = f"{line.name} is a metric and needs a finite number, not {shown}"
    raise bad(line, told, f"{line.name}=0.87")


def _time(line: Line, now: datetime) -> datetime:
    if line.at is None:
        return now
    if line.at.tzinfo is None:
        raise bad(line, f"{line.at.isoformat()} has no time zone", "write 2026-11-22T10:00:00Z")
    if line.at > now + SKEW:
        told = f"{line.at.isoformat()} is in the future; it is {now.isoformat(timespec='seconds')}"
        raise bad(line, told, "nothing can be known before its time")
    return line.at
