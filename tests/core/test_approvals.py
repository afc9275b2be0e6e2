from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.approvals import (
    contradicted,
    evidence_of,
    fingerprint,
    judge_approval,
    present_rulings,
    refusal,
    stale_note,
    waiver_for,
)
from sojourn.core.criteria import CriteriaCheck, Verdict
from sojourn.core.snapshot import Answer, Ruling, Snapshot
from tests.core.scenes import DAY, HOUR, NOW, approval, metric, path, shot, stage, state

EVIDENCE = {"search_precision": "passed", "work": "passed"}
SIGN_OFF = approval()


def ruled(actor: str = "ada", answer: str = "approve", **more: Any) -> Ruling:
    fields: dict[str, Any] = {
        "criterion": "sign_off",
        "roles": ("approver",),
        "at": NOW - HOUR,
        "visit": 1,
        "evidence": EVIDENCE,
    }
    return Ruling(actor=actor, answer=Answer(answer), **fields | more)


def judged(
    *rulings: Ruling,
    quorum: int = 1,
    evidence: dict[str, str] | None = None,
    now: datetime = NOW,
    **changes: Any,
) -> CriteriaCheck:
    at = shot(state=state(**changes), rulings=rulings)
    found = EVIDENCE if evidence is None else evidence
    return judge_approval(approval(quorum=quorum), at, found, now)


def test_nobody_having_ruled_waits_for_someone_with_the_role() -> None:
    check = judged()
    assert (check.verdict, check.actual_value, check.expected_value) == (
        "pending", None, "1 approval",
    )  # fmt: skip
    assert check.message == "0 of 1 approvals"
    assert check.remedy == "needs approver: sojourn approve CLIENT sign_off"
    assert check.ball == "approver"


def test_the_client_is_asked_where_the_path_says_so() -> None:
    at = shot()
    assert judge_approval(approval(ball="client"), at, {}, NOW).ball == "client"


def test_an_approval_passes_and_names_who_gave_it() -> None:
    check = judged(ruled("ada"))
    assert (check.verdict, check.actual_value) == ("passed", "ada")
    assert check.message == "approved by ada"


def test_a_ruling_counts_for_its_own_criterion_only() -> None:
    assert judged(ruled(criterion="other")).verdict == "pending"
    assert judged(ruled("bo", "reject", criterion="other")).verdict == "pending"


def test_a_quorum_takes_that_many_different_people() -> None:
    assert judged(ruled("ada"), quorum=2).message == "1 of 2 approvals (ada)"
    assert judged(ruled("ada"), ruled("ada"), quorum=2).verdict == "pending"
    both = judged(ruled("ada"), ruled("bo"), quorum=2)
    assert (both.verdict, both.message) == ("passed", "approved by ada, bo")
    assert both.expected_value == "2 approvals"


def test_nobody_approves_their_own_request() -> None:
    check = judged(ruled("ada"), requested_by="ada")
    assert check.verdict == "pending"
    assert "ada asked for this promotion; someone else has to approve" in check.message
    assert judged(ruled("ada"), ruled("bo"), requested_by="ada").passed


def test_an_approval_without_the_role_does_not_count() -> None:
    check = judged(ruled("ada", roles=("viewer", "operator")))
    assert (check.verdict, check.message) == (
        "pending", "0 of 1 approvals; ada has none of the roles approver",
    )  # fmt: skip


def test_an_approval_expires() -> None:
    given_ = ruled(expires_at=NOW)
    assert judged(given_, now=NOW - HOUR).passed
    late = judged(given_)
    assert late.verdict == "pending"
    assert "ada approval expired at 2026-01-15 09:00" in late.message


@pytest.mark.parametrize("verdict", [v for v in Verdict if not v.opens])
def test_an_approval_is_void_when_what_it_saw_holds_no_more(verdict: Verdict) -> None:
    check = judged(ruled(), evidence={**EVIDENCE, "search_precision": verdict})
    assert check.verdict == "pending"
    assert "approved on evidence that no longer holds: search_precision" in check.message


def test_an_approval_stands_while_other_evidence_improves_or_is_not_asked() -> None:
    saw = ruled(evidence={"search_precision": "passed", "bugs": "failed"})
    assert judged(saw, evidence={"search_precision": "waived", "bugs": "passed"}).passed
    assert judged(saw, evidence={"search_precision": "passed", "bugs": "error"}).passed
    assert judged(saw, evidence={"search_precision": "passed"}).passed
    assert contradicted(saw, {"bugs": "failed"}) == []


def test_an_approval_is_bound_to_its_path_and_to_the_evidence_it_saw() -> None:
    mark = fingerprint("d1", 1, EVIDENCE)
    assert judged(ruled(evidence_hash=mark)).passed
    changed = ruled(evidence_hash=mark, evidence={"search_precision": "waived"})
    other_path = ruled(evidence_hash=fingerprint("d0", 1, EVIDENCE))
    for void in (changed, other_path):
        assert "approved on another version of the path" in judged(void).message


def test_a_fingerprint_covers_path_visit_and_every_verdict() -> None:
    marks = {
        fingerprint("d1", 1, EVIDENCE),
        fingerprint("d2", 1, EVIDENCE),
        fingerprint("d1", 2, EVIDENCE),
        fingerprint("d1", 1, EVIDENCE | {"work": "failed"}),
        fingerprint("d1", 1, {"work": "passed"}),
    }
    assert len(marks) == 5
    assert fingerprint("d1", 1, dict(reversed(EVIDENCE.items()))) in marks


