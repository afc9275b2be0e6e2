"""Each command's own part of a decision; what follows from it is decide's."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from sojourn.core import rollback
from sojourn.core.approvals import present_rulings, waiver_for
from sojourn.core.commands import (
    AnswerQuestion,
    Approve,
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
from sojourn.core.counting import count_work
from sojourn.core.criteria import ValidationResult
from sojourn.core.decision import Draft, Requeue
from sojourn.core.gates import UNDONE, door, evaluate
from sojourn.core.journal import ENGINE, keepable
from sojourn.core.journeys import end_hold, stage_before
from sojourn.core.migration import migrate
from sojourn.core.promotion import attempt, enter, pass_gate
from sojourn.core.rulings import approve, reject, waive
from sojourn.core.snapshot import Fact
from sojourn.core.stages import TransitionEvent
from sojourn.core.work import (
    InvalidWork,
    Progress,
    Purpose,
    TaskStatus,
    Trouble,
    UnitOfWork,
    UnitOfWorkStatus,
    check_unit,
    hint,
)


def handle(draft: Draft, command: Command) -> None:
    """Carry out a command on a draft, or refuse it."""
    if draft.state.ended and not isinstance(command, RecordFacts):
        ended = draft.state.current_stage
        return draft.refuse("illegal", f"the journey has ended ({ended})", "start a new one")
    try:
        keepable([command.actor, command.reason], "actor or reason")
    except ValueError as error:
        return draft.refuse("invalid", str(error))
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
        count_work(draft)
        entered = draft.state.admitted_at is not None
        if not entered:
            return _admit(draft, result, command.reason)
        return pass_gate(draft, result, "manual", command.reason)
    attempt(draft, result, "manual", command.reason)
    remedy = "; ".join(dict.fromkeys(c.remedy for c in result.failing if c.remedy))
    return draft.refuse("gate", result.summary, remedy, result)


def _admit(draft: Draft, result: ValidationResult, asked: str) -> None:
    enter(draft, result, asked)
    if draft.state.admitted_at is None:
        told = next((a for (kind, _), a in draft.alerts.items() if kind == "plan"), None)
        draft.refuse("invalid", told.message if told else "", told.remedy if told else "")


def roll_back(draft: Draft, command: RollBack) -> None:
    """Roll back because a person says so."""
    why = rollback.refusal(draft.shot, command.target, command.trigger)
    if why:
        return draft.refuse("illegal", why)
    if not command.reason.strip():
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
    if rollback.in_rollback(draft.shot.state) and _stuck(draft) and was.actor == ENGINE:
        ways = f"sojourn retry CLIENT, waive {UNDONE.name}, or cancel"
        return draft.refuse("illegal", "the undo has failed", ways)
    draft.state = end_hold(draft.state, draft.now)
    draft.freeze, draft.thaw_by = False, draft.now - was.since
    draft.event("journey.resumed", command.reason, "", held_since=was.since.isoformat())
    extend(draft)
    return None


def _stuck(draft: Draft) -> bool:
    failed = [u for u in draft.units.values() if u.status == UnitOfWorkStatus.FAILED]
    waiver = waiver_for(UNDONE.name, present_rulings(draft.current), draft.now)
    return bool(failed) and waiver is None


def extend(draft: Draft) -> None:
    """Give a rollback that goes on after a hold its time anew."""
    if draft.shot.rollback:
        until = draft.now + draft.shot.path.rollback.timeout
        draft.shot = replace(draft.shot, rollback=replace(draft.shot.rollback, deadline_at=until))
        rollback.change_open(draft, "executing", None)


def cancel(draft: Draft, command: Cancel) -> None:
    """End the journey; what still runs is withdrawn."""
    if not command.reason.strip():
        return draft.refuse("invalid", "a cancellation needs a reason", "--reason TEXT")
    rollback.withdraw_open(draft)
    rollback.change_open(draft, "cancelled", None)
    if draft.state.hold:
        draft.freeze = False
    return draft.move(TransitionEvent.CANCEL_JOURNEY, command.reason)


def retry(draft: Draft, command: RetryFailed) -> None:
    """Send failed tasks again; the hold that a failed undo brought ends with it."""
    held = draft.state.hold
    if held and not (rollback.in_rollback(draft.shot.state) and held.actor == ENGINE):
        return draft.refuse("held", f"held: {held.reason}", "sojourn resume CLIENT")
    found = [p for p in _troubles(draft, command.unit, command.task) if p[1].kind == "failed"]
    if not found:
        return draft.refuse("not_found", "no failed task of that name at this visit")
    for unit, trouble in found:
        draft.requeue.append(Requeue(unit.uow_id, trouble.task_id))
        reopen(draft, unit, trouble)
        who = {"unit": unit.name, "task": trouble.task_id}
        draft.event("task.retried", command.reason, "", **who)
    if draft.state.hold:
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
        return draft.refuse("conflict" if found else "not_found", told, f"open: {names}")
    unit, trouble = found[0]
    draft.requeue.append(Requeue(unit.uow_id, trouble.task_id, command.answer, is_answer=True))
    reopen(draft, unit, trouble)
    draft.event("task.answered", command.reason, "", unit=unit.name, task=trouble.task_id)
    return None


def record_facts(draft: Draft, command: RecordFacts) -> None:
    """Note what a person or a program says is the case."""
    who, source = command.actor, command.source or command.actor
    try:
        told = {n: _fact(v, draft, source, who) for n, v in command.facts.items()}
        keepable([{n: f.value for n, f in told.items()}, source], "facts")
    except ValueError as error:
        return draft.refuse("invalid", str(error))
    return record(draft, told)


def _fact(value: Any, draft: Draft, source: str, who: str) -> Fact:
    return value if isinstance(value, Fact) else Fact(value, draft.now, source, who)


def record(draft: Draft, facts: Mapping[str, Fact]) -> None:
    """Note facts, each with its event."""
    for name, fact in facts.items():
        draft.facts[name] = fact
        said = {} if fact.at == draft.now else {"at": fact.at.isoformat()}
        draft.event("fact.recorded", name=name, value=fact.value, source=fact.source, **said)


def submit(draft: Draft, command: SubmitWork) -> None:
    """Add a unit to the present stage; it counts as required work of it."""
    unit, state = command.unit, draft.state
    if state.hold:
        return draft.refuse("held", f"held: {state.hold.reason}", "sojourn resume CLIENT")
    if not state.active or unit.stage != state.current_stage:
        there = f"the journey is in {state.current_stage}"
        return draft.refuse("illegal", f"the unit is for stage '{unit.stage}'; {there}")
    missing = [d for d in unit.dependencies if d not in draft.units]
    if missing:
        told = f"{missing[0]!r} is no unit of this visit{hint(missing[0], draft.units)}"
        return draft.refuse("invalid", f"dependencies: {told}")
    if unit.uow_id in draft.units:
        return draft.refuse("conflict", f"unit {unit.name!r} exists already", "give it another id")
    try:
        check_unit(unit)
        _check_fresh(unit)
    except InvalidWork as error:
        return draft.refuse("invalid", str(error))
    placed = replace(unit, visit=state.visit, journey_id=str(state.journey_id))
    draft.plan([placed])
    draft.event("unit.submitted", command.reason, "", unit=unit.name, uow_id=unit.uow_id)
    return None


def _check_fresh(unit: UnitOfWork) -> None:
    """Refuse a unit that says of itself that it has begun, or that it is an undo."""
    if unit.status != UnitOfWorkStatus.PENDING:
        raise InvalidWork("status", f"a unit is submitted as pending, not {unit.status}")
    if unit.purpose == Purpose.ROLLBACK:
        raise InvalidWork("purpose", "only a rollback itself plans undo work")
    for index, task in enumerate(unit.tasks):
        if task.status != TaskStatus.PENDING:
            place = f"tasks[{index}].status"
            raise InvalidWork(place, f"a task is submitted as pending, not {task.status}")


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
