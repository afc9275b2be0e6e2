from sojourn.control import tick
from tests.api.served import Api
from tests.doors import later


async def test_an_alert_is_listed_acknowledged_and_quiet_for_a_while(api: Api) -> None:
    await api.start(facts={"contract_signed": True})
    later(api.door, days=6)
    await tick(api.door)
    [alert] = (await api.get("/alerts")).json()["items"]
    assert (alert["kind"], alert["client_id"], alert["severity"]) == ("behind", "acme", "notify")
    path = f"/journeys/acme/alerts/{alert['alert_id']}/acknowledge"
    [before] = (await api.get("/portfolio/attention")).json()
    assert before["reason"] == "behind"
    assert before["open_alerts"] == 1
    refused = await api.post(path, {}, role="viewer")
    assert refused.status_code == 403
    seen = await api.post(path, {"snooze": "2d"}, role="operator")
    assert seen.status_code == 200, seen.text
    assert seen.json()["acknowledged_by"] == "a-operator"
    [quiet] = (await api.get("/portfolio/attention")).json()
    assert quiet["open_alerts"] == 0
    later(api.door, days=3)
    [again] = (await api.get("/portfolio/attention")).json()
    assert (again["open_alerts"], again["acknowledged_by"]) == (1, "a-operator")
    assert (await api.get("/alerts?severity=page")).json()["items"] == []
    listed = (await api.get("/journeys/acme/alerts?open=true")).json()["items"]
    assert len(listed) == 1
    assert (await api.post("/journeys/acme/alerts/999/acknowledge", {})).status_code == 404
