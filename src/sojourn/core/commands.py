"""What people (and programs for them) ask of a journey. Each command says who asks, as what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sojourn.core.paths import Path, RollbackTrigger
from sojourn.core.stages import Stage
from sojourn.core.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What all commands have: who asks, with which roles, and why."""

    actor: str
    roles: tuple[str, ...] = ("operator",)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote(Asked):
    """Pass the gate that the journey stands before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Asked):
    """Approve a criterion; ``evidence_hash`` is what the person looked at, if they say so."""

    criterion: str
    evidence_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Asked):
    """Reject a criterion that asks for approval."""

    criterion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waive(Asked):
    """Set a criterion aside for a time."""

    criterion: str
    lasts: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack(Asked):
    """Roll the journey back, by default to the previous stable stage."""

    trigger: str = RollbackTrigger.CLIENT_REQUEST
    target: Stage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldJourney(Asked):
    """Freeze the journey's clocks and dispatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Asked):
    """End a hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Asked):
    """End the journey without success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryFailed(Asked):
    """Send failed tasks again: all of the visit, or one task (``unit`` is its unit's name or id)."""

    unit: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuestion(Asked):
    """Answer what an agent asked; without names, the only question that is open."""

    answer: Any
    unit: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts(Asked):
    """Say what is the case, now; or when and from where, where a fact is given as such."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitWork(Asked):
    """Add a unit of work to the present stage."""

    unit: UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrate(Asked):
    """Move the journey to another version of its path, or to another path."""

    path: Path


Command = (
    Promote
    | Approve
    | Reject
    | Waive
    | RollBack
    | HoldJourney
    | Resume
    | Cancel
    | RetryFailed
    | AnswerQuestion
    | RecordFacts
    | SubmitWork
    | Migrate
)
