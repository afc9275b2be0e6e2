import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from sojourn.control import start, tick
from sojourn.control.door import Door
from sojourn.paths import load
from sojourn.store.postgres import Database, DatabaseUnavailable
from sojourn.store.queries import Query
from sojourn.store.sets import send
from sojourn.store.workers import end_frozen, leave, list_workers, register, renew, rescue
from tests.doors import START, rows, still_door

LOCK = Query("lock", "", "SELECT 1 FROM tasks FOR UPDATE")
ONE, TWO = UUID(int=1), UUID(int=2)
LEASE = timedelta(minutes=1)
GONE = timedelta(seconds=-1)
TASKS = ", ".join(f"{{ name: t{n}, agent: x }}" for n in range(6))
PATH = load(
    "name: p\nstages: [{ name: sandbox, exit: { criteria: [{ fact: done }] },"
    f" work: [{{ name: w, tasks: [{TASKS}] }}] }}]"
)


async def owned(door: Door, owner: UUID, first: int, last: int) -> None:
    """Let a worker run some tasks."""
    await rows(
        door.db,
        "UPDATE tasks SET status = 'running', owner = %s, due_at = NULL, fence = fence + 1"
        " WHERE position BETWEEN %s AND %s",
        owner,
        first,
        last,
    )


async def owners(door: Door) -> list[UUID | None]:
    return [row[0] for row in await rows(door.db, "SELECT owner FROM tasks ORDER BY position")]


async def begin(db: Database) -> Door:
    door = still_door(db)
    await start(door, PATH, "acme", "ann")
    while await tick(door):
        pass
    return door


async def test_only_the_tasks_of_dead_workers_are_freed(db: Database) -> None:
    door = await begin(db)
    async with db.connection() as connection:
        await register(connection, ONE, "h", 1, LEASE)
        await register(connection, TWO, "h", 2, GONE)
        await owned(door, ONE, 0, 1)
        await owned(door, TWO, 2, 3)
        found = await rescue(connection, START)
        assert (found["workers"], found["tasks"]) == (1, 2)
        assert await owners(door) == [ONE, ONE, None, None, None, None]
        freed = await rows(
            db, "SELECT due_at, timed, lost_count, fence FROM tasks WHERE position = 2"
        )
        assert freed == [(START, False, 1, 1)]
        assert not await renew(connection, TWO, LEASE)
        assert [w["worker_id"] for w in await list_workers(connection)] == [ONE]


async def test_tasks_whose_worker_nobody_knows_are_freed_in_portions(db: Database) -> None:
    door = await begin(db)
    await owned(door, UUID(int=9), 0, 5)
    async with db.connection() as connection:
        counts = [(await rescue(connection, START, 4))["tasks"] for _ in range(3)]
    assert counts == [4, 2, 0]


async def test_two_rescuers_at_once_free_each_task_once(db: Database) -> None:
    door = await begin(db)
    async with db.connection() as connection:
        await register(connection, TWO, "h", 2, GONE)
    await owned(door, TWO, 0, 5)

    async def one() -> int:
        async with db.connection() as connection:
            return int((await rescue(connection, START))["tasks"])

    assert sum(await asyncio.gather(*(one() for _ in range(4)))) == 6
    assert await rows(db, "SELECT DISTINCT lost_count FROM tasks") == [(1,)]


async def test_a_held_task_of_a_dead_worker_stays_held(db: Database) -> None:
    door = await begin(db)
    await owned(door, UUID(int=9), 0, 0)
    await rows(db, "UPDATE tasks SET held = true")
    async with db.connection() as connection:
        assert (await rescue(connection, START))["tasks"] == 1
    assert await rows(db, "SELECT DISTINCT held FROM tasks") == [(True,)]


async def test_workers_are_listed_with_what_they_hold(db: Database) -> None:
    door = await begin(db)
    async with db.connection() as connection:
        await register(connection, ONE, "host", 7, LEASE)
        await owned(door, ONE, 0, 2)
        [seen] = await list_workers(connection)
        assert (seen["host"], seen["pid"], seen["tasks"]) == ("host", 7, 3)
        assert 50 < seen["lease_s"] <= 60
        await leave(connection, ONE)
        assert await list_workers(connection) == []


async def test_a_process_that_stands_still_in_a_transaction_loses_its_locks(db: Database) -> None:
    door = await begin(db)
    none = timedelta(0)
    async with db.connection() as connection:
        assert await end_frozen(connection, none) == 0
    with pytest.raises(DatabaseUnavailable):
        async with db.transaction() as frozen:
            await send(frozen, [(LOCK, {}), (LOCK, {})])
            async with db.connection() as connection:
                assert await end_frozen(connection, timedelta(minutes=1)) == 0
                assert await end_frozen(connection, none) == 1
            async with asyncio.timeout(5):
                await rows(db, "UPDATE tasks SET held = true")
            await send(frozen, [(LOCK, {})])
    assert await rows(door.db, "SELECT DISTINCT held FROM tasks") == [(True,)]
