"""Why a journey is where it is, what it waits for, who has the ball, and when it can move."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sojourn.core.approvals import fingerprint
from sojourn.core.criteria import CriteriaCheck, ValidationResult, Verdict, verdict_of, words
from sojourn.core.decision import View
from sojourn.core.gates import by_hand, door, evaluate, place_of, trigger_criteria
from sojourn.core.journeys import Ball, active_time
from sojourn.core.rollback import trigger_check
from sojourn.core.rulings import evidence_seen
from sojourn.core.snapshot import Snapshot, span
from sojourn.core.stages import JourneyStage
from sojourn.core.view import troubles, view

HAS_BALL = {
    Ball.AGENT: "An agent has the ball",
    Ball.CLIENT: "The client has the ball",
    Ball.APPROVER: "An approver has the ball",
    Ball.OPERATOR: "The operator has the ball",
    Ball.SOAK: "Only time is needed",
    Ball.NOBODY: "Nobody has to act",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer in sentences, with the checks behind it; ``evidence_hash`` binds an approval."""

    client_id: str
    journey_key: str
    stage: str
    gate: str
    sentences: tuple[str, ...]
    view: View
    result: ValidationResult
    triggers: tuple[CriteriaCheck, ...]
    evidence_hash: str


def explain(shot: Snapshot, now: datetime) -> Explanation:
    """Explain a journey on a snapshot with observations; the same predicate promotes it."""
    result = evaluate(door(shot.path, shot.state), shot, now)
    seen = view(shot, now, result)
    sentences = tuple(_sentences(shot, now, result, seen))
    state = shot.state
    return Explanation(
        state.client_id,
        state.journey_key,
        state.current_stage,
        place_of(state) if not state.ended else "",
        sentences,
        seen,
        result,
        tuple(_watched(shot, now)),
        fingerprint(shot.path.digest, state.visit, evidence_seen(shot, result)),
    )


def _watched(shot: Snapshot, now: datetime) -> Iterator[CriteriaCheck]:
    if trigger_criteria(shot.path, shot.state):
        for trigger in shot.path.stage(shot.state.current_stage).triggers:
            yield trigger_check(trigger, shot, now)


def _sentences(
    shot: Snapshot, now: datetime, result: ValidationResult, seen: View
) -> Iterator[str]:
    yield _where(shot, now, seen)
    if shot.state.ended:
        return
    if shot.state.hold:
        hold = shot.state.hold
        yield f"It has been held by {hold.actor} for {span(now - hold.since)}: {hold.reason}."
    yield from (f"{t.name} ({t.agent_id}): {t.message}." for t in troubles(shot.units))
    yield _gate(shot, result)
    yield from (_shut(check) for check in result.failing)
    yield f"{HAS_BALL[seen.ball]}: {seen.waiting_for}."
    yield _when(shot, result, seen, now)


def _where(shot: Snapshot, now: datetime, seen: View) -> str:
    state = shot.state
    name = f"{state.client_id} ({shot.path.name}@{shot.path.version})"
    if state.ended:
        took = span(active_time(state, state.started_at, state.ended_at or now))
        return f"{name} is {state.current_stage} after {took} on its clock."
    spent = active_time(state, state.stage_started_at, now)
    if state.current_stage == JourneyStage.ROLLBACK:
        why = shot.rollback.reason if shot.rollback else ""
        return f"{name} is rolling back to {state.target_stage} since {span(spent)}: {why}."
    stage = shot.path.stage(state.current_stage)
    late = seen.schedule.replace("_", " ")
    told = f"{name} is in {state.current_stage} for {span(spent)}"
    return f"{told} (target {span(stage.target)}, limit {span(stage.limit)}): {late}."


def _gate(shot: Snapshot, result: ValidationResult) -> str:
    place = place_of(shot.state)
    if result.passed:
        by_person = by_hand(shot.path, shot.state)
        waits = "a person passes it" if by_person else "the engine passes it"
        return f"Its gate {place} holds ({len(result.checks)} checks); {waits}."
    return f"Its gate {place} is shut: {result.summary}."


def _shut(check: CriteriaCheck) -> str:
    remedy = f" What would change it: {check.remedy}." if check.remedy else ""
    by = ""
    if check.possible_at and verdict_of(check) != Verdict.PENDING:
        by = f" Earliest {check.possible_at:%Y-%m-%d %H:%M}."
    return f"{check.name} {words(verdict_of(check))}: {check.message}.{remedy}{by}"


def _when(shot: Snapshot, result: ValidationResult, seen: View, now: datetime) -> str:
    if shot.state.hold:
        return "It cannot move before it is resumed."
    if result.passed:
        return "It can move now."
    if seen.possible_at:
        left = span(seen.possible_at - now)
        return f"The earliest it can move is {seen.possible_at:%Y-%m-%d %H:%M} (in {left})."
    return "There is no earliest date: it depends on the open points above."
