"""What people see of a journey at a glance: ball, schedule, gate, and when to look again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sojourn.core.criteria import CriteriaCheck, ValidationResult, Verdict, verdict_of
from sojourn.core.decision import View
from sojourn.core.gates import by_hand, door, evaluate, place_of, present_units
from sojourn.core.journeys import Ball, JourneyState, Schedule, active_time
from sojourn.core.paths import Path, StagePlan
from sojourn.core.snapshot import GateMemory, Snapshot, Trip
from sojourn.core.work import Progress, Trouble, UnitOfWorkStatus

HEARTBEAT: Final = timedelta(hours=1)
"""How long, on the journey's clock, an active journey is left alone at most."""
SOON: Final = timedelta(seconds=1)
EARLY: Final = timedelta(days=1)
"""A stage entered more than this before its planned date makes the journey ahead."""


def view(shot: Snapshot, now: datetime, result: ValidationResult | None = None) -> View:
    """Return what lists show; ``result`` is the door's evaluation where it was made already."""
    state = shot.state
    faced = result or evaluate(door(shot.path, state), shot, now)
    ball, waiting = ball_with(shot, faced)
    return View(
        ball, waiting, schedule(shot.path, state, now), remember(shot, faced), possible_at(faced)
    )


def remember(shot: Snapshot, result: ValidationResult) -> GateMemory | None:
    """Return the gate's summary for lists; None where the journey faces no gate."""
    if shot.state.ended:
        return None
    place, visit = place_of(shot.state), shot.state.visit
    same = shot.gate is not None and (shot.gate.place, shot.gate.visit) == (place, visit)
    base = shot.gate if shot.gate and same else GateMemory(place, visit, result.verdict, 0, 0)
    return replace(
        base,
        verdict=result.verdict,
        passed=sum(c.passed for c in result.checks),
        total=len(result.checks),
        failing=tuple(c.name for c in result.failing),
    )


def possible_at(result: ValidationResult) -> datetime | None:
    """Return when the gate could open by itself: the latest of its checks, if each has a date."""
    dates = [c.possible_at for c in result.failing]
    known = [d for d in dates if d is not None]
    return max(known) if known and len(known) == len(dates) else None


def ball_with(shot: Snapshot, result: ValidationResult) -> tuple[Ball, str]:
    """Say who has to act now, and what the journey waits for, in a few words."""
    state = shot.state
    if state.ended:
        return Ball.NOBODY, f"{state.current_stage}"
    if state.hold:
        return Ball.OPERATOR, f"held by {state.hold.actor}: {state.hold.reason}"
    for trouble in troubles(shot.units):
        return _ball_of(trouble)
    if live := [u for u in present_units(shot) if u.required and not u.done and u.open]:
        return Ball.AGENT, f"work: {', '.join(u.name for u in live)}"
    if result.passed:
        return _open_gate(shot)
    return _ball_of_check(result.failing)


def troubles(units: Iterable[Progress]) -> list[Trouble]:
    """Return the tasks that need a person: questions first, then failures, of live units."""
    gone = UnitOfWorkStatus.ROLLED_BACK
    found = [t for u in units if u.status != gone for t in u.troubles]
    return sorted(found, key=lambda t: t.kind == "failed")


def _ball_of(trouble: Trouble) -> tuple[Ball, str]:
    if trouble.kind == "failed":
        return Ball.OPERATOR, f"{trouble.name} failed: {trouble.message}"
    return Ball.OPERATOR, f"{trouble.agent_id} asks: {trouble.message}"


def _open_gate(shot: Snapshot) -> tuple[Ball, str]:
    if by_hand(shot.path, shot.state):
        return Ball.OPERATOR, "the gate holds; sojourn promote CLIENT"
    return Ball.NOBODY, "the engine's next look"


def _ball_of_check(failing: tuple[CriteriaCheck, ...]) -> tuple[Ball, str]:
    human = [c for c in failing if c.possible_at is None]
    if not human:
        return Ball.SOAK, f"time: {failing[0].message}" if failing else "time"
    first = min(human, key=lambda c: verdict_of(c) == Verdict.PENDING)
    ball = Ball.AGENT if _runs_on(first) else Ball(first.ball)
    return ball, first.message


def _runs_on(check: CriteriaCheck) -> bool:
    pending = verdict_of(check) == Verdict.PENDING
    return pending and check.ball == Ball.OPERATOR


def schedule(path: Path, state: JourneyState, now: datetime) -> Schedule:
    """Compare the journey with its plan; held time does not count.

    ``behind`` is over the stage's target, ``stuck`` over its limit, ``ahead`` a stage entered at
    least a day before the targets of the stages before it have run out.
    """
    if not path.has(state.current_stage):
        return Schedule.ON_TRACK
    stage = path.stage(state.current_stage)
    spent = active_time(state, state.stage_started_at, now)
    if spent > stage.limit:
        return Schedule.STUCK
    if spent > stage.target:
        return Schedule.BEHIND
    entered = active_time(state, state.started_at, state.stage_started_at)
    return Schedule.AHEAD if _planned_entry(path, stage) - entered >= EARLY else Schedule.ON_TRACK


def _planned_entry(path: Path, stage: StagePlan) -> timedelta:
    before = path.stages[: path.names.index(stage.name)]
    return sum((s.target for s in before), timedelta(0))


def look_again(
    shot: Snapshot, now: datetime, result: ValidationResult, trips: Iterable[Trip]
) -> datetime | None:
    """Return when the journey must be decided on again at the latest; None once it has ended."""
    state = shot.state
    if state.ended or state.hold:
        return None
    dates = [now + HEARTBEAT, *_dates(shot, now, result), *_lasting(shot, trips)]
    return max(min(d for d in dates if d > now), now + SOON)


def _dates(shot: Snapshot, now: datetime, result: ValidationResult) -> Iterator[datetime]:
    yield from (c.possible_at for c in result.failing if c.possible_at)
    yield from (r.expires_at for r in shot.rulings if r.expires_at)
    if shot.rollback:
        yield shot.rollback.deadline_at
    if shot.path.has(shot.state.current_stage):
        stage = shot.path.stage(shot.state.current_stage)
        spent = active_time(shot.state, shot.state.stage_started_at, now)
        yield now + (stage.target - spent)
        yield now + (stage.limit - spent)


def _lasting(shot: Snapshot, trips: Iterable[Trip]) -> Iterator[datetime]:
    if shot.state.active and any(t.since for t in trips):
        stage = shot.path.stage(shot.state.current_stage)
        waits = [t.lasting for t in stage.triggers if t.lasting]
        yield from (t.since + wait for t in trips if t.since for wait in waits)
