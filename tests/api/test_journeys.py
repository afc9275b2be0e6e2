from datetime import timedelta

from tests.api.served import Api
from tests.doors import START, later


async def test_a_journey_is_started_found_and_listed(api: Api) -> None:
    body = {"client_id": "acme", "path": "standard", "owner": "ann", "facts": {"x_known": True}}
    started = await api.post("/journeys", body, role="operator")
    assert started.status_code == 201, started.text
    journey = started.json()["journey"]
    assert started.headers["location"] == f"/api/v1/journeys/{journey['journey_id']}"
    assert (journey["stage"], journey["owner"], journey["path"]) == ("sandbox", "ann", "standard")
    for name in ("acme", journey["journey_key"], journey["journey_id"]):
        found = await api.get(f"/journeys/{name}", role="viewer")
        assert found.status_code == 200
        assert found.json()["journey_id"] == journey["journey_id"]
        assert found.headers["etag"] == f'"{found.json()["seq"]}"'
    listed = (await api.get("/journeys", role="viewer")).json()
    assert [j["client_id"] for j in listed["items"]] == ["acme"]
    assert listed["next"] is None


async def test_a_dry_start_writes_nothing(api: Api) -> None:
    dry = await api.post("/journeys?dry_run=true", {"client_id": "acme"})
    assert dry.status_code == 200
    assert dry.json()["dry_run"] is True
    assert dry.json()["effects"]["events"][0]["event"] == "start_journey"
    assert (await api.get("/journeys")).json()["items"] == []


async def test_a_second_active_journey_is_a_conflict(api: Api) -> None:
    await api.post("/journeys", {"client_id": "acme"})
    again = await api.post("/journeys", {"client_id": "acme"})
    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"
    problem = again.json()
    assert (problem["code"], problem["status"]) == ("conflict", 409)
    assert "has an active journey" in problem["detail"]
    assert problem["request_id"] == again.headers["x-request-id"]


async def test_what_cannot_be_started_is_told_with_its_place(api: Api) -> None:
    unknown = await api.post("/journeys", {"client_id": "acme", "path": "standart"})
    assert unknown.status_code == 422
    assert "did you mean 'standard'" in unknown.json()["detail"]
    missing = await api.post("/journeys", {"path": "standard", "hurry": 1})
    assert missing.status_code == 422
    places = [e["place"] for e in missing.json()["errors"]]
    assert places == ["body.client_id", "body.hurry"]
    for name in ("a/b", " a", "a\u0000b"):
        assert (await api.post("/journeys", {"client_id": name})).status_code == 422
    file = await api.post("/journeys", {"client_id": "acme", "path": "/etc/passwd"})
    assert file.status_code == 422


async def test_lists_are_filtered_and_paged(api: Api) -> None:
    for name in ("acme", "beta", "gamma", "delta"):
        await api.start(name)
    await api.post("/journeys/beta/hold", {"reason": "holidays"})
    await api.post("/journeys/gamma/cancel", {"reason": "lost"})
    seen, cursor = [], None
    for _ in range(9):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/journeys", params=query)).json()
        seen += [j["client_id"] for j in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["acme", "beta", "delta", "gamma"]

    async def listed(**query: object) -> list[str]:
        answer = await api.get("/journeys", params=query)
        assert answer.status_code == 200, answer.text
        return [j["client_id"] for j in answer.json()["items"]]

    assert await listed(held="true") == ["beta"]
    assert await listed(active="false") == ["gamma"]
    assert await listed(stage="cancelled") == ["gamma"]
    assert await listed(search="ET") == ["beta"]
    assert await listed(client="delta") == ["delta"]
    assert await listed(path="other") == []
    assert (await api.get("/journeys?cursor=nonsense")).status_code == 422
    assert (await api.get("/journeys?limit=0")).status_code == 422
    unknown = await api.get("/journeys?stage=pilot&colour=red")
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["place"] == "colour"


async def test_days_leave_held_time_out(api: Api) -> None:
    await api.start("acme")
    later(api.door, days=1)
    await api.post("/journeys/acme/hold", {"reason": "holidays"})
    later(api.door, days=10)
    await api.post("/journeys/acme/resume")
    later(api.door, days=1)
    journey = (await api.get("/journeys/acme")).json()
    assert journey["days"] == 2.0
    assert (journey["target_days"], journey["limit_days"]) == (5.0, 10.0)
    assert journey["started_at"] == START.isoformat().replace("+00:00", "Z")
    assert api.door.now() - START == timedelta(days=12)


async def test_a_journey_that_is_not_there(api: Api) -> None:
    await api.start("acme")
    missing = await api.get("/journeys/acm")
    assert missing.status_code == 404
    assert "did you mean 'acme'" in missing.json()["detail"]
    assert (await api.get("/journeys/%00")).status_code == 422
