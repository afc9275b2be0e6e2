from datetime import timedelta

from sojourn.control.door import Door
from sojourn.engine.timekeeper import Timekeeper
from sojourn.store import clock
from sojourn.store.postgres import Database
from tests.doors import START


async def test_this_process_follows_the_clock_that_anyone_sets_ahead(db: Database) -> None:
    async with db.connection() as connection:
        door = Door(db, await clock.read(connection, begin=START))
        keeper = Timekeeper(door, 2.0)
        assert await keeper.once() == 2
        before = door.now()
        assert START <= before < START + timedelta(minutes=1)
        await clock.set_clock(connection, timedelta(days=3), 100.0)
    await keeper.once()
    assert door.now() >= before + timedelta(days=3)
    assert door.clock.speed == 100