def test_a_rejection_fails_until_the_same_person_approves() -> None:
    no = ruled("bo", "reject", reason="too slow")
    check = judged(ruled("ada"), no)
    assert (check.verdict, check.message) == ("failed", "rejected by bo: too slow")
    assert check.remedy == "mend it, then bo approves"
    assert judged(ruled("ada"), no, ruled("bo")).passed
    assert judged(ruled("bo"), no).verdict == "failed"


def test_a_rejection_by_whoever_then_asks_for_the_promotion_stands_no_longer() -> None:
    no = ruled("ada", "reject", reason="too slow")
    assert judged(no, ruled("bo")).verdict == "failed"
    assert judged(no, ruled("bo"), requested_by="ada").passed
    alone = judged(no, requested_by="ada")
    assert alone.verdict == "pending"
    assert "ada asked for this promotion; someone else has to approve" in alone.message


def test_rulings_of_earlier_visits_are_void() -> None:
    early = ruled(visit=1)
    assert judged(early, visit=2).verdict == "pending"
    assert judged(ruled("bo", "reject", visit=1), visit=2).verdict == "pending"
    at = shot(state=state(visit=2), rulings=(early, ruled(visit=2)))
    assert present_rulings(at) == (at.rulings[1],)


def test_what_a_person_sees_beside_the_approvals_is_the_worst_of_each_name() -> None:
    def check(name: str, verdict: Verdict) -> CriteriaCheck:
        return CriteriaCheck(name, verdict.opens, 1, 1, "", verdict)

    checks = [
        check("a", Verdict.FAILED), check("a", Verdict.PASSED), check("b", Verdict.WAIVED),
        check("sign_off", Verdict.PENDING),
    ]  # fmt: skip
    assert evidence_of(checks, ["sign_off"]) == {"a": "failed", "b": "waived"}


def waiver(actor: str = "ada", **more: Any) -> Ruling:
    return ruled(actor, "waive", **{"reason": "known", "expires_at": NOW + DAY} | more)


def test_a_waiver_holds_until_it_expires_and_the_newest_counts() -> None:
    old, new = waiver(expires_at=NOW + 9 * DAY), waiver(actor="bo")
    assert waiver_for("sign_off", [old, new], NOW) is new
    assert waiver_for("sign_off", [old, new], NOW + DAY) is old
    assert waiver_for("sign_off", [old, new], NOW + 9 * DAY) is None
    assert waiver_for("other", [old], NOW) is None
    assert waiver_for("sign_off", [waiver(expires_at=None)], NOW) is None
    assert waiver_for("sign_off", [ruled(expires_at=NOW + DAY)], NOW) is None


def test_who_may_not_rule_is_told_why() -> None:
    at = shot(state=state(requested_by="bo"))
    assert refusal(SIGN_OFF, at, "ada", ["approver"]) is None
    unruled = replace(SIGN_OFF, approval=None)
    assert refusal(unruled, at, "ada", ["approver"]) is None
    assert refusal(unruled, at, "ada", ["compliance"]) is not None
    assert refusal(SIGN_OFF, at, "ada", []) == (
        "sign_off needs one of the roles approver; ada has none"
    )
    assert refusal(SIGN_OFF, at, "ada", ["viewer", "operator"]) == (
        "sign_off needs one of the roles approver; ada has viewer, operator"
    )
    assert refusal(SIGN_OFF, at, "bo", ["approver"]) == (
        "bo asked for this promotion; nobody approves their own request"
    )


def test_a_person_who_looked_at_older_evidence_is_told_what_it_is_now() -> None:
    assert stale_note("", "now", {}) is None
    assert stale_note("now", "now", {}) is None
    told = stale_note("then", "now", {"bugs": "insufficient_data"})
    assert told == "the evidence has changed since you looked; it is now: bugs insufficient data"


RULINGS = st.lists(
    st.builds(
        ruled,
        actor=st.sampled_from(["ada", "bo", "cy"]),
        answer=st.sampled_from(["approve", "reject", "waive"]),
        roles=st.sampled_from([("approver",), ("viewer",), ()]),
        visit=st.sampled_from([1, 2]),
        expires_at=st.sampled_from([None, NOW, NOW + DAY]),
        evidence=st.dictionaries(
            st.sampled_from(["search_precision", "work"]), st.sampled_from([*Verdict])
        ),
    ),
    max_size=6,
)


@given(RULINGS, st.integers(1, 3), st.sampled_from([None, "ada", "bo"]))
def test_a_pass_takes_a_quorum_of_others_with_the_role_and_nobody_against(
    rulings: list[Ruling], quorum: int, requester: str | None
) -> None:
    check = judged(*rulings, quorum=quorum, requested_by=requester)
    mine = [r for r in rulings if r.visit == 1 and r.answer != Answer.WAIVE]
    last = {r.actor: r for r in mine}
    good = {
        r.actor
        for r in last.values()
        if r.answer == Answer.APPROVE
        and "approver" in r.roles
        and r.actor != requester
        and (r.expires_at is None or r.expires_at > NOW)
    }
    against = any(r.answer == Answer.REJECT and r.actor != requester for r in last.values())
    assert check.passed == (len(good) >= quorum and not against)
    assert (check.verdict == "failed") == against


def test_a_path_s_own_rule_decides_who_and_how_many() -> None:
    rule = SIGN_OFF.approval
    assert rule is not None
    own = replace(SIGN_OFF, approval=replace(rule, roles=("compliance",)))
    at: Snapshot = shot(path=path(stage("sandbox", [own, metric()])), rulings=(ruled(),))
    assert not judge_approval(own, at, EVIDENCE, NOW).passed
    unruled = replace(SIGN_OFF, approval=None)
    assert judge_approval(unruled, at, EVIDENCE, NOW).passed
