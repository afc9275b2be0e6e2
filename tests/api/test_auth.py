import json
from typing import Any

import httpx
import pytest

from sojourn.control import keys, sessions
from sojourn.store.postgres import Database
from tests.api.served import ROLES, Api
from tests.doors import rows

# What each role may: every route once, with a body that would be carried out.
JOURNEY = "/journeys/acme"
REASON = {"reason": "because"}
READS = [
    "/journeys/acme", "/journeys/acme/explain", "/journeys/acme/stages", "/journeys/acme/attempts",
    "/journeys/acme/approvals", "/journeys/acme/units", "/journeys/acme/tasks",
    "/journeys/acme/measurements", "/journeys/acme/events", "/journeys/acme/audit",
    "/journeys/acme/rollbacks", "/journeys/acme/alerts", "/journeys", "/alerts",
]  # fmt: skip
ALL_READS = ["/events", "/paths", "/agents", "/portfolio/summary", "/portfolio/attention"]
OPERATES = [
    ("/journeys/acme/promote", {}),
    ("/journeys/acme/rollback", REASON),
    ("/journeys/acme/hold", REASON),
    ("/journeys/acme/resume", {}),
    ("/journeys/acme/cancel", REASON),
    ("/journeys/acme/retry", {}),
    ("/journeys/acme/answer", {"answer": "yes"}),
    ("/journeys/acme/facts", {"facts": {"cohort": 12}}),
    ("/journeys?dry_run=true", {"client_id": "beta"}),
]
RULES = [
    ("/journeys/acme/approve", {"criterion": "nothing"}),
    ("/journeys/acme/reject", {"criterion": "nothing", **REASON}),
    ("/journeys/acme/waive", {"criterion": "nothing", **REASON}),
]
ADMINISTERS = [("/keys", {"actor": "eve", "roles": ["viewer"]})]
PEOPLE = ("viewer", "operator", "approver", "admin")
MAY: list[tuple[str, str, Any, tuple[str, ...]]] = [
    *(("GET", path, None, (*PEOPLE, "client")) for path in READS),
    *(("GET", path, None, PEOPLE) for path in ALL_READS),
    *(("POST", path, body, ("operator", "admin")) for path, body in OPERATES),
    *(("POST", path, body, ("approver", "admin", "client")) for path, body in RULES),
    *(("POST", path, body, ("admin",)) for path, body in ADMINISTERS),
    ("GET", "/keys", None, ("admin",)),
    ("GET", "/webhooks", None, ("admin",)),
    ("GET", "/tasks", None, (*PEOPLE, "agent")),
    ("GET", "/session", None, ROLES),
]


async def test_each_role_may_what_it_may_and_nothing_else(api: Api) -> None:
    await api.start()
    wrong = []
    for method, path, body, roles in MAY:
        for role in (*ROLES, None):
            answer = await api.ask(method, path, role, json=body)
            allowed = role in roles
            refused = answer.status_code in (401, 403)
            if refused == allowed or (role is None and answer.status_code != 401):
                wrong.append((method, path, role, answer.status_code))
    assert wrong == []


async def test_a_client_sees_its_own_journey_and_no_other(api: Api, db: Database) -> None:
    for name in ("acme", "rival"):
        await api.start(name)
    listed = (await api.get("/journeys", role="client")).json()["items"]
    assert [j["client_id"] for j in listed] == ["acme"]
    assert (await api.get("/journeys?client=rival", role="client")).json()["items"] == []
    for path in READS:
        if path.startswith(JOURNEY):
            other = await api.get(path.replace("acme", "rival"), role="client")
            assert other.status_code == 404, path
            assert "rival" not in other.json().get("remedy", "")
    none = await api.get("/journeys/riva", role="client")
    assert none.json()["detail"] == "there is no journey of client 'riva'"
    stream = await api.get("/events/stream?journey=rival", role="client")
    assert stream.status_code == 404
    found = await rows(db, "SELECT actor FROM journey_events WHERE type = 'access.refused'")
    assert found == [("a-client",)]


async def test_an_agent_reports_on_its_own_tasks_only(api: Api) -> None:
    await api.start("acme", {"contract_signed": True})
    await api.start("rival")
    own = {"client": "acme", "metric": "quality", "value": 0.9, "source": "somebody else"}
    done = await api.post("/measurements", own, role="agent")
    assert done.status_code == 200, done.text
    [value] = (await api.get("/journeys/acme/measurements")).json()["items"]
    assert value["source"] == "builder"
    for role_bound in ({"agent_id": "stranger"}, {"agent_id": "builder"}):
        client = "acme" if role_bound["agent_id"] == "stranger" else "rival"
        other = await api.post("/measurements", own | {"client": client}, role="agent",
                               bound=role_bound)  # fmt: skip
        assert other.status_code == 403
    tasks = (await api.get("/tasks?agent=teller", role="agent")).json()["items"]
    assert {t["agent_id"] for t in tasks} == {"builder"}


