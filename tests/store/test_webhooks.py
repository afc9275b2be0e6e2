from uuid import uuid4

from sojourn.store import webhooks
from sojourn.store.postgres import Database
from tests.doors import rows


async def test_a_subscription_keeps_two_secrets_at_most_and_its_alert_ends(db: Database) -> None:
    async with db.connection() as connection:
        row = await webhooks.insert(connection, "https://x.example/", ["*"], "one", "ann")
        key = row["subscription_id"]
        for secret in ("two", "three"):
            assert await webhooks.rotate(connection, key, secret)
        assert await rows(db, "SELECT secrets FROM subscriptions") == [(["three", "two"],)]
        for _ in range(2):
            await webhooks.raise_alert(connection, key, "it failed", "mend it")
        open_ = "SELECT count(*) FROM system_alerts WHERE resolved_at IS NULL"
        assert await rows(db, open_) == [(1,)]
        assert await webhooks.switch(connection, key, active=True)
        assert await rows(db, open_) == [(0,)]
        nobody = uuid4()
        assert not await webhooks.rotate(connection, nobody, "x")
        assert not await webhooks.switch(connection, nobody, active=False)
        assert not await webhooks.delete(connection, nobody)
        assert await webhooks.delete(connection, key)
        assert await webhooks.list_subscriptions(connection) == []
