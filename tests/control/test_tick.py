import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sojourn.control import change, start, tick
from sojourn.control.door import Door
from sojourn.control.tick import LATER, decided, facts, next_look
from sojourn.core.commands import HoldJourney, Resume
from sojourn.core.decide import decide
from sojourn.core.decision import Decision
from sojourn.core.journal import verify
from sojourn.core.snapshot import Fact, Snapshot
from sojourn.paths import load
from sojourn.store import journal, journeys
from sojourn.store.postgres import Database, DatabaseUnavailable
from tests.doors import START, dump, later, rows, still_door

MODULE = sys.modules["sojourn.control.tick"]
"""The module, which the package's function of that name hides."""

GATED = """
name: gated
stages:
  - name: sandbox
    exit: { criteria: [{ fact: ready }, { metric: quality, is: ">= 0.8" }] }
  - name: pilot
    exit: { criteria: [{ fact: released }] }
"""


async def begin(door: Door, count: int, text: str = GATED, prefix: str = "client") -> list[UUID]:
    """Start journeys and let them come to rest."""
    path = load(text)
    ids = [(await start(door, path, f"{prefix}-{n}", "ann")).state.journey_id for n in range(count)]
    while await tick(door):
        pass
    return ids


async def find_out(door: Door, journey: UUID, agent: str = "scout", **found: Any) -> None:
    """Leave what a task leaves that has found something out."""
    query = "INSERT INTO wakeups (journey_id, facts, source) VALUES (%s, %s::jsonb, %s)"
    await rows(door.db, query, journey, json.dumps(found), agent)


async def known(door: Door, journey: UUID) -> dict[str, Any]:
    found = await rows(door.db, "SELECT name, value FROM facts WHERE journey_id = %s", journey)
    return dict(found)


async def check_journals(db: Database) -> None:
    """Every journal is gapless and chained, and ends where its journey's row says."""
    ids = [row[0] for row in await rows(db, "SELECT journey_id FROM journey_states")]
    async with db.connection() as connection:
        chains = await journal.chains(connection, ids)
    assert {key: verify(entries) for key, entries in chains.items()} == {key: [] for key in ids}
    heads = await rows(db, "SELECT journey_id, seq, hash FROM journey_states")
    assert {k: (s, bytes(h)) for k, s, h in heads} == {
        key: (entries[-1].seq, entries[-1].hash) for key, entries in chains.items()
    }


def breaking(bad: UUID) -> Callable[..., Decision]:
    """Return a decide that fails for one journey."""

    def broken(shot: Snapshot, *args: Any, **given: Any) -> Decision:
        if shot.state.journey_id == bad:
            raise ZeroDivisionError("poison")
        return decide(shot, *args, **given)

    return broken


async def test_what_is_due_is_taken_in_batches_and_looked_at_once(db: Database) -> None:
    door = still_door(db)
    await begin(door, 25)
    assert await tick(door, 10) == 0
    later(door, hours=2)
    assert [await tick(door, 10) for _ in range(4)] == [10, 10, 5, 0]


async def test_the_next_look_is_when_the_first_journey_is_due(db: Database) -> None:
    door = still_door(db)
    assert await next_look(door) == float("inf")
    [journey] = await begin(door, 1)
    assert await next_look(door) == 3600
    await find_out(door, journey, ready=True)
    assert await next_look(door) == 0


async def test_facts_that_tasks_found_are_recorded_in_their_order_with_their_agent(
    db: Database,
) -> None:
    door = still_door(db)
    [journey] = await begin(door, 1)
    await find_out(door, journey, region="eu", ready=True)
    await find_out(door, journey, agent="late", region="us")
    assert await tick(door) == 1
    assert await known(door, journey) == {"region": "us", "ready": True}
    told = await rows(
        db, "SELECT data FROM journey_events WHERE type = 'fact.recorded' ORDER BY seq"
    )
    assert {data["name"]: data["source"] for (data,) in told} == {
        "region": "late",
        "ready": "scout",
    }
    assert await rows(db, "SELECT 1 FROM wakeups") == []


