from datetime import timedelta
from uuid import UUID

from sojourn.control.door import Door
from sojourn.control.workers import leave, register, renew, rescue, set_ahead, set_watch
from sojourn.store import clock
from sojourn.store.postgres import Database
from tests.doors import rows

ONE = UUID(int=1)
LEASE = timedelta(seconds=30)


async def test_a_lease_from_its_beginning_to_its_end(db: Database) -> None:
    async with db.connection() as connection:
        door = Door(db, await clock.read(connection))
    assert not await renew(door, ONE, LEASE)
    await register(door, ONE, "host", 7, LEASE)
    assert await renew(door, ONE, LEASE)
    assert await rescue(door) == (0, 0)
    await rows(db, "UPDATE workers SET lease_until = now() - interval '1 s'")
    assert await rescue(door) == (1, 0)
    assert not await renew(door, ONE, LEASE)
    await register(door, ONE, "host", 7, LEASE)
    await leave(door, ONE)
    assert await rows(db, "SELECT 1 FROM workers") == []


async def test_the_common_clock_is_set_ahead_for_all(db: Database) -> None:
    async with db.connection() as connection:
        door, other = [Door(db, await clock.read(connection)) for _ in range(2)]
    before = other.now()
    await set_ahead(door, timedelta(days=7))
    assert door.now() >= before + timedelta(days=7)
    assert other.now() < before + timedelta(days=1)
    await set_watch(other)
    assert other.now() >= before + timedelta(days=7)
