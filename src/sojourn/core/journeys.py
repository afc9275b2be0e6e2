"""A journey's state, its immutable transitions and its clocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sojourn.core.stages import (
    RESERVED,
    TERMINAL,
    TRANSITIONS,
    IllegalTransition,
    Stage,
    Table,
    TransitionEvent,
    as_stage,
    next_stage,
)

NO_ID: Final = UUID(int=0)
EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


class Ball(StrEnum):
    """Who has to act now for the journey to move."""

    AGENT = "agent"
    CLIENT = "client"
    APPROVER = "approver"
    OPERATOR = "operator"
    SOAK = "soak"
    NOBODY = "nobody"


class Schedule(StrEnum):
    """The journey against its plan; independent of stage, hold and risk."""

    AHEAD = "ahead"
    ON_TRACK = "on_track"
    BEHIND = "behind"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time; ``until`` is None while it lasts."""

    since: datetime
    until: datetime | None = None

    def overlap(self, since: datetime, until: datetime) -> timedelta:
        """Return how much of [since, until] the interval covers."""
        start, end = max(self.since, since), min(self.until or until, until)
        return max(end - start, timedelta(0))


@dataclass(frozen=True, slots=True)
class Hold:
    """A journey paused by a person or by policy: clocks and dispatch stand still."""

    since: datetime
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class Soak:
    """Healthy time gathered in one place (a wave or a gate); only healthy time counts.

    ``key`` names the place and visit, ``healthy`` is what was gathered until ``at``, and ``good``
    says whether everything held at that moment.
    """

    key: str
    healthy: timedelta
    at: datetime
    good: bool


