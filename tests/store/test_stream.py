import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

from sojourn.control import start
from sojourn.paths import load
from sojourn.store.postgres import Database
from sojourn.store.stream import Horizon, between
from tests.doors import rows, still_door
from tests.journeys.small import SMALL

NUMBER = "SELECT nextval('journey_events_event_id_seq')"


async def look(db: Database, horizon: Horizon) -> int:
    async with db.connection() as connection:
        return await horizon.look(connection)


def test_an_id_is_settled_when_all_who_wrote_then_have_ended() -> None:
    horizon = Horizon()
    assert horizon.settle(3, frozenset()) == 3
    assert horizon.settle(5, frozenset({"a", "b"})) == 3
    assert horizon.settle(8, frozenset({"b", "c"})) == 3
    assert horizon.settle(8, frozenset({"c"})) == 5
    assert horizon.settle(9, frozenset({"d"})) == 8
    assert horizon.settle(9, frozenset()) == 9
    assert horizon.waiting == []


async def test_a_later_id_waits_for_an_earlier_one_that_is_not_committed(db: Database) -> None:
    """Two writers take ids in turn and commit the other way round."""
    door = still_door(db)
    for name in ("a", "b"):
        await start(door, load(SMALL), name, "ann")
    horizon = Horizon()
    settled = await look(db, horizon)
    assert settled > 0
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(db.connection())
        async with db.transaction() as second:
            async with first.transaction():
                await note(first, "a")
                await note(second, "b")
                assert await look(db, horizon) == settled
            # The first has committed the lower id; the second still holds the higher one.
            assert await look(db, horizon) == settled
        assert await look(db, horizon) == settled + 2
    async with db.connection() as connection:
        events = await between(connection, settled, settled + 2, 10)
    assert [e["event_id"] for e in events] == [settled + 1, settled + 2]


async def note(connection: Any, client: str) -> int:
    """Append an event as the journal does, without its chain."""
    cursor = await connection.execute(
        "INSERT INTO journey_events (journey_id, seq, type, at, actor, path_id, prev_hash, hash)"
        " SELECT j.journey_id, 1 + max(e.seq), 'noted', now(), 'test', j.path_id, '', ''"
        " FROM journey_states j JOIN journey_events e USING (journey_id) WHERE j.client_id = %s"
        " GROUP BY 1, j.path_id RETURNING event_id",
        (client,),
    )
    return int((await cursor.fetchone())[0])


async def test_no_event_is_missed_or_seen_twice_while_many_write(db: Database) -> None:
    """Writers commit late, out of order, or not at all; a reader follows the horizon."""
    door = still_door(db)
    for number in range(6):
        await start(door, load(SMALL), f"c{number}", "ann")
    written: list[int] = []
    seen: list[int] = []
    done = asyncio.Event()
    draw = random.Random(7)

    async def write(client: str) -> None:
        for _ in range(25):
            taken = []
            async with db.connection() as connection:
                undo = draw.random() < 0.2
                async with connection.transaction(force_rollback=undo):
                    for _ in range(draw.randint(1, 3)):
                        taken.append(await note(connection, client))
                        await asyncio.sleep(draw.random() * 0.004)
            written.extend([] if undo else taken)

    async def read() -> None:
        horizon, last = Horizon(), 0
        async with db.connection() as connection:
            last_round = False
            while not last_round:
                last_round = done.is_set()
                settled = await horizon.look(connection)
                found = await between(connection, last, settled, 10_000)
                seen.extend(e["event_id"] for e in found if e["type"] == "noted")
                last = settled
                await asyncio.sleep(0.001)

    reader = asyncio.create_task(read())
    await asyncio.gather(*(write(f"c{number}") for number in range(6)))
    done.set()
    await reader
    assert len(written) > 150
    assert seen == sorted(written)


async def test_events_can_be_narrowed(db: Database) -> None:
    door = still_door(db)
    keys = [(await start(door, load(SMALL), n, "ann")).state.journey_id for n in ("a", "b")]
    [(newest,)] = await rows(db, "SELECT max(event_id) FROM journey_events")
    async with db.connection() as connection:
        every = await between(connection, 0, newest, 100)
        own = await between(connection, 0, newest, 100, journey_id=keys[1])
        client = await between(connection, 0, newest, 100, client_id="a")
        moves = await between(connection, 0, newest, 100, types=["transition"])
        none = await between(connection, newest, newest, 100)
    assert {e["client_id"] for e in every} == {"a", "b"}
    assert {e["journey_id"] for e in own} == {keys[1]}
    assert {e["journey_id"] for e in client} == {keys[0]}
    assert {e["type"] for e in moves} == {"transition"}
    assert none == []
