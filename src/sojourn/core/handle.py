"""Each command's own part of a decision; what follows from it is decide's."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from sojourn.core import rollback
from sojourn.core.approvals import DEFAULT_RULE, evidence_of, fingerprint, refusal, stale_note
from sojourn.core.commands import (
    AnswerQuestion,
    Approve,
    Asked,
    Cancel,
    Command,
    HoldJourney,
    Migrate,
    Promote,
    RecordFacts,
    Reject,
    Resume,
    RetryFailed,
    RollBack,
    SubmitWork,
    Waive,
)
from sojourn.core.criteria import Criterion, Observe, ValidationResult
from sojourn.core.decision import Draft, Requeue
from sojourn.core.gates import door, evaluate, gate_of
from sojourn.core.journal import ENGINE
from sojourn.core.journeys import end_hold, stage_before
from sojourn.core.promotion import attempt, enter, pass_gate
from sojourn.core.snapshot import Answer, Fact, Ruling, Snapshot
from sojourn.core.stages import RESERVED, TransitionEvent
from sojourn.core.work import (
    InvalidWork,
    Progress,
    Trouble,
    UnitOfWorkStatus,
    check_unit,
    hint,
)


def handle(draft: Draft, command: Command) -> None:
    """Carry out a command on a draft, or refuse it."""
    if draft.state.ended and not isinstance(command, RecordFacts):
        ended = draft.state.current_stage
        return draft.refuse("illegal", f"the journey has ended ({ended})", "start a new one")
    return HANDLERS[type(command)](draft, command)


def promote(draft: Draft, command: Promote) -> None:
    """Pass the gate now if it holds; otherwise refuse, and keep the attempt."""
    if draft.state.hold:
        return draft.refuse("held", f"held: {draft.state.hold.reason}", "sojourn resume CLIENT")
    if not draft.state.active:
        stage = draft.state.current_stage
        return draft.refuse("illegal", f"there is no promotion from {stage}")
    draft.state = replace(draft.state, requested_by=command.actor)
    result = evaluate(door(draft.shot.path, draft.state), draft.current, draft.now)
    draft.result = result
    if result.passed:
        entered = draft.state.admitted_at is not None
        return pass_gate(draft, result, "manual") if entered else enter(draft, result)
    attempt(draft, result, "manual")
    remedy = "; ".join(dict.fromkeys(c.remedy for c in result.failing if c.remedy))
    return draft.refuse("gate", result.summary, remedy, result)


def approve(draft: Draft, command: Approve) -> None:
    """Count a person's approval, bound to the evidence as it stands."""
    found = _approval(draft, command, command.criterion)
    if found is None:
        return None
    evidence, print_ = seen_evidence(draft)
    if changed := stale_note(command.evidence_hash, print_, evidence):
        return draft.refuse("conflict", changed, "look again, then approve")
    lasts = (found.approval or DEFAULT_RULE).expires
    until = draft.now + lasts if lasts else None
    return _rule(draft, command, found.name, Answer.APPROVE, until, evidence, print_)


def reject(draft: Draft, command: Reject) -> None:
    """Count a person's rejection, which fails the criterion until they approve."""
    found = _approval(draft, command, command.criterion)
    if found is None:
        return None
    if not command.reason:
        return draft.refuse("invalid", "a rejection needs a reason", "--reason TEXT")
    return _rule(draft, command, found.name, Answer.REJECT, None, *seen_evidence(draft))


def waive(draft: Draft, command: Waive) -> None:
    """Set one criterion of the door aside, with role, reason and expiry (trap 5)."""
    found = _facing(draft, command.criterion)
    if found is None:
        return None
    needed = gate_of(draft.shot.path, draft.state).waiver_roles
    if not set(needed) & set(command.roles):
        return draft.refuse("role", f"a waiver needs one of the roles {', '.join(needed)}")
    if not command.reason:
        return draft.refuse("invalid", "a waiver needs a reason", "--reason TEXT")
    until = draft.now + command.lasts
    return _rule(draft, command, found.name, Answer.WAIVE, until, *seen_evidence(draft))


def _facing(draft: Draft, name: str) -> Criterion | None:
    faced = {f.criterion.name: f.criterion for f in door(draft.shot.path, draft.state)}
    if name not in faced:
        draft.refuse("not_found", f"the journey faces no criterion {name!r}{hint(name, faced)}")
    return faced.get(name)


def _approval(draft: Draft, command: Asked, name: str) -> Criterion | None:
    found = _facing(draft, name)
    if found is None:
        return None
    if found.observe != Observe.APPROVAL:
        faced = [f.criterion for f in door(draft.shot.path, draft.state)]
        asked = [c.name for c in faced if c.observe == Observe.APPROVAL]
        there = ", ".join(asked) or "none"
        draft.refuse("invalid", f"{name} is not an approval", f"approvals asked for: {there}")
        return None
    if why := refusal(found, draft.shot, command.actor, command.roles):
        draft.refuse("role", why)
        return None
    return found


