from sojourn.api.instruments import GAUGES
from sojourn.control import start, tick
from sojourn.paths import load
from sojourn.store import figures
from sojourn.store.postgres import Database
from tests.doors import later, still_door
from tests.journeys.small import SMALL


async def test_gauges_count_what_is_there(db: Database) -> None:
    door = still_door(db)
    await start(door, load(SMALL), "acme", "ann", facts={"contract_signed": True})
    await tick(door)
    later(door, minutes=1)
    async with db.connection() as connection:
        rows = await figures.gauges(connection, door.now())
        ready = await figures.ready(connection)
    found = {(r["name"], r["label"]): r["value"] for r in rows}
    assert {name for name, _ in found} <= GAUGES.keys()
    assert found["tasks", "pending"] == 4
    assert found["queue", "ready"] == 1
    assert found["queue_age", ""] == 60
    assert found["journeys", "sandbox"] == 1
    assert (ready["read_only"], ready["workers"]) == (False, 0)
    assert ready["version"] >= 2
