import asyncio
from typing import Any

import pytest
from psycopg import errors

from sojourn.control import Line, record_lines, start
from sojourn.paths import load
from sojourn.store import transactions
from sojourn.store.journeys import load as load_journeys
from sojourn.store.postgres import Database
from sojourn.store.sets import Connection
from sojourn.store.transactions import ATTEMPTS, TakenError, dry, in_transaction
from tests.doors import rows, still_door

PATH = load("name: p\nstages: [{ name: sandbox, exit: { criteria: [{ fact: done }] } }]\n")
INSERT = b"INSERT INTO t (name, n) VALUES (%s, %s)"


@pytest.fixture
async def table(shared: Database) -> Database:
    await rows(shared, "CREATE TABLE IF NOT EXISTS t (name text PRIMARY KEY, n int)")
    await rows(shared, "TRUNCATE t")
    return shared


async def test_work_is_committed_whole_or_not_at_all(table: Database) -> None:
    async def put(connection: Connection, fail: bool) -> str:
        await connection.execute(INSERT, ("a" if fail else "b", 1))
        if fail:
            raise ZeroDivisionError
        return "done"

    with pytest.raises(ZeroDivisionError):
        await in_transaction(table, lambda c: put(c, True))
    assert await in_transaction(table, lambda c: put(c, False)) == "done"
    assert await rows(table, "SELECT name FROM t") == [("b",)]


async def test_a_dry_run_sees_what_it_wrote_and_leaves_nothing(table: Database) -> None:
    async def put(connection: Connection) -> Any:
        await connection.execute(INSERT, ("a", 1))
        return await (await connection.execute(b"SELECT count(*) FROM t")).fetchone()

    assert await dry(table, put) == (1,)
    assert await rows(table, "SELECT 1 FROM t") == []


@pytest.mark.parametrize("way", [in_transaction, dry])
async def test_a_key_that_is_taken_is_named_with_its_rule(table: Database, way: Any) -> None:
    await rows(table, "INSERT INTO t VALUES ('a b', 1)")

    async def put(connection: Connection) -> None:
        await connection.execute(INSERT, ("a b", 2))

    with pytest.raises(TakenError) as caught:
        await way(table, put)
    assert (caught.value.constraint, caught.value.value) == ("t_pkey", "a b")


@pytest.mark.parametrize("other", [in_transaction, dry])
async def test_two_that_wait_for_each_other_both_end(table: Database, other: Any) -> None:
    await rows(table, "INSERT INTO t VALUES ('a', 0), ('b', 0)")
    ready, tries = [asyncio.Event(), asyncio.Event()], [0, 0]

    async def both(connection: Connection, me: int, names: str) -> None:
        tries[me] += 1
        await connection.execute(b"SET LOCAL deadlock_timeout = '20ms'")
        for name in names:
            await connection.execute(b"UPDATE t SET n = n + 1 WHERE name = %s", (name,))
            ready[me].set()
            await ready[1 - me].wait()

    await asyncio.gather(
        in_transaction(table, lambda c: both(c, 0, "ab")),
        other(table, lambda c: both(c, 1, "ba")),
    )
    assert sorted(tries) == [1, 2], "one of them had to begin again"
    written = 1 if other is dry else 2
    assert await rows(table, "SELECT n FROM t") == [(written,), (written,)]


@pytest.mark.parametrize("way", [in_transaction, dry])
async def test_what_never_succeeds_ends(
    table: Database, monkeypatch: pytest.MonkeyPatch, way: Any
) -> None:
    monkeypatch.setattr(transactions, "PAUSE", 0.0001)
    tries = []

    async def fail(connection: Connection) -> None:
        tries.append(1)
        raise errors.SerializationFailure

    with pytest.raises(errors.SerializationFailure):
        await way(table, fail)
    assert len(tries) == ATTEMPTS


async def test_a_measurement_does_not_wait_for_a_decision(db: Database) -> None:
    door = still_door(db)
    journey = (await start(door, PATH, "acme", "ann")).state.journey_id
    async with db.transaction() as connection:
        await load_journeys(connection, [journey], door.shelf, lock=True)
        async with asyncio.timeout(5):
            await record_lines(door, [Line("acme", "m", 1)], "ann")
    assert await rows(db, "SELECT value FROM measurements") == [(1,)]
