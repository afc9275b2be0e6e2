"""Four eyes: who may approve, what an approval saw, and how long it counts."""

from datetime import timedelta

import pytest

from sojourn.control import RefusedError
from sojourn.core.commands import Approve, Promote, Reject, RollBack, Waive
from tests.doors import rows
from tests.journeys.conftest import Told

EYES = """
name: eyes
stages:
  - name: sandbox
    exit:
      mode: manual
      waiver_roles: [admin]
      criteria:
        - metric: risk
          is: "<= 3"
        - approval: risk_accepted
          roles: [risk_officer, director]
          quorum: 2
          expires: 3d
  - name: pilot
    exit: { criteria: [{ fact: done }] }
"""
RISK = ("risk_officer",)


async def test_two_people_with_the_role_and_none_of_them_who_asked(told: Told) -> None:
    story, _ = told
    journey = await story.start(EYES)
    await story.tell(risk=2)
    with pytest.raises(RefusedError, match="risk_accepted pending"):
        await story.do(journey, Promote(actor="ann"))
    with pytest.raises(RefusedError, match="nobody approves their own request"):
        await story.do(
            journey, Approve(actor="ann", roles=("risk_officer",), criterion="risk_accepted")
        )
    with pytest.raises(RefusedError, match="needs one of the roles"):
        await story.do(journey, Approve(actor="bob", criterion="risk_accepted"))
    for _ in range(2):
        await story.do(journey, Approve(actor="bob", roles=RISK, criterion="risk_accepted"))
    assert (await story.explain(journey)).view.ball == "approver"
    await story.do(journey, Approve(actor="eve", roles=("director",), criterion="risk_accepted"))
    assert await story.stage(journey) == "sandbox", "the gate is manual"
    await story.do(journey, Promote(actor="ann"))
    assert await story.stage(journey) == "pilot"
    kept = await rows(
        story.door.db, "SELECT kind, passed, actor, attempt FROM validation_results ORDER BY 4"
    )
    assert kept == [("manual", False, "ann", 1), ("manual", True, "ann", 2)]
    await story.verify(journey)


async def test_an_approval_is_void_when_what_it_saw_no_longer_holds(told: Told) -> None:
    story, _ = told
    journey = await story.start(EYES)
    await story.tell(risk=2)
    for who in ("bob", "eve"):
        await story.do(journey, Approve(actor=who, roles=RISK, criterion="risk_accepted"))
    await story.tell(risk=9)
    with pytest.raises(RefusedError, match="risk"):
        await story.do(journey, Promote(actor="ann"))
    await story.tell(risk=1)
    await story.do(journey, Promote(actor="ann"))
    assert await story.stage(journey) == "pilot"


async def test_an_approval_on_evidence_that_has_changed_since_it_was_seen_is_refused(
    told: Told,
) -> None:
    story, _ = told
    journey = await story.start(EYES)
    await story.tell(risk=2)
    seen = (await story.explain(journey)).evidence_hash
    await story.tell(risk=9)
    command = Approve(actor="bob", roles=RISK, criterion="risk_accepted", evidence_hash=seen)
    with pytest.raises(RefusedError, match="has changed since you looked"):
        await story.do(journey, command)
    assert await rows(story.door.db, "SELECT 1 FROM approvals") == []


async def test_an_approval_expires(told: Told) -> None:
    story, _ = told
    journey = await story.start(EYES)
    await story.tell(risk=2)
    for who in ("bob", "eve"):
        await story.do(journey, Approve(actor=who, roles=RISK, criterion="risk_accepted"))
    await story.pass_time(days=3, minutes=1)
    with pytest.raises(RefusedError, match="risk_accepted pending"):
        await story.do(journey, Promote(actor="ann"))


async def test_a_rejection_keeps_the_gate_shut_until_that_person_approves(told: Told) -> None:
    story, _ = told
    journey = await story.start(EYES)
    await story.tell(risk=2)
    for who in ("bob", "eve"):
        await story.do(journey, Approve(actor=who, roles=RISK, criterion="risk_accepted"))
    no = Reject(actor="joe", roles=RISK, criterion="risk_accepted", reason="not yet")
    await story.do(journey, no)
    with pytest.raises(RefusedError, match="risk_accepted failed"):
        await story.do(journey, Promote(actor="ann"))
    await story.do(journey, Approve(actor="joe", roles=RISK, criterion="risk_accepted"))
    await story.do(journey, Promote(actor="ann"))
    assert await story.stage(journey) == "pilot"


async def test_a_waiver_needs_role_and_reason_and_ends(told: Told) -> None:
    story, _ = told
    journey = await story.start(EYES)
    for who in ("bob", "eve"):
        await story.do(journey, Approve(actor=who, roles=RISK, criterion="risk_accepted"))
    day = timedelta(days=1)
    with pytest.raises(RefusedError, match="needs one of the roles admin"):
        await story.do(journey, Waive(actor="max", criterion="risk", reason="known", lasts=day))
    with pytest.raises(RefusedError, match="needs a reason"):
        await story.do(journey, Waive(actor="max", roles=("admin",), criterion="risk", lasts=day))
    waiver = Waive(actor="max", roles=("admin",), criterion="risk", reason="known", lasts=day)
    await story.do(journey, waiver)
    await story.pass_time(days=1, minutes=1)
    with pytest.raises(RefusedError, match="risk insufficient data"):
        await story.do(journey, Promote(actor="ann"))
    await story.do(journey, waiver)
    await story.do(journey, Promote(actor="ann"))
    assert await story.stage(journey) == "pilot"


async def test_rulings_of_one_visit_do_not_count_in_the_next(told: Told) -> None:
    story, _ = told
    journey = await story.start(EYES)
    await story.tell(risk=2)
    for who in ("bob", "eve"):
        await story.do(journey, Approve(actor=who, roles=RISK, criterion="risk_accepted"))
    await story.do(journey, RollBack(actor="ann", reason="again"))
    await story.pass_time(minutes=1)
    await story.tell(risk=2)
    with pytest.raises(RefusedError, match="risk_accepted pending"):
        await story.do(journey, Promote(actor="ann"))
