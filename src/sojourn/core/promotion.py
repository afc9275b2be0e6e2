"""Passing gates: admission by a stage's entry criteria, promotion by its exit criteria."""

from dataclasses import replace

from sojourn.core import rollback
from sojourn.core.criteria import ValidationResult, Verdict
from sojourn.core.decision import Alert, Draft, GateRecord
from sojourn.core.gates import ExitCriteriaValidator, door, evaluate, gate_of, place_of
from sojourn.core.paths import Mode
from sojourn.core.plan import plan_stage, unique
from sojourn.core.references import UnresolvedReference
from sojourn.core.rollout import roll_out
from sojourn.core.snapshot import GateMemory
from sojourn.core.stages import TransitionEvent, promotion_event
from sojourn.core.work import InvalidWork


def admit(draft: Draft) -> None:
    """Open the stage's entry gate when it holds, and plan the stage's work."""
    if draft.state.admitted_at is not None:
        return
    draft.result = evaluate(door(draft.shot.path, draft.state), draft.current, draft.now)
    stage = draft.shot.path.stage(draft.state.current_stage)
    if draft.result.passed or not stage.entry.criteria:
        enter(draft, draft.result)


def enter(draft: Draft, result: ValidationResult | None) -> None:
    """Admit the journey to its stage: record the entry gate, plan the work."""
    admitted = replace(draft.state, admitted_at=draft.now)
    facts = draft.current.facts
    try:
        units = unique(plan_stage(draft.shot.path, admitted, facts, draft.now))
    except (InvalidWork, UnresolvedReference) as error:
        return _unplannable(draft, str(error))
    if result is not None and result.checks:
        draft.gates.append(GateRecord(place_of(draft.state), "entry", draft.actor, result, 1))
    draft.state = admitted
    draft.memory = None
    draft.result = None
    names = [u.name for u in units]
    draft.event("stage.admitted", stage=admitted.current_stage, units=names)
    return draft.plan(units)


def _unplannable(draft: Draft, why: str) -> None:
    stage = draft.state.current_stage
    message = f"the work of {stage} cannot be planned: {why}"
    remedy = "record the missing fact, or migrate the journey to a path that does without"
    draft.alerts["plan", stage] = Alert("plan", stage, "page", message, remedy)


def promote(draft: Draft) -> None:
    """Pass the exit gate when it holds and passes by itself; note a first failure as an attempt."""
    journey = str(draft.state.journey_id)
    validator = ExitCriteriaValidator({journey: draft.current}, draft.now)
    draft.result = validator.validate_door(journey)
    if draft.result.passed:
        if gate_of(draft.shot.path, draft.state).mode == Mode.AUTO:
            pass_gate(draft, draft.result, "auto")
    elif worth_an_attempt(draft, draft.result):
        attempt(draft, draft.result, "auto")


def worth_an_attempt(draft: Draft, result: ValidationResult) -> bool:
    """Say whether an automatic attempt is due: all work is done, the verdict is a failure, and
    the last attempt did not fail on the same checks already.
    """
    if result.verdict != Verdict.FAILED or not work_done(draft):
        return False
    memory = draft.memory
    failing = tuple(c.name for c in result.failing if c.verdict == Verdict.FAILED)
    known = memory is not None and memory.attempts > 0 and memory.visit == draft.state.visit
    return not (memory and known and set(failing) <= set(memory.failing))


def work_done(draft: Draft) -> bool:
    """Say whether every required unit of the visit has completed."""
    return all(u.done for u in draft.units.values() if u.required)


def attempt(draft: Draft, result: ValidationResult, kind: str) -> None:
    """Record an attempt to pass the gate, with all its checks."""
    place = place_of(draft.state)
    count = draft.memory.attempts + 1 if draft.memory else 1
    draft.gates.append(GateRecord(place, kind, draft.actor, result, count))
    draft.event("gate.attempted", result.summary, gate=place, verdict=result.verdict, kind=kind)
    base = draft.memory or GateMemory(place, draft.state.visit, result.verdict, 0, 0)
    draft.memory = replace(base, attempts=count)


def pass_gate(draft: Draft, result: ValidationResult, kind: str) -> None:
    """Pass the gate: record the attempt, leave the stage, and enter what follows."""
    attempt(draft, result, kind)
    rollback.withdraw_open(draft)
    following = draft.shot.path.following(draft.state.current_stage)
    if following is None:
        return draft.move(TransitionEvent.MARK_COMPLETE, result.summary)
    percent = draft.state.rollout_percent
    draft.move(promotion_event(following.name), result.summary)
    draft.state = replace(draft.state, rollout_percent=percent)
    draft.result = None
    enter(draft, None)
    return roll_out(draft)
