from datetime import timedelta

from sojourn.control import tick
from sojourn.control.alerts import declare
from sojourn.control.routes import Route
from tests.api.served import Api
from tests.doors import later, rows


async def test_an_alert_is_listed_acknowledged_and_quiet_for_a_while(api: Api) -> None:
    await api.start(facts={"contract_signed": True})
    later(api.door, days=6)
    await tick(api.door)
    [alert] = (await api.get("/alerts")).json()["items"]
    assert (alert["kind"], alert["client_id"], alert["severity"]) == ("behind", "acme", "notify")
    assert alert["link"] == f"/journeys/{alert['journey_key']}"
    assert (alert["actual"], alert["expected"]) == ("6d", "at most 5d")
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


async def test_a_condition_of_the_installation_is_acknowledged_and_owned(api: Api) -> None:
    await rows(
        api.door.db,
        "INSERT INTO system_alerts (kind, subject, severity, message) "
        "VALUES ('breaker_open', 'an-agent', 'notify', 'it fails')",
    )
    [alert] = (await api.get("/alerts")).json()["items"]
    assert (alert["owner"], alert["actual"], alert["link"]) == (None, "", "/alerts")
    path = f"/alerts/{alert['alert_id']}/acknowledge"
    assert (await api.post(path, {}, role="viewer")).status_code == 403
    seen = await api.post(path, {"snooze": "2d", "owner": "olga"}, role="operator")
    assert (seen.status_code, seen.json()["owner"]) == (200, "olga")
    assert seen.json()["acknowledged_by"] == "a-operator"
    assert (await api.post("/alerts/99/acknowledge", {})).status_code == 404


async def test_an_alert_is_found_among_however_many(api: Api) -> None:
    await rows(
        api.door.db,
        "INSERT INTO system_alerts (kind, subject, severity, message) "
        "SELECT 'breaker_open', n::text, CASE n WHEN 600 THEN 'digest' ELSE 'page' END, 'it fails' "
        "FROM generate_series(1, 600) n",
    )
    [[last]] = await rows(api.door.db, "SELECT max(alert_id) FROM system_alerts")
    seen = await api.post(f"/alerts/{last}/acknowledge", {}, role="operator")
    assert (seen.status_code, seen.json()["acknowledged_by"]) == (200, "a-operator")


async def test_routes_and_their_log_are_there_for_those_who_may_look(api: Api) -> None:
    await declare(api.door, [Route("team", ("json://me:s3cret@h",), digest=timedelta(hours=1))])
    await rows(
        api.door.db,
        "INSERT INTO system_alerts (kind, subject, severity, message) "
        "VALUES ('breaker_open', 'an-agent', 'notify', 'it fails')",
    )
    answer = await api.get("/alerts/routes", role="viewer")
    [route] = answer.json()
    assert (route["name"], route["targets"], route["pending"]) == ("team", 1, 1)
    assert "s3cret" not in answer.text
    [notice] = (await api.get("/alerts/notices?route=team&status=pending")).json()["items"]
    assert (notice["reason"], notice["attempts"], notice["journey_id"]) == ("raised", 0, None)
    assert (await api.get("/alerts/notices?status=failed")).json()["items"] == []
    for path in ("/alerts/routes", "/alerts/notices"):
        assert (await api.get(path, role="client")).status_code == 403