async def test_a_fact_that_is_known_already_is_no_news(db: Database) -> None:
    door = still_door(db)
    [journey] = await begin(door, 1)
    for _ in range(2):
        await find_out(door, journey, ready=True)
        await tick(door)
    [(count,)] = await rows(db, "SELECT count(*) FROM journey_events WHERE type = 'fact.recorded'")
    assert count == 1


async def test_one_poisoned_journey_does_not_stop_the_others(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = still_door(db)
    ids = await begin(door, 5)
    bad = ids[2]
    for journey in ids:
        await find_out(door, journey, ready=True)
    monkeypatch.setattr(MODULE, "decide", breaking(bad))
    assert await tick(door) == 5
    assert await tick(door) == 0
    assert [await known(door, journey) for journey in ids].count({"ready": True}) == 4
    [(due,)] = await rows(db, "SELECT due_at FROM journey_states WHERE journey_id = %s", bad)
    assert due == door.now() + LATER
    monkeypatch.undo()
    assert await next_look(door) == LATER.total_seconds()
    later(door, minutes=5)
    assert await tick(door) == 1
    assert await known(door, bad) == {"ready": True}, "what its tasks found is not lost"
    await check_journals(db)


STOPPED = GATED.replace(
    "  - name: pilot",
    "    triggers: [{ kind: client_request, when: { fact: stop } }]\n  - name: pilot",
)


async def test_a_journey_whose_rollback_cannot_be_planned_is_left_alone(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = still_door(db)
    [bad, good] = await begin(door, 2, STOPPED)
    for journey in (bad, good):
        await find_out(door, journey, stop=True)
    calls: list[UUID] = []

    def second_time(shot: Snapshot, *args: Any, **given: Any) -> Decision:
        calls.append(shot.state.journey_id)
        if shot.state.journey_id == bad and calls.count(bad) == 2:
            raise ZeroDivisionError("poison")
        return decide(shot, *args, **given)

    monkeypatch.setattr(MODULE, "decide", second_time)
    await tick(door)
    monkeypatch.undo()
    stages = dict(await rows(db, "SELECT journey_id, current_stage FROM journey_states"))
    assert stages == {bad: "sandbox", good: "rollback"}
    [(due,)] = await rows(db, "SELECT due_at FROM journey_states WHERE journey_id = %s", bad)
    assert due == door.now() + LATER
    later(door, minutes=5)
    await tick(door)
    assert await rows(db, "SELECT count(*) FROM rollback_history") == [(2,)]


async def test_a_path_that_cannot_be_read_stops_only_its_own_journeys(db: Database) -> None:
    door = still_door(db)
    bad = await begin(door, 2, GATED.replace("gated", "torn"), "torn")
    good = await begin(door, 3)
    await rows(db, "UPDATE paths SET document = '{}' WHERE name = 'torn'")
    for journey in bad + good:
        await find_out(door, journey, ready=True)
    fresh = still_door(db, door.now())
    assert await tick(fresh) == 5
    assert await tick(fresh) == 0
    assert [await known(door, journey) for journey in good] == [{"ready": True}] * 3
    assert [await known(door, journey) for journey in bad] == [{}, {}]
    assert await rows(db, "SELECT count(*) FROM wakeups WHERE parked") == [(2,)]


async def test_a_journey_that_cannot_be_written_stops_only_itself(db: Database) -> None:
    door = still_door(db)
    ids = await begin(door, 4)
    await rows(db, "UPDATE journey_states SET seq = 1 WHERE journey_id = %s", ids[1])
    before = (await dump(db))["journey_events"]
    for journey in ids:
        await find_out(door, journey, ready=True)
    assert await tick(door) == 4
    good = [j for j in ids if j != ids[1]]
    assert [await known(door, journey) for journey in good] == [{"ready": True}] * 3
    assert await known(door, ids[1]) == {}
    after = (await dump(db))["journey_events"]
    bad = str(ids[1])
    assert [e for e in after if bad in e] == [e for e in before if bad in e]
    assert await tick(door) == 0


async def test_a_database_that_is_away_is_said_to_be_away(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(MODULE, "due", away)
    with pytest.raises(DatabaseUnavailable):
        await tick(still_door(db))


async def test_two_conductors_at_once_decide_on_each_journey_once(db: Database) -> None:
    door, other = still_door(db), still_door(db)
    ids = await begin(door, 30)
    for journey in ids:
        await find_out(door, journey, ready=True)
    counts = await asyncio.gather(*(tick(d, 7) for d in (door, other) for _ in range(4)))
    while more := await tick(door, 7):
        counts.append(more)
    assert sum(counts) == 30
    assert [await known(door, journey) for journey in ids] == [{"ready": True}] * 30
    await check_journals(db)


async def test_people_change_a_journey_while_conductors_look_at_it(db: Database) -> None:
    door, other = still_door(db), still_door(db)
    [journey] = await begin(door, 1)

    async def person() -> None:
        for _ in range(8):
            await change(door, journey, HoldJourney(actor="ann", reason="look"))
            await change(door, journey, Resume(actor="ann"))

    async def conductor() -> None:
        for n in range(12):
            await find_out(other, journey, ready=n)
            await tick(other)

    await asyncio.gather(person(), conductor())
    while await tick(door):
        pass
    assert await known(door, journey) == {"ready": 11}
    [counted] = await rows(
        db,
        "SELECT count(*) FILTER (WHERE type = 'journey.held'),"
        " count(*) FILTER (WHERE type = 'journey.resumed') FROM journey_events",
    )
    assert counted == (8, 8)
    await check_journals(db)


Load = Callable[..., Awaitable[dict[UUID, Snapshot]]]


async def test_a_wakeup_that_comes_while_its_journey_is_decided_on_is_not_lost(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = still_door(db)
    [journey] = await begin(door, 1)
    await find_out(door, journey, first=1)
    real: Load = journeys.load

    async def slow(*args: Any, **given: Any) -> dict[UUID, Snapshot]:
        shots = await real(*args, **given)
        await find_out(door, journey, second=2)
        return shots

    monkeypatch.setattr(MODULE, "load", slow)
    assert await tick(door) == 1
    monkeypatch.undo()
    assert await known(door, journey) == {"first": 1}
    assert await tick(door) == 1
    assert await known(door, journey) == {"first": 1, "second": 2}


async def test_an_ended_journey_that_is_woken_stays_as_it_is(db: Database) -> None:
    door = still_door(db)
    [journey] = await begin(door, 1)
    await rows(
        db,
        "INSERT INTO measurements (journey_id, metric, at, source, value)"
        " VALUES (%s, 'quality', %s, 'x', 0.9)",
        journey,
        door.now(),
    )
    await find_out(door, journey, ready=True, released=True)
    while await tick(door):
        pass
    before = await dump(db)
    assert [r for r in before["journey_states"] if "completed" in r]
    await rows(db, "INSERT INTO wakeups (journey_id) VALUES (%s)", journey)
    assert await tick(door) == 1
    after = await dump(db)
    assert after["journey_events"] == before["journey_events"]
    assert await next_look(door) == float("inf")


def test_deciding_goes_on_after_a_failure() -> None:
    shots: dict[UUID, Any] = {UUID(int=1): None, UUID(int=2): None}
    assert decided(shots, {}, START) == ([], list(shots))


def test_only_news_becomes_a_fact() -> None:
    class Shot:
        def __init__(self) -> None:
            self.facts = {"a": Fact(1, START - timedelta(days=1))}

    told = [("x", {"a": 1, "b": 2}), ("y", {"b": 3})]
    found = facts(Shot(), told, START)  # type: ignore[arg-type]
    assert {n: (f.value, f.source) for n, f in found.items()} == {"b": (3, "y")}
