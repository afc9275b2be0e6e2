"""Rollback: detect, initiate, target, execute, validate, resume or cancel (the specification)."""

from dataclasses import replace
from datetime import datetime

from sojourn.core.alerts import source_error
from sojourn.core.criteria import CriteriaCheck, Observe, ValidationResult, Verdict
from sojourn.core.decision import Alert, Draft, GateRecord, RollbackChange, derived_id
from sojourn.core.gates import ROLLBACK_CHECKS, UNDONE, door, evaluate
from sojourn.core.journeys import JourneyState, active_time, begin_hold, stage_before
from sojourn.core.judge import judge, judge_fact, show
from sojourn.core.paths import Action, AfterRollback, Path, RollbackTrigger, Trigger
from sojourn.core.plan import plan_undo
from sojourn.core.snapshot import OpenRollback, Snapshot, Trip
from sojourn.core.stages import JourneyStage, Stage, TransitionEvent
from sojourn.core.work import Purpose, Task, UnitOfWork, UnitOfWorkStatus


def check_triggers(draft: Draft) -> bool:
    """Detect: look at every trigger of the stage; say whether one moved or held the journey."""
    stage = draft.shot.path.stage(draft.state.current_stage)
    if draft.state.admitted_at is None or not stage.triggers:
        return False
    current = draft.current
    tripped = [(t, c) for t in stage.triggers if (c := _tripped(draft, t, current))]
    order = (Action.ROLLBACK, Action.HOLD, Action.ALERT)
    for trigger, check in sorted(tripped, key=lambda pair: order.index(pair[0].action)):
        act(draft, trigger, check)
        if trigger.action != Action.ALERT:
            return True
    return False


def trigger_check(trigger: Trigger, shot: Snapshot, now: datetime) -> CriteriaCheck:
    """Judge what must not be; ``passed`` means that it is so, on sufficient evidence."""
    criterion = trigger.criterion
    if criterion.observe == Observe.FACT:
        return judge_fact(criterion, shot.facts.get(criterion.subject), now)
    key = f"{shot.state.current_stage}/trigger/{criterion.name}"
    return judge(criterion, shot.seen.get(key), shot.state, now)


def memory_key(state: JourneyState, trigger: Trigger) -> str:
    """Return the name under which a stage's trigger remembers what it acted on."""
    return f"{state.current_stage}/{trigger.criterion.name}"


def _tripped(draft: Draft, trigger: Trigger, current: Snapshot) -> CriteriaCheck | None:
    check = trigger_check(trigger, current, draft.now)
    key = memory_key(draft.state, trigger)
    memory = draft.trips.get(key, Trip())
    if check.verdict == Verdict.ERROR:
        draft.alert(source_error(check))
    if not check.passed:
        draft.trips[key] = replace(memory, since=None)
        return None
    since = memory.since or draft.now
    draft.trips[key] = replace(memory, since=since)
    if active_time(draft.state, since, draft.now) < trigger.lasting:
        return None
    if trigger.action == Action.ALERT:
        _tell(draft, trigger, check)
        if memory.acted_at is not None and memory.acted_at >= since:
            return None
    return check if _due(draft, trigger, memory, check) else None


def _due(draft: Draft, trigger: Trigger, memory: Trip, check: CriteriaCheck) -> bool:
    cool = memory.acted_at is None or draft.now - memory.acted_at >= trigger.cooldown
    return cool and _fresh(draft, trigger.criterion.name, check.observed_at)


def _fresh(draft: Draft, name: str, seen: datetime | None) -> bool:
    """Say whether evidence is newer than what was acted on, in whichever stage it was."""
    same = [t for key, t in draft.trips.items() if key.rpartition("/")[2] == name and t.acted_at]
    if not same or seen is None:
        return not same
    return all(t.evidence_at is None or seen > t.evidence_at for t in same)