def seen_evidence(draft: Draft) -> tuple[dict[str, str], str]:
    """Return what an approver sees now, and its fingerprint."""
    result = evaluate(door(draft.shot.path, draft.state), draft.current, draft.now)
    evidence = evidence_seen(draft.current, result)
    return evidence, fingerprint(draft.shot.path.digest, draft.state.visit, evidence)


def evidence_seen(shot: Snapshot, result: ValidationResult) -> dict[str, str]:
    """Return the verdicts that an approver sees beside the approvals."""
    faced = door(shot.path, shot.state)
    approvals = [f.criterion.name for f in faced if f.criterion.observe == Observe.APPROVAL]
    return evidence_of(result.checks, approvals)


def _rule(
    draft: Draft,
    command: Asked,
    criterion: str,
    answer: Answer,
    until: Any,
    evidence: Mapping[str, str],
    print_: str,
) -> None:
    who, roles, visit = command.actor, command.roles, draft.state.visit
    ruling = Ruling(
        criterion, answer, who, roles, draft.now, visit, command.reason, until, evidence, print_
    )
    draft.rulings.append(ruling)
    types = {Answer.APPROVE: "approval.given", Answer.REJECT: "approval.rejected"}
    expires = until.isoformat() if until else None
    kind = types.get(answer, "waiver.given")
    draft.event(kind, command.reason, "", criterion=criterion, evidence=print_, expires=expires)


def roll_back(draft: Draft, command: RollBack) -> None:
    """Roll back because a person says so."""
    why = rollback.refusal(draft.shot, command.target, command.trigger)
    if why:
        return draft.refuse("illegal", why)
    if not command.reason:
        return draft.refuse("invalid", "a rollback needs a reason", "--reason TEXT")
    if draft.state.hold:
        resume(draft, Resume(actor=command.actor, reason="rolled back"))
    target = command.target or stage_before(draft.state)
    return rollback.initiate(draft, command.trigger, target, command.reason, command.actor)


def hold(draft: Draft, command: HoldJourney) -> None:
    """Freeze clocks and dispatch."""
    if draft.state.hold:
        return draft.refuse("held", f"held already: {draft.state.hold.reason}")
    return rollback.hold(draft, command.reason or "no reason given")


def resume(draft: Draft, command: Resume) -> None:
    """End a hold: clocks and dispatch go on where they stood."""
    was = draft.state.hold
    if was is None:
        return draft.refuse("illegal", "the journey is not held")
    stuck = [u for u in draft.units.values() if u.troubles and u.status == "failed"]
    if rollback.in_rollback(draft.shot) and stuck and not draft.requeue:
        return draft.refuse("illegal", "the undo has failed", "sojourn retry CLIENT, or cancel")
    draft.state = end_hold(draft.state, draft.now)
    draft.freeze, draft.thaw_by = False, draft.now - was.since
    draft.event("journey.resumed", command.reason, "", held_since=was.since.isoformat())
    extend(draft)
    return None


def extend(draft: Draft) -> None:
    """Give a rollback that goes on after a hold its time anew."""
    if draft.shot.rollback:
        until = draft.now + draft.shot.path.rollback.timeout
        draft.shot = replace(draft.shot, rollback=replace(draft.shot.rollback, deadline_at=until))
        rollback.change_open(draft, "executing", None)


def cancel(draft: Draft, command: Cancel) -> None:
    """End the journey; what still runs is withdrawn."""
    if not command.reason:
        return draft.refuse("invalid", "a cancellation needs a reason", "--reason TEXT")
    rollback.withdraw_open(draft)
    rollback.change_open(draft, "cancelled", None)
    if draft.state.hold:
        draft.freeze = False
    return draft.move(TransitionEvent.CANCEL_JOURNEY, command.reason)


def retry(draft: Draft, command: RetryFailed) -> None:
    """Send failed tasks again; a hold of the engine's own ends with it."""
    found = [p for p in _troubles(draft, command.unit, command.task) if p[1].kind == "failed"]
    if not found:
        return draft.refuse("not_found", "no failed task of that name at this visit")
    for unit, trouble in found:
        draft.requeue.append(Requeue(unit.uow_id, trouble.task_id))
        reopen(draft, unit, trouble)
        who = {"unit": unit.name, "task": trouble.task_id}
        draft.event("task.retried", command.reason, "", **who)
    if draft.state.hold and draft.state.hold.actor == ENGINE:
        resume(draft, Resume(actor=command.actor, reason="retried"))
    return None


