"""A picture of one journey at one moment, as the live view shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sojourn.control.change import snapshot
from sojourn.control.door import Door
from sojourn.core.explain import Explanation, explain
from sojourn.core.journeys import JourneyState, active_time
from sojourn.core.paths import Path, StagePlan
from sojourn.core.snapshot import Snapshot
from sojourn.store import journal, work
from sojourn.store.sets import Row


@dataclass(frozen=True, slots=True)
class Leg:
    """A stage of the path with the time that the journey has spent in it, held time left out."""

    plan: StagePlan
    visits: int
    spent: timedelta
    here: bool
    done: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A journey with its explanation, its visit's tasks and its newest events."""

    now: datetime
    shot: Snapshot
    told: Explanation
    legs: tuple[Leg, ...]
    tasks: Sequence[Row]
    events: Sequence[Row]


async def look(door: Door, journey_id: UUID, newest: int) -> Picture:
    """Return the picture of a journey, with so many of its newest events."""
    async with door.db.connection() as connection:
        now = door.now()
        shot = await snapshot(connection, door, journey_id, now)
        moves = await journal.of_journey(connection, journey_id, type="transition")
        after = max(shot.seq - newest, 0)
        events = await journal.of_journey(connection, journey_id, after)
        tasks = await work.tasks_of(connection, journey_id, shot.state.visit)
    return Picture(now, shot, explain(shot, now), legs(shot, moves, now), tasks, events)


def legs(shot: Snapshot, moves: Sequence[Row], now: datetime) -> tuple[Leg, ...]:
    """Return every stage of the path with what the journey's transitions say of it."""
    stays = [*_stays(moves, now)]
    return tuple(_leg(shot.state, shot.path, plan, stays) for plan in shot.path.stages)


def spent(state: JourneyState, moves: Sequence[Row], stage: str, now: datetime) -> timedelta:
    """Return how long the journey has been in a stage, held time left out."""
    spans = (active_time(state, b, e) for name, b, e in _stays(moves, now) if name == stage)
    return sum(spans, timedelta(0))


Stay = tuple[str, datetime, datetime]
"""A stage, when it was entered, and when it was left."""


def _stays(moves: Sequence[Row], now: datetime) -> Iterable[Stay]:
    ends = [row["at"] for row in moves[1:]] + [now]
    return ((row["to_stage"], row["at"], end) for row, end in zip(moves, ends, strict=True))


def _leg(state: JourneyState, path: Path, plan: StagePlan, stays: Sequence[Stay]) -> Leg:
    mine = [active_time(state, begin, end) for name, begin, end in stays if name == plan.name]
    here = state.current_stage == plan.name
    done = plan.name in state.completed_stages and path.has(plan.name)
    return Leg(plan, len(mine), sum(mine, timedelta(0)), here, done)
