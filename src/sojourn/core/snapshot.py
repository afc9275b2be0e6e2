"""What one decision looks at: a journey, its path and all evidence, as of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sojourn.core.criteria import Observation
from sojourn.core.journal import GENESIS
from sojourn.core.journeys import JourneyState
from sojourn.core.paths import Path
from sojourn.core.stages import Stage
from sojourn.core.work import Progress, Task, UnitOfWork


class Answer(StrEnum):
    """What a person said about a criterion."""

    APPROVE = "approve"
    REJECT = "reject"
    WAIVE = "waive"


@dataclass(frozen=True, slots=True)
class Fact:
    """The latest word on something that is not a number of a series."""

    value: Any
    at: datetime
    source: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """An approval, a rejection or a waiver of one criterion at one visit of a stage.

    ``evidence`` maps every other check that the person saw to its verdict; ``evidence_hash`` is
    its fingerprint.
    """

    criterion: str
    answer: Answer
    actor: str
    roles: tuple[str, ...]
    at: datetime
    visit: int
    reason: str = ""
    expires_at: datetime | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)
    evidence_hash: str = ""


@dataclass(frozen=True, slots=True)
class Trip:
    """What a trigger remembers: since when it has tripped on end, and its last effect."""

    since: datetime | None = None
    acted_at: datetime | None = None
    evidence_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenRollback:
    """A rollback in progress, as in rollback_history."""

    rollback_id: UUID
    from_stage: Stage
    target: Stage
    trigger: str
    reason: str
    started_at: datetime
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class GateMemory:
    """The last evaluation of the gate that the journey stands before, and its attempts so far."""

    place: str
    visit: int
    verdict: str
    passed: int
    total: int
    failing: tuple[str, ...] = ()
    attempts: int = 0
    attempted: tuple[str, ...] = ()
    """Checks that have failed an attempt already: each is a cause that was told."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One journey at one moment. ``seen`` maps ``place/criterion`` to what was observed,
    ``alerts`` are the keys of those that are open, ``asked`` since when each approval has been
    waited for, ``undoable`` the completed tasks of stages
    that a rollback would leave (only loaded where one is being decided), oldest first.
    """

    state: JourneyState
    path: Path
    units: tuple[Progress, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    seen: Mapping[str, Observation] = field(default_factory=dict)
    rulings: tuple[Ruling, ...] = ()
    gate: GateMemory | None = None
    trips: Mapping[str, Trip] = field(default_factory=dict)
    rollback: OpenRollback | None = None
    alerts: frozenset[tuple[str, str]] = frozenset()
    asked: Mapping[str, datetime] = field(default_factory=dict)
    undoable: tuple[tuple[UnitOfWork, Task], ...] = ()
    seq: int = 0
    hash: bytes = GENESIS
    version: int = 0


def span(value: timedelta) -> str:
    """Return a duration as people say it, in its two largest units: ``2d 3h``, ``40s``."""
    seconds = round(value.total_seconds())
    if seconds < 0:
        return f"-{span(-value)}"
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{name}")
    return " ".join(parts[:2]) or "0s"