def _tell(draft: Draft, trigger: Trigger, check: CriteriaCheck) -> None:
    """Keep an alert open for as long as its trigger's condition lasts."""
    told = f"{trigger.kind.replace('_', ' ')}: {check.message}"
    name, remedy = trigger.criterion.name, "sojourn explain CLIENT"
    value, limit = show(check.actual_value), str(check.expected_value)
    draft.alert(Alert("trigger", name, "notify", told, remedy, value, limit, check.source or ""))


def act(draft: Draft, trigger: Trigger, check: CriteriaCheck) -> None:
    """Do what a tripped trigger asks for, and remember the evidence that it acted on."""
    name, why, key = trigger.criterion.name, check.message, memory_key(draft.state, trigger)
    facts = {"kind": trigger.kind, "action": trigger.action, "actual": check.actual_value}
    draft.event("trigger.tripped", why, name, **facts, limit=check.expected_value)
    if trigger.action == Action.ROLLBACK:
        initiate(draft, trigger.kind, _target(draft.state, trigger), why, name)
    elif trigger.action == Action.HOLD:
        hold(draft, f"{trigger.kind.replace('_', ' ')}: {why}")
    # It outlives a rollback: the same evidence never trips twice, nor a trigger that cools down.
    since = draft.trips[key].since
    draft.trips[key] = Trip(since, draft.now, check.observed_at)


def _target(state: JourneyState, trigger: Trigger) -> Stage:
    been = trigger.target in state.completed_stages
    return trigger.target if trigger.target and been else stage_before(state)


def hold(draft: Draft, reason: str) -> None:
    """Hold the journey for a person."""
    draft.state = begin_hold(draft.state, reason, draft.actor, draft.now)
    draft.freeze = True
    draft.event("journey.held", reason)


def stages_left(path: Path, stage: Stage, target: Stage) -> tuple[Stage, ...]:
    """Return the stages that a rollback leaves: those after the target, or the first one itself."""
    names = path.names
    first, last = names.index(target), names.index(stage)
    return names[first + 1 : last + 1] if first < last else (stage,)


def initiate(draft: Draft, trigger: str, target: Stage, reason: str, cause: str = "") -> None:
    """Initiate: leave the stage, withdraw its open work, and plan the undoing of what was done."""
    left = draft.state.current_stage
    withdraw_open(draft)
    draft.move(TransitionEvent.INITIATE_ROLLBACK, reason, cause, target)
    deadline = draft.now + draft.shot.path.rollback.timeout
    rollback_id = derived_id(draft.state.journey_id, "rollback", draft.state.visit)
    begun = OpenRollback(rollback_id, left, target, trigger, reason, draft.now, deadline)
    draft.rollback = RollbackChange(rollback_id, "executing", begun, cause=cause, actor=draft.actor)
    leaving = stages_left(draft.shot.path, left, target)
    mine = tuple(pair for pair in draft.shot.undoable if pair[0].stage in leaving)
    unit = undo_plan(replace(draft.shot, undoable=mine), left, draft.state.visit)
    if unit is not None:
        draft.plan([unit])
    draft.event("rollback.initiated", reason, cause, trigger=trigger, target=target, left=left)


def undo_plan(shot: Snapshot, stage: Stage, visit: int) -> UnitOfWork | None:
    """Return the rollback unit for what was completed; exactly what a preview shows."""
    return plan_undo(shot.state.journey_id, stage, visit, shot.undoable)


def irreversible(shot: Snapshot) -> list[Task]:
    """Return the completed tasks that a rollback cannot take back and a preview warns of."""
    return [task for _, task in shot.undoable if task.irreversible]


def withdraw_open(draft: Draft, rest: UnitOfWorkStatus = UnitOfWorkStatus.ROLLED_BACK) -> None:
    """Withdraw what is still open of the present visit; what ran again and again is done.

    ``rest`` is what becomes of all else. Only what a rollback undoes is ``rolled_back``.
    """
    for unit in list(draft.units.values()):
        if unit.open or unit.every or unit.status == UnitOfWorkStatus.FAILED:
            draft.take_back(unit, UnitOfWorkStatus.COMPLETED if unit.runs else rest)


