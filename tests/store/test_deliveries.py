from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sojourn.control import start
from sojourn.paths import load
from sojourn.store import deliveries, webhooks
from sojourn.store.postgres import Database
from tests.doors import rows, still_door
from tests.journeys.small import SMALL

LEASE = timedelta(seconds=60)


async def test_no_subscription_takes_all_and_the_oldest_goes_first(db: Database) -> None:
    door = still_door(db)
    async with db.connection() as connection:
        for name in ("a", "b"):
            await webhooks.insert(connection, f"https://{name}.example/", ["*"], "s", "ann")
    for name in "cdef":
        await start(door, load(SMALL), name, "ann")
    now = datetime.now(UTC) + timedelta(seconds=1)
    async with db.connection() as connection:
        first = await deliveries.claim(connection, now, 100, 3, LEASE)
        assert (
            sorted(r["url"] for r in first)
            == ["https://a.example/"] * 3 + ["https://b.example/"] * 3
        )
        assert {r["client_id"] for r in first} == {"c", "d", "e"}
        assert await deliveries.claim(connection, now, 100, 3, LEASE) == []
        assert len(await deliveries.claim(connection, now, 1, 4, LEASE)) == 1


async def test_a_subscription_that_is_off_is_told_nothing_but_tests(db: Database) -> None:
    door = still_door(db)
    async with db.connection() as connection:
        row = await webhooks.insert(connection, "https://a.example/", ["*"], "s", "ann")
        key = row["subscription_id"]
        await start(door, load(SMALL), "acme", "ann")
        await webhooks.switch(connection, key, active=False, why="moving")
        await start(door, load(SMALL), "beta", "ann")
        now = datetime.now(UTC) + timedelta(seconds=1)
        assert await deliveries.claim(connection, now, 10, 4, LEASE) == []
        assert await deliveries.next_due(connection) is None
        assert await deliveries.add_test(connection, key) is not None
        now += timedelta(seconds=1)
        [test] = await deliveries.claim(connection, now, 10, 4, LEASE)
        assert (test["type"], test["journey_id"]) == ("webhook.test", None)
        await webhooks.switch(connection, key, active=True)
        waiting = await deliveries.claim(connection, now, 10, 4, LEASE)
        assert {r["client_id"] for r in waiting} == {"acme"}
        assert await deliveries.add_test(connection, uuid4()) is None
        assert await deliveries.replay(connection, key, uuid4()) is None


async def test_an_undone_change_leaves_nothing_to_deliver(db: Database) -> None:
    door = still_door(db)
    async with db.connection() as connection:
        await webhooks.insert(connection, "https://a.example/", ["*"], "s", "ann")
    await start(door, load(SMALL), "acme", "ann", dry_run=True)
    assert await rows(db, "SELECT 1 FROM deliveries") == []