async def test_every_refusal_is_in_the_journal_with_its_actor(api: Api, db: Database) -> None:
    await api.start()
    for role in ("viewer", "viewer", "approver", "client"):
        assert (await api.post("/journeys/acme/hold", REASON, role=role)).status_code == 403
    found = await rows(
        db,
        "SELECT actor, reason, data->>'asked' FROM journey_events"
        " WHERE type = 'access.refused' ORDER BY seq",
    )
    assert [(a, asked) for a, _, asked in found] == [
        ("a-viewer", "holding"),
        ("a-approver", "holding"),
        ("a-client", "holding"),
    ]
    assert "needs the role operator or admin" in found[0][1]
    assert (await api.get("/journeys/acme/audit")).json()["intact"] is True


async def test_strangers_and_wrong_keys(api: Api) -> None:
    none = await api.get("/journeys", role=None)
    assert none.status_code == 401
    assert none.headers["www-authenticate"] == "Bearer"
    async with api.client(None) as client:
        for header in ("Bearer nonsense", "Basic YTpi", "Bearer", "x"):
            answer = await client.get("/api/v1/journeys", headers={"Authorization": header})
            assert answer.status_code == 401, header
            assert answer.headers["content-type"] == "application/problem+json"


async def test_guessing_at_a_key_is_throttled_and_its_owner_is_not(api: Api) -> None:
    token = await api.token("viewer")
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    async with api.client(None) as client:
        found = [
            (
                await client.get("/api/v1/session", headers={"Authorization": f"Bearer {wrong}"})
            ).status_code
            for _ in range(12)
        ]
    assert found == [401] * 10 + [429] * 2
    other = await api.get("/session", role="operator")
    assert other.status_code == 200


async def test_a_revoked_key_is_refused_at_once_here(api: Api) -> None:
    token = await api.token("viewer")
    assert (await api.get("/session", role="viewer")).json()["actor"] == "a-viewer"
    prefix = token.split("_")[1]
    assert (await api.post(f"/keys/{prefix}/revoke")).json()["revoked_at"] is not None
    assert (await api.get("/session", role="viewer")).status_code == 401


@pytest.fixture
async def browser(api: Api) -> Any:
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_browser_logs_in_with_a_key_and_changes_need_its_csrf_token(
    api: Api, browser: httpx.AsyncClient
) -> None:
    await api.start()
    token = await api.token("operator")
    begun = await browser.post("/api/v1/session", json={"key": token})
    assert begun.status_code == 201, begun.text
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    csrf = begun.json()["csrf_token"]
    assert (await browser.get("/api/v1/journeys/acme")).status_code == 200
    assert (await browser.get("/api/v1/session")).json()["actor"] == "a-operator"
    hold = "/api/v1/journeys/acme/hold"
    for headers in (
        {},
        {"X-CSRF-Token": "wrong"},
        {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"},
    ):
        refused = await browser.post(hold, json=REASON, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    done = await browser.post(hold, json=REASON, headers={"X-CSRF-Token": csrf})
    assert done.status_code == 200
    assert done.json()["journey"]["held"]["by"] == "a-operator"
    out = await browser.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
    assert out.status_code == 204
    assert (await browser.get("/api/v1/session")).status_code == 401


async def test_a_login_link_is_good_once(api: Api, browser: httpx.AsyncClient) -> None:
    token = await sessions.create_link(api.door, "ann", ["admin"])
    followed = await browser.get(f"/login/link?token={token}")
    assert (followed.status_code, followed.headers["location"]) == (303, "/")
    assert (await browser.get("/api/v1/session")).json()["actor"] == "ann"
    browser.cookies.clear()
    again = await browser.get(f"/login/link?token={token}")
    assert again.status_code == 401


async def test_login_is_throttled(api: Api, browser: httpx.AsyncClient) -> None:
    found = [
        (await browser.post("/api/v1/session", json={"key": "x"})).status_code for _ in range(11)
    ]
    assert found == [401] * 10 + [429]


async def test_keys_are_made_shown_once_and_listed(api: Api) -> None:
    body = {"actor": "bob", "roles": ["viewer"], "lasts": "30d", "label": "ci"}
    made = await api.post("/keys", body)
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    listed = (await api.get("/keys")).json()
    assert {k["actor"] for k in listed} == {"bob", "a-admin"}
    assert token not in json.dumps(listed)
    assert await keys.find(api.door, token) is not None
    bad = await api.post("/keys", body | {"roles": ["wiever"]})
    assert (bad.status_code, bad.json()["remedy"]) == (422, "did you mean viewer?")
