from datetime import timedelta
from typing import Any

import pytest

from sojourn.core.approvals import fingerprint
from sojourn.core.commands import Approve, HoldJourney, Promote, Reject, Waive
from sojourn.core.decide import decide
from sojourn.core.decision import Decision
from sojourn.core.explain import explain
from sojourn.core.paths import Gate
from sojourn.core.rulings import LONGEST_WAIVER, evidence_seen, seen_evidence
from sojourn.core.snapshot import Answer
from tests.core.driver import Driver
from tests.core.scenes import (
    DAY,
    HOUR,
    NOW,
    T0,
    approval,
    draft,
    fact,
    metric,
    path,
    seen,
    shot,
    stage,
    state,
)

GOOD = {"sandbox/exit/search_precision": seen(0.9)}


def approve(actor: str, criterion: str = "sign_off", **more: Any) -> Approve:
    return Approve(actor=actor, roles=("approver",), criterion=criterion, **more)


def reject(actor: str, reason: str = "too slow") -> Reject:
    return Reject(actor=actor, roles=("approver",), criterion="sign_off", reason=reason)


def waive(actor: str = "ada", **more: Any) -> Waive:
    fields: dict[str, Any] = {
        "roles": ("admin",), "criterion": "search_precision", "reason": "known outlier",
    }  # fmt: skip
    return Waive(actor=actor, **fields | more)


def signing(quorum: int = 1, **more: Any) -> Driver:
    """Return a journey whose only stage asks for precision and a signature."""
    plan = path(stage("sandbox", [metric(max_age=DAY), approval(quorum=quorum, **more)]))
    journey = Driver(plan, feed={"search_precision": 0.9})
    journey.start()
    journey.look()
    return journey


def refused(decision: Decision) -> str:
    assert decision.refusal is not None
    assert decision.rulings == ()
    return f"{decision.refusal.code}: {decision.refusal.message}"


def test_an_approval_is_kept_with_what_was_seen_and_opens_the_gate() -> None:
    journey = signing()
    decision = journey.decide(approve("ada", reason="looks good"))
    [ruling] = decision.rulings
    assert (ruling.criterion, ruling.answer, ruling.actor) == ("sign_off", "approve", "ada")
    assert (ruling.at, ruling.visit, ruling.reason) == (T0, 1, "looks good")
    assert ruling.evidence == {"search_precision": "passed"}
    assert ruling.evidence_hash == fingerprint("d1", 1, ruling.evidence)
    assert ruling.expires_at is None
    assert decision.state.current_stage == "completed"
    [event] = [e for e in decision.events if e.type == "approval.given"]
    assert (event.actor, event.reason) == ("ada", "looks good")
    assert event.data["evidence"] == ruling.evidence_hash


def test_a_quorum_takes_different_people() -> None:
    journey = signing(quorum=2)
    journey.decide(approve("ada"))
    journey.decide(approve("ada"))
    assert journey.moves == ["sandbox"]
    journey.decide(approve("bo"))
    assert journey.moves[-1] == "completed"


def test_who_asked_for_the_promotion_cannot_approve_it() -> None:
    journey = signing()
    assert journey.decide(Promote(actor="ada")).refusal is not None
    assert journey.state.requested_by == "ada"
    told = refused(journey.decide(approve("ada")))
    assert told == "role: ada asked for this promotion; nobody approves their own request"
    journey.decide(approve("bo"))
    assert journey.moves[-1] == "completed"


def test_who_approved_first_cannot_then_promote_on_it() -> None:
    journey = signing()
    journey.pass_time(2 * DAY)
    journey.decide(approve("ada"))
    decision = journey.decide(Promote(actor="ada"))
    assert decision.refusal is not None
    assert decision.result is not None
    assert "someone else has to approve" in decision.result.checks[1].message


def test_an_approval_without_the_role_is_refused() -> None:
    told = refused(signing().decide(Approve(actor="ada", roles=(), criterion="sign_off")))
    assert told == "role: sign_off needs one of the roles approver; ada has none"


def test_only_what_is_faced_and_asks_for_people_can_be_approved() -> None:
    journey = signing()
    assert refused(journey.decide(approve("ada", "sign_of"))) == (
        "not_found: the journey faces no criterion 'sign_of'; did you mean 'sign_off'?"
    )
    decision = journey.decide(approve("ada", "search_precision"))
    assert refused(decision) == "invalid: search_precision is not an approval"
    assert decision.refusal is not None
    assert decision.refusal.remedy == "approvals asked for: sign_off"


def test_who_looked_at_other_evidence_has_to_look_again() -> None:
    journey = signing()
    looked = explain(journey.observed(journey.snapshot()), journey.now).evidence_hash
    journey.pass_time(HOUR)
    journey.measure("search_precision", 0.5)
    journey.settle_down()
    told = refused(journey.decide(approve("ada", evidence_hash=looked)))
    assert told == (
        "conflict: the evidence has changed since you looked; it is now: search_precision failed"
    )
    again = explain(journey.observed(journey.snapshot()), journey.now).evidence_hash
    assert journey.decide(approve("ada", evidence_hash=again)).refusal is None


