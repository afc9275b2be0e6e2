"""What people rule on a criterion: approvals, rejections and waivers, bound to what they saw."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sojourn.core.approvals import DEFAULT_RULE, evidence_of, fingerprint, refusal, stale_note
from sojourn.core.commands import Approve, Asked, Reject, Waive
from sojourn.core.criteria import Criterion, Observe, ValidationResult
from sojourn.core.decision import Draft
from sojourn.core.gates import door, evaluate, gate_of, wave_criteria
from sojourn.core.snapshot import Answer, Ruling, Snapshot, span
from sojourn.core.work import hint

LONGEST_WAIVER: Final = timedelta(days=366)
"""A waiver without an end in sight would be another path."""


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
    if not command.reason.strip():
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
    if not command.reason.strip():
        return draft.refuse("invalid", "a waiver needs a reason", "--reason TEXT")
    if not timedelta(0) < command.lasts <= LONGEST_WAIVER:
        most = span(LONGEST_WAIVER)
        return draft.refuse("invalid", f"a waiver lasts more than 0s and at most {most}")
    until = draft.now + command.lasts
    return _rule(draft, command, found.name, Answer.WAIVE, until, *seen_evidence(draft))


def _faced(draft: Draft) -> dict[str, Criterion]:
    """Return what the journey faces by name: the present wave's criteria and the door's."""
    path, state = draft.shot.path, draft.state
    return {f.criterion.name: f.criterion for f in wave_criteria(path, state) + door(path, state)}


def _facing(draft: Draft, name: str) -> Criterion | None:
    faced = _faced(draft)
    if name not in faced:
        draft.refuse("not_found", f"the journey faces no criterion {name!r}{hint(name, faced)}")
    return faced.get(name)


def _approval(draft: Draft, command: Asked, name: str) -> Criterion | None:
    found = _facing(draft, name)
    if found is None:
        return None
    if found.observe != Observe.APPROVAL:
        asked = [c.name for c in _faced(draft).values() if c.observe == Observe.APPROVAL]
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
