from sojourn.control import start, tick
from sojourn.paths import load
from sojourn.store import queue
from sojourn.store.postgres import Database
from tests.doors import still_door
from tests.journeys.small import SMALL


async def test_tasks_and_whose_they_are(db: Database) -> None:
    door = still_door(db)
    facts = {"contract_signed": True}
    decision = await start(door, load(SMALL), "acme", "ann", facts=facts)
    await start(door, load(SMALL), "idle", "ann")
    await tick(door)
    key = decision.state.journey_key
    async with db.connection() as connection:
        first = await queue.tasks(connection, 2)
        last = first[-1]
        place = (last["journey_id"], last["uow_id"], last["task_id"])
        rest = await queue.tasks(connection, 10, after=place)
        assert len({r["task_id"] for r in first + rest}) == 4
        assert await queue.tasks(connection, 10, asks=True) == []
        names = ["acme", key, str(decision.state.journey_id), "idle", "nobody"]
        own = await queue.journeys_of(connection, "builder", names)
        assert own == set(names[:3])
        assert await queue.journeys_of(connection, "stranger", names) == set()