def test_an_approval_is_void_when_the_evidence_no_longer_holds_and_good_again_after() -> None:
    journey = signing(quorum=2)
    journey.decide(approve("ada"))
    journey.pass_time(HOUR)
    journey.feed["search_precision"] = 0.5
    journey.look()
    assert journey.last is not None
    assert journey.last.result is not None
    assert "no longer holds: search_precision" in journey.last.result.checks[1].message
    journey.pass_time(HOUR)
    journey.feed["search_precision"] = 0.9
    journey.look()
    journey.decide(approve("bo"))
    assert journey.moves[-1] == "completed"


def test_an_approval_expires_and_the_journey_is_looked_at_then() -> None:
    journey = signing(quorum=2, expires=HOUR / 2)
    decision = journey.decide(approve("ada"))
    assert decision.rulings[0].expires_at == T0 + HOUR / 2
    assert decision.due_at == T0 + HOUR / 2
    journey.live(HOUR)
    journey.decide(approve("bo"))
    assert journey.moves == ["sandbox"]


def test_a_rejection_needs_a_reason_and_fails_the_gate_until_that_person_approves() -> None:
    journey = signing()
    assert refused(journey.decide(reject("bo", " "))) == "invalid: a rejection needs a reason"
    journey.decide(reject("bo"))
    assert [r.answer for r in journey.rulings] == [Answer.REJECT]
    assert journey.last is not None
    assert journey.last.result is not None
    assert journey.last.result.verdict == "failed"
    journey.decide(approve("ada"))
    assert journey.moves == ["sandbox"]
    journey.decide(approve("bo"))
    assert journey.moves[-1] == "completed"


def test_a_waiver_has_a_role_a_reason_and_an_end() -> None:
    bad = shot(metric(), seen={"sandbox/exit/search_precision": seen(0.5)})
    for command, told in (
        (waive(roles=("operator",)), "role: a waiver needs one of the roles approver, admin"),
        (waive(reason=""), "invalid: a waiver needs a reason"),
        (waive(lasts=timedelta(0)), "invalid: a waiver lasts more than 0s and at most 366d"),
        (waive(lasts=-DAY), "invalid: a waiver lasts more than 0s and at most 366d"),
        (waive(lasts=timedelta.max), "invalid: a waiver lasts more than 0s and at most 366d"),
        (waive(criterion="x"), "not_found: the journey faces no criterion 'x'; there is: "),
    ):
        assert refused(decide(bad, NOW, command)).startswith(told)
    decision = decide(bad, NOW, waive(lasts=LONGEST_WAIVER))
    assert decision.state.current_stage == "completed"
    [ruling] = decision.rulings
    assert (ruling.answer, ruling.expires_at) == ("waive", NOW + LONGEST_WAIVER)
    assert decision.events[0].type == "waiver.given"


def test_a_waiver_ends_with_its_time() -> None:
    plan = path(stage("sandbox", [metric(), fact("go")]))
    journey = Driver(plan, feed={"search_precision": 0.5})
    journey.start()
    journey.live(HOUR)
    journey.decide(waive(lasts=DAY))
    assert journey.last is not None
    assert journey.last.result is not None
    assert journey.last.result.checks[0].verdict == "waived"
    journey.live(DAY)
    assert journey.last.result is not None
    journey.tell(go=True)
    assert journey.moves == ["sandbox"]


def test_the_roles_that_may_waive_are_the_gate_s_own() -> None:
    gate = Gate((metric(),), waiver_roles=("compliance",))
    at = shot(path=path(stage("sandbox", gate)), seen=GOOD)
    assert refused(decide(at, NOW, waive())).startswith("role: ")
    assert decide(at, NOW, waive(roles=("compliance",))).refusal is None


def test_rulings_may_be_given_during_a_hold_and_count_after_it() -> None:
    journey = signing()
    journey.decide(HoldJourney(actor="ines", reason="wait"))
    decision = journey.decide(approve("ada"))
    assert (decision.refusal, decision.state.current_stage) == (None, "sandbox")


def test_an_approval_of_the_next_stage_s_entry_is_given_at_the_door() -> None:
    plan = path(
        stage("sandbox", [metric()]),
        stage("pilot", [approval(), fact("never")], entry=[approval("plan")]),
    )
    at = shot(path=plan, seen=GOOD)
    decision = decide(at, NOW, approve("ada", "plan"))
    assert decision.state.current_stage == "pilot"
    early = decide(at, NOW, approve("ada"))
    assert refused(early).startswith("not_found: the journey faces no criterion 'sign_off'")


def test_one_signature_opens_one_gate_though_the_next_asks_under_the_same_name() -> None:
    plan = path(stage("sandbox", [approval()]), stage("pilot", [approval()]))
    journey = Driver(plan)
    journey.start()
    journey.decide(approve("ada"))
    journey.settle_down()
    assert journey.moves == ["sandbox", "pilot"]
    journey.decide(approve("ada"))
    assert journey.moves[-1] == "completed"


@pytest.mark.parametrize("place", ["rollback", "sandbox"])
def test_what_is_seen_beside_the_approvals(place: str) -> None:
    rolling = state(current_stage=place, admitted_at=None if place == "rollback" else T0)
    at = shot(metric(), approval(), state=rolling, seen=GOOD)
    evidence, mark = seen_evidence(draft(at))
    expected = {"undone": "passed"} if place == "rollback" else {"search_precision": "passed"}
    assert evidence == expected
    assert mark == fingerprint("d1", 1, evidence)
    assert evidence_seen(at, explain(at, NOW).result) == expected
    assert explain(at, NOW).evidence_hash == mark
