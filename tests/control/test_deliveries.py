from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sojourn.control import deliveries, start, webhooks
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import rows, still_door
from tests.journeys.small import SMALL


async def test_only_the_newest_attempt_says_how_it_went(db: Database) -> None:
    door = still_door(db)
    await webhooks.subscribe(door, "https://example.com/hook", ["transition"], "ann")
    await start(door, load(SMALL), "acme", "ann")
    now = datetime.now(UTC) + timedelta(seconds=1)
    lease = timedelta(seconds=60)
    [row] = await deliveries.claim(door, now, 10, 4, lease)
    assert await deliveries.claim(door, now, 10, 4, lease) == []
    assert await deliveries.next_delivery(door) == now + lease
    later = now + 2 * lease
    [again] = await deliveries.claim(door, later, 10, 4, lease)
    assert (again["delivery_id"], again["attempts"]) == (row["delivery_id"], 2)
    told = {"status": "delivered", "due_at": None, "last_status": 200, "last_error": ""}
    late = {**told, "delivery_id": row["delivery_id"], "attempt": 1}
    await deliveries.settle(door, [late, late | {"delivery_id": uuid4()}], later)
    assert await rows(db, "SELECT status FROM deliveries") == [("pending",)]
    await deliveries.settle(door, [late | {"attempt": 2}], later)
    assert await rows(db, "SELECT status FROM deliveries") == [("delivered",)]
    assert await deliveries.next_delivery(door) is None
    await deliveries.tidy(door, later + timedelta(days=29))
    assert len(await rows(db, "SELECT 1 FROM deliveries")) == 1
    await deliveries.tidy(door, later + timedelta(days=31))
    assert await rows(db, "SELECT 1 FROM deliveries") == []
