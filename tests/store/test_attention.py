from datetime import timedelta

from sojourn.control import start, tick
from sojourn.paths import load
from sojourn.store import attention, webhooks
from sojourn.store.postgres import Database
from tests.doors import later, still_door
from tests.journeys.small import SMALL


async def test_alerts_of_journeys_and_of_the_installation_stand_in_one_list(db: Database) -> None:
    door = still_door(db)
    facts = {"contract_signed": True}
    key = (await start(door, load(SMALL), "acme", "ann", facts=facts)).state.journey_id
    now = later(door, days=11)
    await tick(door)
    async with db.connection() as connection:
        row = await webhooks.insert(connection, "https://a.example/", ["*"], "s", "ann")
        await webhooks.raise_alert(connection, row["subscription_id"], "m", "r")
        found = await attention.list_alerts(connection, open=True)
        assert [(a["kind"], a["client_id"]) for a in found] == [
            ("stuck", "acme"),
            ("webhook_disabled", None),
        ]
        alert = found[0]["alert_id"]
        until = now + timedelta(days=1)
        assert await attention.acknowledge(connection, key, alert, "ann", now, until)
        assert not await attention.acknowledge(connection, key, alert + 99, "ann", now)
        assert not await attention.acknowledge(connection, key, alert, "bob", now, until, seen="")
        assert not await attention.acknowledge(connection, key, alert, "bob", now, seen="eve")
        assert await attention.acknowledge(connection, key, alert, "ann", now, until, seen="ann")
        one = await attention.find(connection, key, alert)
        assert one == (await attention.list_alerts(connection, client_id="acme"))[0]
        own = await attention.find(connection, None, found[1]["alert_id"])
        assert own == found[1]
        assert await attention.find(connection, None, 10**30) is None
        [seen] = await attention.list_alerts(connection, client_id="acme")
        assert (seen["acknowledged_by"], seen["snoozed_until"]) == ("ann", until)
        assert await attention.list_alerts(connection, open=False) == []
