import pytest

from sojourn.control import tick
from sojourn.store.postgres import Database
from tests.api.served import Api
from tests.doors import dump, rows


async def test_a_shut_gate_is_told_with_its_checks_and_the_attempt_is_kept(api: Api) -> None:
    await api.start()
    shut = await api.post("/journeys/acme/promote", role="operator")
    assert shut.status_code == 409
    problem = shut.json()
    assert problem["code"] == "gate"
    assert problem["gate"]["passed"] is False
    assert [c["name"] for c in problem["gate"]["checks"]] == ["contract_signed"]
    attempts = (await api.get("/journeys/acme/attempts")).json()["items"]
    assert [(a["kind"], a["actor"], a["passed"]) for a in attempts] == [
        ("manual", "a-operator", False)
    ]


async def test_hold_resume_and_cancel(api: Api) -> None:
    await api.start()
    held = await api.post("/journeys/acme/hold", {"reason": "holidays"}, role="operator")
    assert held.json()["journey"]["held"]["reason"] == "holidays"
    assert held.json()["effects"]["events"][0]["type"] == "journey.held"
    again = await api.post("/journeys/acme/hold", {"reason": "more"})
    assert (again.status_code, again.json()["code"]) == (409, "held")
    promoted = await api.post("/journeys/acme/promote")
    assert promoted.json()["code"] == "held"
    assert (await api.post("/journeys/acme/resume")).status_code == 200
    assert (await api.post("/journeys/acme/resume")).json()["code"] == "illegal"
    gone = await api.post("/journeys/acme/cancel", {"reason": "lost"})
    assert gone.json()["journey"]["stage"] == "cancelled"
    assert (await api.post("/journeys/acme/promote")).json()["code"] == "illegal"


async def test_a_rollback_is_previewed_to_the_last_event_and_then_done(
    api: Api, db: Database
) -> None:
    await api.start(facts={"contract_signed": True})
    await tick(api.door)
    before = await dump(db)
    body = {"reason": "they asked"}
    preview = await api.post("/journeys/acme/rollback?dry_run=true", body)
    assert preview.status_code == 200, preview.text
    assert await dump(db) == before
    done = await api.post("/journeys/acme/rollback", body)
    types = [e["type"] for e in done.json()["effects"]["events"]]
    assert types == [e["type"] for e in preview.json()["effects"]["events"]]
    assert done.json()["journey"]["stage"] == "rollback"
    assert preview.json()["journey"]["stage"] == "rollback"
    history = (await api.get("/journeys/acme/rollbacks")).json()["items"]
    assert [(r["from_stage"], r["trigger_type"]) for r in history] == [
        ("sandbox", "client_request")
    ]
    missing = await api.post("/journeys/acme/rollback", {})
    assert missing.status_code == 422


async def test_a_change_counts_only_for_the_state_that_was_looked_at(api: Api) -> None:
    await api.start()
    seen = (await api.get("/journeys/acme")).headers["etag"]
    held = await api.post("/journeys/acme/hold", {"reason": "a"}, headers={"If-Match": seen})
    assert held.status_code == 200
    late = await api.post("/journeys/acme/resume", {}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    assert late.headers["etag"] == held.headers["etag"]
    now = {"If-Match": f'"1", {held.headers["etag"]}'}
    dry = await api.post("/journeys/acme/resume?dry_run=true", {}, headers={"If-Match": seen})
    assert dry.status_code == 412
    assert (await api.post("/journeys/acme/resume", {}, headers=now)).status_code == 200
    weak = {"If-Match": f"W/{held.headers['etag']}"}
    assert (await api.post("/journeys/acme/hold", {"reason": "b"}, headers=weak)).status_code == 412
    any_ = {"If-Match": "*"}
    assert (await api.post("/journeys/acme/hold", {"reason": "b"}, headers=any_)).status_code == 200
    bad = {"If-Match": "41"}
    assert (await api.post("/journeys/acme/resume", {}, headers=bad)).status_code == 400
    elsewhere = await api.post("/journeys", {"client_id": "b"}, headers={"If-Match": '"1"'})
    assert elsewhere.status_code == 400


APPROVAL = """
name: asks
stages:
  - name: sandbox
    target: 5d
    limit: 10d
    exit:
      criteria:
        - approval: demo
          roles: [approver, client, compliance_officer]
  - name: production
    target: 5d
    limit: 10d
    exit:
      criteria:
        - fact: live
"""


async def test_approvals_are_asked_for_given_and_bound_to_their_evidence(api: Api) -> None:
    await api.start(path=APPROVAL)
    await tick(api.door)
    asked = (await api.get("/journeys/acme/approvals")).json()
    assert [(a["criterion"], a["quorum"]) for a in asked["asked"]] == [("demo", 1)]
    wrong = {"criterion": "demo", "evidence_hash": "0" * 64}
    changed = await api.post("/journeys/acme/approve", wrong, role="approver")
    assert (changed.status_code, changed.json()["code"]) == (409, "conflict")
    body = {"criterion": "demo", "evidence_hash": asked["evidence_hash"]}
    done = await api.post("/journeys/acme/approve", body, role="approver")
    assert done.status_code == 200, done.text
    given = (await api.get("/journeys/acme/approvals")).json()["given"]
    assert [(g["answer"], g["actor"]) for g in given] == [("approve", "a-approver")]


@pytest.mark.parametrize("role", ["client", "compliance_officer"])
async def test_a_client_and_an_officer_may_approve_what_asks_for_them(api: Api, role: str) -> None:
    await api.start(path=APPROVAL)
    await tick(api.door)
    done = await api.post("/journeys/acme/approve", {"criterion": "demo"}, role=role)
    assert done.status_code == 200, done.text


async def test_roles_that_core_refuses_are_kept_in_the_journal(api: Api, db: Database) -> None:
    await api.start(path=APPROVAL)
    await tick(api.door)
    refused = await api.post("/journeys/acme/approve", {"criterion": "demo"}, role="admin")
    assert (refused.status_code, refused.json()["code"]) == (403, "role")
    found = await rows(
        db, "SELECT actor, data->>'asked' FROM journey_events WHERE type = 'access.refused'"
    )
    assert found == [("a-admin", "approve")]


async def test_waivers_retries_and_answers(api: Api) -> None:
    await api.start()
    body = {"criterion": "contract_signed", "reason": "verbal", "lasts": "2d"}
    waived = await api.post("/journeys/acme/waive", body, role="approver")
    assert waived.status_code == 200, waived.text
    assert (await api.post("/journeys/acme/waive", body, role="operator")).status_code == 403
    for path, given in (("retry", {}), ("answer", {"answer": "yes"})):
        none = await api.post(f"/journeys/acme/{path}", given)
        assert (none.status_code, none.json()["code"]) == (404, "not_found")
    bad = await api.post("/journeys/acme/waive", body | {"lasts": "soon"})
    assert bad.json()["errors"][0]["place"] == "body.lasts"
