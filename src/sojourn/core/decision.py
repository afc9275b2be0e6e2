"""A decision: the next state with everything that has to be written together with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sojourn.core.criteria import ValidationResult
from sojourn.core.journal import ENGINE, Event
from sojourn.core.journeys import Ball, JourneyState, Schedule
from sojourn.core.snapshot import Fact, GateMemory, OpenRollback, Ruling, Snapshot, Trip
from sojourn.core.stages import Stage
from sojourn.core.work import Progress, UnitOfWork, UnitOfWorkStatus


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing (but perhaps a failed attempt) was done, and what would help.

    ``code`` is stable for machines: ``illegal``, ``gate``, ``role``, ``held``, ``not_found``,
    ``invalid``, ``conflict``.
    """

    code: str
    message: str
    remedy: str = ""
    result: ValidationResult | None = None


@dataclass(frozen=True, slots=True)
class UnitChange:
    """A unit's new status; ``run`` says that it has completed once more."""

    uow_id: str
    status: UnitOfWorkStatus
    run: bool = False


@dataclass(frozen=True, slots=True)
class Rearm:
    """A repeated unit whose tasks start afresh at ``due_at``."""

    uow_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Requeue:
    """A task that a person sends on: a failed one again, or a waiting one with its answer."""

    uow_id: str
    task_id: str
    answer: Any = None
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class GateRecord:
    """A gate attempt with all its checks, for validation_results."""

    place: str
    kind: str
    """``auto``, ``manual``, ``entry`` or ``rollback``."""
    actor: str
    result: ValidationResult
    attempt: int
    visit: int = 1


