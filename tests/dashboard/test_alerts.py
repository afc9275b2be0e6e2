from tests.dashboard.life import ANN, EVE, Life
from tests.doors import rows


async def test_alerts_are_listed_filtered_and_noted(life: Life) -> None:
    [found] = await rows(
        life.story.door.db,
        "SELECT alert_id FROM alerts a JOIN journey_states USING (journey_id)"
        " WHERE client_id = 'acme' AND resolved_at IS NULL",
    )
    note = f"{life.key('acme')}/alerts/{found[0]}"
    async with life.client() as client:
        assert "403 Forbidden" in (await client.get("/alerts?kind=task_failed")).text
        assert "No alert is open" in (await client.get("/alerts?severity=page")).text
        done = await client.post(note, data={"csrf": ANN.csrf, "snooze": "7"})
        assert done.headers["location"] == "/alerts"
        assert "quiet until" in (await client.get("/alerts")).text
        wrong = await client.post(
            f"{life.key('globex')}/alerts/{found[0]}", data={"csrf": ANN.csrf}
        )
        assert wrong.status_code == 404
        life.who = EVE
        assert (await client.post(note, data={"csrf": EVE.csrf})).status_code == 403
