from uuid import UUID

from sojourn.store.webhooks import raise_alert
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
        assert done.headers["location"] == "/alerts?done=seen"
        assert "quiet until" in (await client.get("/alerts")).text
        wrong = await client.post(
            f"{life.key('globex')}/alerts/{found[0]}", data={"csrf": ANN.csrf}
        )
        assert wrong.status_code == 404
        life.who = EVE
        assert (await client.post(note, data={"csrf": EVE.csrf})).status_code == 403
    refused = "SELECT actor, data->>'asked' FROM journey_events WHERE type = 'access.refused'"
    assert await rows(life.story.door.db, refused) == [("eve", "acknowledging")]


async def test_whoever_was_faster_is_named(life: Life) -> None:
    [found] = await rows(
        life.story.door.db,
        "SELECT alert_id FROM alerts a JOIN journey_states USING (journey_id)"
        " WHERE client_id = 'acme' AND resolved_at IS NULL",
    )
    note = f"{life.key('acme')}/alerts/{found[0]}"
    async with life.client() as client:
        form = {"csrf": ANN.csrf, "seen": "", "owner": "ann"}
        assert (await client.post(note, data=form)).status_code == 303
        late = await client.post(note, data=form | {"owner": "bob"})
        assert (late.status_code, "ann has taken note" in late.text) == (409, True)
        again = await client.post(note, data=form | {"seen": "ann", "owner": "bob"})
        assert again.status_code == 303
        assert ">bob<" in (await client.get("/alerts")).text
        await rows(
            life.story.door.db, "UPDATE alerts SET acknowledged_at = NULL, acknowledged_by = NULL"
        )
        over = await client.post(note, data=form | {"seen": "ann"})
        assert (over.status_code, "counts as unseen again" in over.text) == (409, True)


async def test_alerts_of_the_installation_are_noted(life: Life) -> None:
    async with life.story.door.db.connection() as connection:
        await raise_alert(connection, UUID(int=7), "a webhook was switched off", "look at it")
    async with life.client() as client:
        assert "this installation" in (await client.get("/alerts")).text
        done = await client.post("/alerts/1", data={"csrf": ANN.csrf, "snooze": "4h"})
        assert done.status_code == 303
        assert "quiet until" in (await client.get("/alerts?kind=webhook_disabled")).text
        for number in (99, 10**30):
            gone = await client.post(f"/alerts/{number}", data={"csrf": ANN.csrf})
            assert gone.status_code == 404