@dataclass(frozen=True, slots=True)
class RollbackChange:
    """A line of rollback_history: begun, or what became of it."""

    rollback_id: UUID
    status: str
    """``executing``, ``failed``, ``completed`` or ``cancelled``."""
    begun: OpenRollback | None = None
    result: ValidationResult | None = None
    completed: bool = False
    cause: str = ""
    actor: str = ""
    deadline_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition that a person should know of: one per (journey, kind, subject).

    ``actual`` against ``expected`` is what it is about in numbers, ``cause`` the likely reason;
    each is empty where there is none to tell.
    """

    kind: str
    subject: str
    severity: str
    """``page``, ``notify`` or ``digest``."""
    message: str
    remedy: str
    actual: str = ""
    expected: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What lists and filters show of the journey as decided."""

    ball: Ball
    waiting_for: str
    schedule: Schedule
    gate: GateMemory | None
    possible_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """All consequences of one decision, written in one transaction or not at all."""

    before: Snapshot
    state: JourneyState
    view: View
    due_at: datetime | None
    events: tuple[Event, ...] = ()
    plans: tuple[UnitOfWork, ...] = ()
    changes: tuple[UnitChange, ...] = ()
    release: tuple[str, ...] = ()
    rearm: tuple[Rearm, ...] = ()
    withdraw: tuple[str, ...] = ()
    requeue: tuple[Requeue, ...] = ()
    freeze: bool | None = None
    thaw_by: timedelta = timedelta(0)
    rulings: tuple[Ruling, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    gates: tuple[GateRecord, ...] = ()
    rollback: RollbackChange | None = None
    trips: Mapping[str, Trip] = field(default_factory=dict)
    raised: tuple[Alert, ...] = ()
    resolved: tuple[tuple[str, str], ...] = ()
    result: ValidationResult | None = None
    refusal: Refusal | None = None


class Draft:
    """A decision in the making; the steps of :mod:`sojourn.core.decide` add to it in turn."""

    def __init__(self, shot: Snapshot, now: datetime, actor: str = ENGINE) -> None:
        self.shot = shot
        self.now = now
        self.actor = actor
        self.state = shot.state
        self.units: dict[str, Progress] = {u.uow_id: u for u in shot.units}
        self.seen = shot.seen
        self.facts: dict[str, Fact] = {}
        self.rulings: list[Ruling] = []
        self.events: list[Event] = []
        self.plans: list[UnitOfWork] = []
        self.changes: dict[str, UnitChange] = {}
        self.release: list[str] = []
        self.rearm: list[Rearm] = []
        self.withdraw: list[str] = []
        self.requeue: list[Requeue] = []
        self.freeze: bool | None = None
        self.thaw_by = timedelta(0)
        self.gates: list[GateRecord] = []
        self.rollback: RollbackChange | None = None
        self.trips: dict[str, Trip] = dict(shot.trips)
        self.memory: GateMemory | None = shot.gate
        self.alerts: dict[tuple[str, str], Alert] = {}
        self.result: ValidationResult | None = None
        self.refusal: Refusal | None = None

    @property
    def current(self) -> Snapshot:
        """Return the snapshot as it stands after the steps so far."""
        return replace(
            self.shot,
            state=self.state,
            units=tuple(self.units.values()),
            facts=self.known,
            seen=self.seen,
            rulings=(*self.shot.rulings, *self.rulings),
            gate=self.memory,
            rollback=self.open_rollback,
        )

    @property
    def known(self) -> dict[str, Fact]:
        """Return the latest word on every fact: the snapshot's, with what was recorded since."""
        return {**self.shot.facts, **self.facts}

    @property
    def open_rollback(self) -> OpenRollback | None:
        """Return the rollback in progress: the one begun just now, or the snapshot's."""
        change = self.rollback
        if change and change.begun:
            return change.begun
        return None if change and change.completed else self.shot.rollback

    def event(self, type: str, reason: str = "", cause: str = "", **data: Any) -> None:  # noqa: A002
        """Add a fact to the journal, at this moment and by this actor."""
        self.events.append(Event(type, self.now, self.actor, reason, cause, data))

    def move(
        self, event: str, reason: str = "", cause: str = "", target: Stage | None = None
    ) -> None:
        """Make a transition; an illegal one raises before anything is changed.

        What was seen and done belongs to the stage left: nothing of it counts in the one entered.
        """
        left = self.state.current_stage
        self.state = self.state.transition(event, self.now, self.shot.path.table, target)
        entered = self.state.current_stage
        data: dict[str, Any] = {"visit": self.state.visit}
        if self.state.target_stage:
            data["target"] = self.state.target_stage
        row = Event("transition", self.now, self.actor, reason, cause, data, (left, event, entered))
        self.events.append(row)
        self.memory, self.result = None, None
        self.units, self.seen = {}, {}
        self.trips = {name: replace(trip, since=None) for name, trip in self.trips.items()}

    def change(self, unit: Progress, status: UnitOfWorkStatus, *, run: bool = False) -> None:
        """Set a unit's status."""
        runs = unit.runs + run
        self.units[unit.uow_id] = replace(unit, status=status, runs=runs)
        self.changes[unit.uow_id] = UnitChange(unit.uow_id, status, run)

    def take_back(self, unit: Progress, status: UnitOfWorkStatus) -> None:
        """Withdraw a unit: nothing of it is sent any more, whatever was decided a moment ago."""
        gone = unit.uow_id
        self.withdraw.append(gone)
        self.release = [uow_id for uow_id in self.release if uow_id != gone]
        self.rearm = [rearm for rearm in self.rearm if rearm.uow_id != gone]
        self.requeue = [requeue for requeue in self.requeue if requeue.uow_id != gone]
        self.change(unit, status)

    def plan(self, units: Iterable[UnitOfWork]) -> None:
        """Add new units; those whose dependencies are done already are released at once."""
        done = {u.uow_id for u in self.units.values() if u.done}
        for unit in units:
            self.plans.append(unit)
            self.units[unit.uow_id] = progress_of(unit)
            if done.issuperset(unit.dependencies):
                self.release.append(unit.uow_id)

    def alert(self, alert: Alert) -> None:
        """Tell people of a condition that was found on the way."""
        self.alerts[alert.kind, alert.subject] = alert

    def refuse(
        self, code: str, message: str, remedy: str = "", result: ValidationResult | None = None
    ) -> None:
        """Refuse what was asked; the first refusal stands."""
        self.refusal = self.refusal or Refusal(code, message, remedy, result)


def progress_of(unit: UnitOfWork) -> Progress:
    """Return a new unit's progress: nothing has begun."""
    return Progress(
        uow_id=unit.uow_id,
        name=unit.name,
        stage=unit.stage,
        visit=unit.visit,
        purpose=unit.purpose,
        status=unit.status,
        dependencies=unit.dependencies,
        required=unit.required,
        every=unit.every,
        wave=unit.wave,
        total=len(unit.tasks),
        live=sum(not t.depends_on for t in unit.tasks),
    )


def derived_id(journey_id: UUID, *parts: object) -> UUID:
    """Return the id of a part of a journey: the same parts give the same id, whoever plans them."""
    return uuid5(journey_id, "/".join(map(str, parts)))