def reopen(draft: Draft, unit: Progress, trouble: Trouble) -> None:
    """Count a task that goes on as live again."""
    now = draft.units[unit.uow_id]
    rest = tuple(t for t in now.troubles if t.task_id != trouble.task_id)
    failed = now.failed - (trouble.kind == "failed")
    fresh = replace(now, troubles=rest, failed=failed, live=now.live + 1)
    draft.change(fresh, UnitOfWorkStatus.RUNNING)


def _troubles(draft: Draft, unit: str, task: str) -> list[tuple[Progress, Trouble]]:
    return [
        (u, t)
        for u in draft.units.values()
        for t in u.troubles
        if unit in ("", u.name, u.uow_id) and task in ("", t.task_id)
        if u.status != UnitOfWorkStatus.ROLLED_BACK
    ]


def answer(draft: Draft, command: AnswerQuestion) -> None:
    """Continue a waiting task with a person's answer."""
    found = [p for p in _troubles(draft, command.unit, command.task) if p[1].kind != "failed"]
    if len(found) != 1:
        names = ", ".join(f"{u.name}/{t.task_id}" for u, t in found) or "none"
        told = "no such question is open" if not found else "several questions are open"
        return draft.refuse("not_found", told, f"open: {names}")
    unit, trouble = found[0]
    draft.requeue.append(Requeue(unit.uow_id, trouble.task_id, command.answer, is_answer=True))
    reopen(draft, unit, trouble)
    draft.event("task.answered", command.reason, "", unit=unit.name, task=trouble.task_id)
    return None


def record_facts(draft: Draft, command: RecordFacts) -> None:
    """Note what a person or a program says is the case."""
    who, source = command.actor, command.source or command.actor
    record(draft, {n: Fact(v, draft.now, source, who) for n, v in command.facts.items()})


def record(draft: Draft, facts: Mapping[str, Fact]) -> None:
    """Note facts, each with its event."""
    for name, fact in facts.items():
        draft.facts[name] = fact
        draft.event("fact.recorded", name=name, value=fact.value, source=fact.source)


def submit(draft: Draft, command: SubmitWork) -> None:
    """Add a unit to the present stage; it counts as required work of it."""
    unit, state = command.unit, draft.state
    if not state.active or unit.stage != state.current_stage:
        there = f"the journey is in {state.current_stage}"
        return draft.refuse("illegal", f"the unit is for stage {unit.stage!r}; {there}")
    missing = [d for d in unit.dependencies if d not in draft.units]
    if missing:
        names = [u.name for u in draft.units.values()]
        return draft.refuse("invalid", f"dependencies: {missing[0]!r} is no unit{hint('', names)}")
    if unit.uow_id in draft.units:
        return draft.refuse("conflict", f"unit {unit.name!r} exists already", "give it another id")
    try:
        check_unit(unit)
    except InvalidWork as error:
        return draft.refuse("invalid", str(error))
    placed = replace(unit, visit=state.visit, journey_id=str(state.journey_id))
    draft.plan([placed])
    draft.event("unit.submitted", command.reason, "", unit=unit.name, uow_id=unit.uow_id)
    return None


def migrate(draft: Draft, command: Migrate) -> None:
    """Move the journey to another version of its path; what it has done stays done."""
    if why := migration_refusal(draft, command):
        return draft.refuse("illegal", why)
    old = draft.shot.path
    draft.shot = replace(draft.shot, path=command.path)
    names = {
        "from": f"{old.name}@{old.version}",
        "to": f"{command.path.name}@{command.path.version}",
    }
    draft.event("path.migrated", command.reason, "", **names)
    draft.result = None
    return None


def migration_refusal(draft: Draft, command: Migrate) -> str | None:
    """Say why a journey cannot go on on another path; None when it can."""
    state, path = draft.state, command.path
    if state.current_stage in RESERVED:
        return f"a journey in {state.current_stage} cannot change its path; wait for it to end"
    needed = (*state.completed_stages, state.current_stage)
    missing = [s for s in needed if not path.has(s)]
    if missing:
        return f"{path.name} has no stage {missing[0]!r}, where the journey is or has been"
    before = path.names[: path.names.index(state.current_stage)]
    skipped = [s for s in before if s not in state.completed_stages]
    if skipped:
        return f"{path.name} puts {skipped[0]!r} before {state.current_stage}; it was not done"
    waves = path.stage(state.current_stage).rollout
    if state.wave and (waves is None or len(waves.waves) < state.wave):
        return f"{path.name} has fewer rollout waves than the journey has begun"
    return None


HANDLERS: Final[Mapping[type, Callable[[Draft, Any], None]]] = {
    Promote: promote,
    Approve: approve,
    Reject: reject,
    Waive: waive,
    RollBack: roll_back,
    HoldJourney: hold,
    Resume: resume,
    Cancel: cancel,
    RetryFailed: retry,
    AnswerQuestion: answer,
    RecordFacts: record_facts,
    SubmitWork: submit,
    Migrate: migrate,
}