def go_on(draft: Draft) -> None:
    """Execute and validate: follow the rollback unit, then check that the system is stable."""
    unit = next((u for u in draft.units.values() if u.purpose == Purpose.ROLLBACK), None)
    faced = door(draft.shot.path, draft.state)
    draft.result = evaluate(faced, draft.current, draft.now)
    if draft.result.passed:
        return complete(draft, draft.result)
    if unit is not None and unit.status == UnitOfWorkStatus.FAILED:
        told = "; ".join(f"{t.name}: {t.message}" for t in unit.troubles)
        return fail(
            draft, f"undo failed ({told})", f"sojourn retry CLIENT, waive {UNDONE.name}, or cancel"
        )
    undone = unit is None or unit.done
    if undone and draft.result.verdict == Verdict.FAILED:
        return fail(draft, f"validation failed: {draft.result.summary}", "resume to check again")
    rollback = draft.open_rollback
    if rollback and draft.now >= rollback.deadline_at:
        return fail(draft, f"not done in time: {draft.result.summary}", "resume to wait again")
    return None


def fail(draft: Draft, reason: str, remedy: str) -> None:
    """Stop for a person: a rollback never ends half done in silence."""
    change_open(draft, "failed", draft.result)
    draft.event("rollback.failed", reason)
    hold(draft, f"rollback: {reason}; {remedy}")


def change_open(draft: Draft, status: str, result: ValidationResult | None) -> None:
    """Note what became of the rollback in progress."""
    if draft.shot.rollback:
        done = status in ("completed", "cancelled")
        rollback_id = draft.shot.rollback.rollback_id
        draft.rollback = RollbackChange(
            rollback_id,
            status,
            result=result,
            completed=done,
            deadline_at=draft.shot.rollback.deadline_at,
        )


def complete(draft: Draft, result: ValidationResult) -> None:
    """Resume or cancel: return to the target stage, or end, as the path's policy says."""
    policy = draft.shot.path.rollback
    attempt = draft.state.rollbacks
    withdraw_open(draft)
    visit = draft.state.visit
    draft.gates.append(GateRecord(ROLLBACK_CHECKS, "rollback", draft.actor, result, attempt, visit))
    draft.event("rollback.validated", result.summary)
    change_open(draft, "completed", result)
    if policy.after == AfterRollback.CANCEL:
        draft.move(TransitionEvent.CANCEL_JOURNEY, "the path cancels after a rollback")
        return
    left = draft.shot.rollback.from_stage if draft.shot.rollback else ""
    draft.move(TransitionEvent.COMPLETE_ROLLBACK, f"rolled back from {left}")
    draft.state = replace(draft.state, rollout_percent=0)
    if policy.after == AfterRollback.HOLD:
        hold(draft, "rolled back; the path asks a person before it goes on")
    elif attempt >= policy.max_rollbacks:
        hold(draft, f"rolled back {attempt} times, the most that the path allows by itself")


def refusal(shot: Snapshot, target: Stage | None, trigger: str) -> str | None:
    """Say why a person's rollback cannot be; None when it can."""
    state, path = shot.state, shot.path
    if not state.active:
        return f"a journey in {state.current_stage} cannot be rolled back"
    if trigger not in set(RollbackTrigger):
        return f"unknown trigger {trigger!r}; there is: {', '.join(RollbackTrigger)}"
    if target is None or target == stage_before(state):
        return None
    if not path.has(target) or target not in state.completed_stages:
        allowed = ", ".join(state.completed_stages) or state.current_stage
        return f"'{target}' is not a stage to go back to; allowed: {allowed}"
    return None


def in_rollback(state: JourneyState) -> bool:
    """Say whether the journey is rolling back."""
    return state.current_stage == JourneyStage.ROLLBACK