@dataclass(frozen=True, slots=True)
class JourneyState:
    """One client's place on its path (the specification's fields first). It never changes:
    a transition returns another state.
    """

    client_id: str
    current_stage: Stage
    previous_stage: Stage | None
    started_at: datetime
    stage_started_at: datetime
    completed_stages: tuple[Stage, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    journey_id: UUID = NO_ID
    journey_key: str = ""
    visit: int = 1
    """Counts entries into stages; work, approvals and evidence belong to a visit."""
    admitted_at: datetime | None = None
    """When the stage's entry gate opened; its work is planned at that moment."""
    target_stage: Stage | None = None
    """Where a rollback in progress returns to."""
    hold: Hold | None = None
    holds: tuple[Interval, ...] = ()
    wave: int = 0
    """How many rollout waves of the stage have begun."""
    rollout_percent: int = 0
    rollbacks: int = 0
    soak: Soak | None = None
    requested_by: str | None = None
    """Who asked last for this visit's promotion: that person's own approval does not count."""
    owner: str | None = None
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("started_at", "stage_started_at"):
            if getattr(self, name).tzinfo is None:
                raise ValueError(f"{name} needs a time zone")
        object.__setattr__(self, "current_stage", as_stage(self.current_stage))
        object.__setattr__(self, "completed_stages", tuple(map(as_stage, self.completed_stages)))

    @property
    def ended(self) -> bool:
        """Say whether the journey has reached one of its final states."""
        return self.current_stage in TERMINAL

    @property
    def active(self) -> bool:
        """Say whether the journey is in a stage of its path (not rolling back, not ended)."""
        return self.current_stage not in RESERVED

    def transition(
        self, event: str, now: datetime, table: Table = TRANSITIONS, target: Stage | None = None
    ) -> "JourneyState":
        """Return the state after an event at ``now``.

        ``target`` is the stage that INITIATE_ROLLBACK chooses to return to (default: the stage
        before), one that was completed or the present one afresh. Raises
        :class:`~sojourn.core.stages.IllegalTransition`; the state stays as it was.
        """
        entered = next_stage(table, self.current_stage, event, self.target_stage)
        fresh = {
            **FRESH_STAGE,
            "current_stage": entered,
            "previous_stage": self.current_stage,
            "stage_started_at": now,
            "visit": self.visit + 1,
        }
        return replace(self, **fresh | _after(self, entered, event, now, target))


FRESH_STAGE: Final[Mapping[str, Any]] = {
    "admitted_at": None,
    "wave": 0,
    "soak": None,
    "requested_by": None,
    "target_stage": None,
}
"""What a stage begins with, whichever event leads there."""


def _after(
    left: JourneyState, entered: Stage, event: str, now: datetime, target: Stage | None
) -> dict[str, Any]:
    """Return what else an event changes than the stage."""
    if event == TransitionEvent.INITIATE_ROLLBACK:
        goal = as_stage(target or stage_before(left))
        _check_target(left, goal)
        return {"target_stage": goal, "rollbacks": left.rollbacks + 1}
    if event == TransitionEvent.COMPLETE_ROLLBACK:
        return {"completed_stages": before(left.completed_stages, entered)}
    ended = {"ended_at": now, "hold": None, "holds": closed_holds(left, now)}
    if event == TransitionEvent.CANCEL_JOURNEY:
        return ended
    done = {"completed_stages": (*left.completed_stages, left.current_stage)}
    return done | ended if entered in TERMINAL else done


def _check_target(left: JourneyState, goal: Stage) -> None:
    allowed = (*left.completed_stages, left.current_stage)
    if goal not in allowed:
        raise IllegalTransition(
            f"a rollback from {left.current_stage} cannot go to {goal}; "
            f"allowed: {', '.join(allowed)}"
        )


def stage_before(state: JourneyState) -> Stage:
    """Return the previous stable stage: the one completed last, or the first stage itself."""
    return state.completed_stages[-1] if state.completed_stages else state.current_stage


def before(stages: tuple[Stage, ...], stage: Stage) -> tuple[Stage, ...]:
    """Return the stages that come before one, all of them where it is not among them."""
    return stages[: stages.index(stage)] if stage in stages else stages


def start_journey(
    client_id: str,
    now: datetime,
    table: Table = TRANSITIONS,
    metadata: Mapping[str, Any] = EMPTY,
    *,
    journey_id: UUID = NO_ID,
    journey_key: str = "",
    owner: str | None = None,
) -> JourneyState:
    """Return the state of a journey that starts at ``now`` in the table's first stage."""
    first = next_stage(table, None, TransitionEvent.START_JOURNEY)
    return JourneyState(
        client_id=client_id,
        current_stage=first,
        previous_stage=None,
        started_at=now,
        stage_started_at=now,
        metadata=metadata,
        journey_id=journey_id,
        journey_key=journey_key or default_key(client_id, now),
        owner=owner,
    )


def default_key(client_id: str, now: datetime) -> str:
    """Return the name a journey has outside: ``journey-<client>-<year>``."""
    return f"journey-{client_id}-{now.year}"


def begin_hold(state: JourneyState, reason: str, actor: str, now: datetime) -> JourneyState:
    """Return the state held from ``now`` on; a journey that is held stays as it is."""
    return state if state.hold else replace(state, hold=Hold(now, reason, actor))


def end_hold(state: JourneyState, now: datetime) -> JourneyState:
    """Return the state with its hold ended and remembered."""
    return replace(state, hold=None, holds=closed_holds(state, now))


def closed_holds(state: JourneyState, now: datetime) -> tuple[Interval, ...]:
    """Return all holds with the present one closed at ``now``."""
    return (*state.holds, Interval(state.hold.since, now)) if state.hold else state.holds


def held_time(state: JourneyState, since: datetime, until: datetime) -> timedelta:
    """Return how long the journey was held within [since, until]."""
    spans = closed_holds(state, until)
    return sum((span.overlap(since, until) for span in spans), timedelta(0))


def active_time(state: JourneyState, since: datetime, until: datetime) -> timedelta:
    """Return how long the journey's clock ran within [since, until]: held time left out."""
    return max(until - since, timedelta(0)) - held_time(state, since, until)


def window_start(state: JourneyState, window: timedelta, now: datetime) -> datetime:
    """Return the instant since which the journey's clock has run for ``window``.

    Held time lengthens the window on the calendar and never fills it.
    """
    left, end = window, now
    for span in reversed(closed_holds(state, now)):
        free = max(end - (span.until or now), timedelta(0))
        if free >= left:
            break
        left, end = left - free, min(end, span.since)
    return end - left


def window_end(
    state: JourneyState, since: datetime, window: timedelta, now: datetime
) -> datetime | None:
    """Return the instant at which the journey's clock had run for ``window`` since ``since``.

    None when it has not by ``now``.
    """
    left, begin = window, since
    for span in closed_holds(state, now):
        free = max(span.since - begin, timedelta(0))
        if free >= left:
            break
        left, begin = left - free, max(begin, span.until or now)
    return begin + left if begin + left <= now else None


def after_active(state: JourneyState, span: timedelta, now: datetime) -> datetime | None:
    """Return when the clock will have run ``span`` more; None while the journey is held."""
    return None if state.hold else now + span
