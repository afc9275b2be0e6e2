from datetime import UTC, datetime, timedelta
from uuid import UUID

from sojourn.control.webhooks import subscribe
from sojourn.core.commands import HoldJourney, Resume
from sojourn.store import deliveries
from tests.dashboard.life import ANN, EVE, Life, roll_back
from tests.doors import rows

LEASE = timedelta(minutes=1)


async def delivered(life: Life) -> UUID:
    """Subscribe to everything, and deliver some of what then happens: well, badly, not yet."""
    door, key = life.story.door, life.journeys["globex"]
    made = await subscribe(door, "https://crm.example.com/hooks/sojourn", ["*"], "ann", label="CRM")
    await life.story.do(key, HoldJourney(actor="dana", reason="they asked for a pause"))
    await life.story.do(key, Resume(actor="dana"))
    now = datetime.now(UTC)
    async with door.db.connection() as connection:
        claimed = await deliveries.claim(connection, now, 10, 10, LEASE)
        told = [
            {"delivery_id": row["delivery_id"], "attempt": row["attempts"], **how}
            for row, how in zip(claimed, ENDS, strict=False)
        ]
        await deliveries.settle(connection, told, now)
    return UUID(str(made.row["subscription_id"]))


ENDS = (
    {"status": "delivered", "last_status": 204, "last_error": ""},
    {"status": "failed", "last_status": 500, "last_error": "500 Internal Server Error"},
)


async def test_deliveries_are_listed_with_how_they_went(life: Life) -> None:
    hook = await delivered(life)
    await roll_back(life, "globex")
    async with life.client() as client:
        page = (await client.get("/deliveries")).text
        assert "500 Internal Server Error" in page
        failed = (await client.get("/deliveries?status=failed")).text
        assert (failed.count("Replay<"), "Delivered</span>" in failed) == (1, False)
        other = (await client.get(f"/deliveries?webhook={UUID(int=0)}")).text
        assert "Nothing is like that." in other
        assert (await client.get(f"/deliveries?webhook={hook}&csv=deliveries")).text.startswith(
            "State,Event,Webhook,Attempts,Answer,Created,Again"
        )


async def test_a_test_event_and_a_replay_are_deliveries_of_their_own(life: Life) -> None:
    hook = await delivered(life)
    [found] = await rows(
        life.story.door.db, "SELECT delivery_id FROM deliveries WHERE status = 'failed'"
    )
    form = {"csrf": ANN.csrf}
    async with life.client() as client:
        done = await client.post(f"/deliveries/{hook}/test", data=form)
        assert done.headers["location"] == f"/deliveries?webhook={hook}&done=test"
        assert "webhook.test" in (await client.get(done.headers["location"])).text
        again = await client.post(f"/deliveries/{hook}/{found[0]}/replay", data=form)
        assert "sent again" in (await client.get(again.headers["location"])).text
        for gone in (f"{UUID(int=0)}/test", f"{hook}/{UUID(int=0)}/replay"):
            assert (await client.post(f"/deliveries/{gone}", data=form)).status_code == 404
        assert (await client.post(f"/deliveries/{hook}/test")).status_code == 400


async def test_deliveries_are_for_administrators(life: Life) -> None:
    hook = await delivered(life)
    life.who = EVE
    async with life.client() as client:
        assert (await client.get("/deliveries")).status_code == 403
        test = await client.post(f"/deliveries/{hook}/test", data={"csrf": EVE.csrf})
        assert test.status_code == 403
        assert "Deliveries</span>" not in (await client.get("/")).text
    assert await rows(life.story.door.db, "SELECT 1 FROM deliveries WHERE seq IS NULL") == []
