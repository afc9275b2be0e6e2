"""Approvals and waivers: who may rule, what a ruling saw, and when it still counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from sojourn.core.criteria import (
    ApprovalRule,
    CriteriaCheck,
    Criterion,
    Verdict,
    verdict_of,
    words,
    worst,
)
from sojourn.core.journal import spell
from sojourn.core.journeys import Ball
from sojourn.core.judge import Finding, check
from sojourn.core.snapshot import Answer, Ruling, Snapshot

DEFAULT_RULE = ApprovalRule()


@dataclass(frozen=True, slots=True)
class Counted:
    """The rulings on one criterion, sorted by whether and why they count."""

    good: tuple[Ruling, ...]
    void: tuple[tuple[Ruling, str], ...]
    rejected: Ruling | None


def evidence_of(checks: Iterable[CriteriaCheck], approvals: Iterable[str]) -> dict[str, str]:
    """Return what a person sees beside the approvals: each other check's verdict.

    Of several checks of one name the worst verdict stands.
    """
    skipped = set(approvals)
    seen: dict[str, list[Verdict]] = {}
    for check_ in checks:
        if check_.name not in skipped:
            seen.setdefault(check_.name, []).append(verdict_of(check_))
    return {name: worst(verdicts).value for name, verdicts in seen.items()}


def fingerprint(path_digest: str, visit: int, evidence: Mapping[str, str]) -> str:
    """Return the hash that binds a ruling to its path, visit and evidence."""
    return sha256(spell([path_digest, visit, dict(evidence)]).encode()).hexdigest()


def contradicted(ruling: Ruling, evidence: Mapping[str, str]) -> list[str]:
    """Return the checks that held when the person ruled and do not hold now (trap 2 and 5).

    A check that is not among the evidence is not asked now, and contradicts nothing.
    """
    opened = {name for name, verdict in ruling.evidence.items() if Verdict(verdict).opens}
    return sorted(n for n in opened if n in evidence and not Verdict(evidence[n]).opens)


def present_rulings(shot: Snapshot) -> tuple[Ruling, ...]:
    """Return the rulings of the present visit, in order; those of earlier visits are void."""
    return tuple(r for r in shot.rulings if r.visit == shot.state.visit)


def judge_approval(
    criterion: Criterion, shot: Snapshot, evidence: Mapping[str, str], now: datetime
) -> CriteriaCheck:
    """Judge an approval: quorum of distinct people with a role, none of them the requester."""
    rule = criterion.approval or DEFAULT_RULE
    counted = count(criterion, rule, shot, evidence, now)
    finding = _finding(criterion, rule, counted)
    people = [r.actor for r in counted.good]
    found = check(criterion, finding, ", ".join(people) or None)
    expected = f"{rule.quorum} approval{'s' if rule.quorum > 1 else ''}"
    ball = Ball.APPROVER if criterion.ball == Ball.OPERATOR else criterion.ball
    return replace(found, expected_value=expected, ball=ball)


def count(
    criterion: Criterion,
    rule: ApprovalRule,
    shot: Snapshot,
    evidence: Mapping[str, str],
    now: datetime,
) -> Counted:
    """Sort the rulings of this visit on a criterion; the latest of each person counts.

    The requester's counts neither way: whoever rejected and then asks for the promotion could not
    take it back by approving.
    """
    latest: dict[str, Ruling] = {}
    for ruling in present_rulings(shot):
        if ruling.criterion == criterion.name and ruling.answer != Answer.WAIVE:
            latest[ruling.actor] = ruling
    good, void, rejected = [], [], None
    for ruling in latest.values():
        if ruling.answer == Answer.REJECT and ruling.actor != shot.state.requested_by:
            rejected = ruling
        elif why := _void(ruling, rule, shot, evidence, now):
            void.append((ruling, why))
        else:
            good.append(ruling)
    return Counted(tuple(good), tuple(void), rejected)


def _void(
    ruling: Ruling,
    rule: ApprovalRule,
    shot: Snapshot,
    evidence: Mapping[str, str],
    now: datetime,
) -> str | None:
    if ruling.actor == shot.state.requested_by:
        return "asked for this promotion; someone else has to approve"
    if not set(rule.roles) & set(ruling.roles):
        return f"has none of the roles {', '.join(rule.roles)}"
    if ruling.expires_at and ruling.expires_at <= now:
        return f"approval expired at {ruling.expires_at:%Y-%m-%d %H:%M}"
    if ruling.evidence_hash and ruling.evidence_hash != fingerprint(
        shot.path.digest, ruling.visit, ruling.evidence
    ):
        return "approved on another version of the path or on evidence that was changed since"
    if changed := contradicted(ruling, evidence):
        return f"approved on evidence that no longer holds: {', '.join(changed)}"
    return None


def _finding(criterion: Criterion, rule: ApprovalRule, counted: Counted) -> Finding:
    if counted.rejected:
        by = counted.rejected
        message = f"rejected by {by.actor}: {by.reason or 'no reason given'}"
        return Finding(Verdict.FAILED, message, f"mend it, then {by.actor} approves")
    got, who = len(counted.good), ", ".join(r.actor for r in counted.good)
    if got >= rule.quorum:
        return Finding(Verdict.PASSED, f"approved by {who}")
    voided = "".join(f"; {r.actor} {why}" for r, why in counted.void)
    message = f"{got} of {rule.quorum} approvals{f' ({who})' if who else ''}{voided}"
    roles = " or ".join(rule.roles)
    remedy = f"needs {roles}: sojourn approve CLIENT {criterion.name}"
    return Finding(Verdict.PENDING, message, remedy)


def waiver_for(name: str, rulings: Sequence[Ruling], now: datetime) -> Ruling | None:
    """Return the newest waiver of a criterion that is still good at ``now``."""
    waivers = [r for r in rulings if r.criterion == name and r.answer == Answer.WAIVE]
    good = [r for r in waivers if r.expires_at is not None and r.expires_at > now]
    return good[-1] if good else None


def refusal(criterion: Criterion, shot: Snapshot, actor: str, roles: Sequence[str]) -> str | None:
    """Say why a person may not approve or reject; None when they may."""
    rule = criterion.approval or DEFAULT_RULE
    if not set(rule.roles) & set(roles):
        return f"{criterion.name} needs one of the roles {', '.join(rule.roles)}; {actor} has {_list(roles)}"
    if actor == shot.state.requested_by:
        return f"{actor} asked for this promotion; nobody approves their own request"
    return None


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def stale_note(given: str, current: str, evidence: Mapping[str, str]) -> str | None:
    """Say that the evidence changed since a person looked, when it did."""
    if given in ("", current):
        return None
    now = ", ".join(f"{name} {words(Verdict(v))}" for name, v in evidence.items())
    return f"the evidence has changed since you looked; it is now: {now}"
