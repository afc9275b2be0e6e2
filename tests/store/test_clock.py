import time
from datetime import timedelta

from sojourn.store.clock import Clock, read, set_clock, tell
from sojourn.store.postgres import Database
from tests.doors import START, rows

DAY = timedelta(days=1)


def test_a_clock_runs_as_fast_as_it_is_told() -> None:
    at = time.monotonic()
    assert Clock(START, at).now() - START < timedelta(minutes=1)
    assert Clock(START, at - 10, 3600).now() >= START + timedelta(hours=10)
    assert Clock(START, at, 43200).real(DAY) == 2


async def test_a_new_database_shows_real_time_unless_told_otherwise(db: Database) -> None:
    async with db.connection() as connection:
        shown = (await read(connection)).now()
        [(real,)] = await rows(db, "SELECT clock_timestamp()")
        assert abs(real - shown) < timedelta(minutes=1)
        again = await read(connection, 99.0, START)
        assert again.speed == 1, "a clock that runs is not set by reading it"
        assert again.now() >= shown


async def test_a_clock_begins_where_it_is_told(db: Database) -> None:
    async with db.connection() as connection:
        clock = await read(connection, 60.0, START)
    assert clock.speed == 60
    assert START <= clock.now() < START + timedelta(hours=1)


async def test_it_goes_on_from_where_it_stands(db: Database) -> None:
    async with db.connection() as connection:
        first = (await read(connection, 1.0, START)).now()
        ahead = await set_clock(connection, 3 * DAY)
        assert first + 3 * DAY <= ahead.now() < first + 3 * DAY + timedelta(minutes=1)
        faster = await set_clock(connection, speed=1000.0)
        assert faster.speed == 1000
        assert faster.now() >= ahead.shown
        slower = await set_clock(connection, speed=1.0)
        assert slower.now() >= faster.shown, "it never goes back"


async def test_what_was_set_is_told_to_all_loops(db: Database) -> None:
    heard = []
    async with db.listen("sojourn_tasks") as tasks, db.listen("sojourn_wakeups") as wakeups:
        async with db.connection() as connection:
            await tell(connection)
        heard = [await anext(tasks), await anext(wakeups)]
    assert heard == ["", ""]
