"""Passing gates: admission by a stage's entry criteria, promotion by its exit criteria."""

from dataclasses import replace

from sojourn.core import rollback
from sojourn.core.criteria import ValidationResult, Verdict
from sojourn.core.decision import Draft, GateRecord
from sojourn.core.gates import ExitCriteriaValidator, by_hand, door, evaluate, place_of
from sojourn.core.plan import plan_stage, unique
from sojourn.core.references import UnresolvedReference
from sojourn.core.rollout import roll_out, unplannable
from sojourn.core.snapshot import GateMemory
from sojourn.core.stages import TransitionEvent, promotion_event
from sojourn.core.work import InvalidWork, UnitOfWorkStatus


def admit(draft: Draft) -> None:
    """Open the stage's entry gate when it holds by itself, and plan the stage's work."""
    if draft.state.admitted_at is not None:
        return
    draft.result = evaluate(door(draft.shot.path, draft.state), draft.current, draft.now)
    stage = draft.shot.path.stage(draft.state.current_stage)
    holds = draft.result.passed and not by_hand(draft.shot.path, draft.state)
    if holds or not stage.entry.criteria:
        enter(draft, draft.result)


def enter(draft: Draft, result: ValidationResult | None, asked: str = "") -> None:
    """Admit the journey to its stage: record the entry gate, plan the work.

    ``asked`` is the reason of the person who asked for it.
    """
    admitted = replace(draft.state, admitted_at=draft.now)
    try:
        units = unique(plan_stage(draft.shot.path, admitted, draft.known, draft.now))
    except (InvalidWork, UnresolvedReference) as error:
        return unplannable(draft, str(error))
    if result is not None and result.checks:
        count = draft.memory.attempts + 1 if draft.memory else 1
        visit, place = draft.state.visit, place_of(draft.state)
        draft.gates.append(GateRecord(place, "entry", draft.actor, result, count, visit))
    draft.state = admitted
    draft.memory = None
    draft.result = None
    names = [u.name for u in units]
    draft.event("stage.admitted", asked, stage=admitted.current_stage, units=names)
    return draft.plan(units)


def promote(draft: Draft) -> None:
    """Pass the exit gate when it holds and passes by itself; note a first failure as an attempt."""
    journey = str(draft.state.journey_id)
    validator = ExitCriteriaValidator({journey: draft.current}, draft.now)
    draft.result = validator.validate_door(journey)
    if draft.result.passed:
        if not by_hand(draft.shot.path, draft.state):
            pass_gate(draft, draft.result, "auto")
    elif worth_an_attempt(draft, draft.result):
        attempt(draft, draft.result, "auto")


def worth_an_attempt(draft: Draft, result: ValidationResult) -> bool:
    """Say whether an automatic attempt is due: all work is done, the verdict is a failure, and
    no attempt at this gate has failed on the same checks before.
    """
    if result.verdict != Verdict.FAILED or not work_done(draft):
        return False
    told = draft.memory.attempted if draft.memory else ()
    return not set(failed(result)) <= set(told)


def failed(result: ValidationResult) -> tuple[str, ...]:
    """Return the names of the checks that were judged and did not hold."""
    return tuple(c.name for c in result.failing if c.verdict == Verdict.FAILED)


def work_done(draft: Draft) -> bool:
    """Say whether every required unit of the visit has completed."""
    return all(u.done for u in draft.units.values() if u.required)


def attempt(draft: Draft, result: ValidationResult, kind: str, asked: str = "") -> None:
    """Record an attempt that failed, and remember on which checks."""
    count = record_attempt(draft, result, kind, asked)
    place, visit = place_of(draft.state), draft.state.visit
    base = draft.memory or GateMemory(place, visit, result.verdict, 0, 0)
    causes = dict.fromkeys((*base.attempted, *failed(result)))
    draft.memory = replace(base, attempts=count, attempted=tuple(causes))


def record_attempt(draft: Draft, result: ValidationResult, kind: str, asked: str) -> int:
    """Record an attempt to pass the gate, with all its checks; return how many there were.

    ``asked`` is the reason of the person who asked for it.
    """
    place, visit = place_of(draft.state), draft.state.visit
    count = draft.memory.attempts + 1 if draft.memory else 1
    draft.gates.append(GateRecord(place, kind, draft.actor, result, count, visit))
    data = {"gate": place, "verdict": result.verdict, "kind": kind}
    draft.event("gate.attempted", result.summary, **data, **({"asked": asked} if asked else {}))
    return count


def pass_gate(draft: Draft, result: ValidationResult, kind: str, asked: str = "") -> None:
    """Pass the gate: record the attempt, leave the stage, and enter what follows."""
    record_attempt(draft, result, kind, asked)
    # Not rolled back: what was completed of it, a later rollback still has to undo.
    rollback.withdraw_open(draft, UnitOfWorkStatus.FAILED)
    following = draft.shot.path.following(draft.state.current_stage)
    if following is None:
        return draft.move(TransitionEvent.MARK_COMPLETE, result.summary)
    draft.move(promotion_event(following.name), result.summary)
    enter(draft, None)
    return roll_out(draft)
