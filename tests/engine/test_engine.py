"""The engine as a whole: it carries journeys along, stops when told, and leaves nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from prometheus_client import generate_latest
from pytest_httpserver import HTTPServer

from sojourn.control import Line, record_lines, start
from sojourn.control.door import Door
from sojourn.control.routes import Route
from sojourn.core.outcomes import Call, Completed, Outcome
from sojourn.engine import engine as module
from sojourn.engine.engine import Outbound, Pace, run_engine
from sojourn.engine.vitals import Vitals
from sojourn.paths import load
from sojourn.store import clock
from sojourn.store.postgres import Database, DatabaseUnavailable
from sojourn.store.stopping import stopped
from tests.doors import rows

PATH = load(
    """
name: p
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }, { fact: done }] }
    work:
      - name: w
        tasks: [{ name: a, agent: x }, { name: b, agent: x, depends_on: [a] }]
      - name: v
        depends_on: [w]
        tasks: [{ name: c, agent: x }]
"""
)
PACE = Pace(poll=3600, lease=timedelta(minutes=1))
"""So slow a poll that only notifications move anything within the time of a test."""
Ask = Callable[[Call], Awaitable[Outcome]]


class Bridge:
    """Agents that take no time, unless they are held up."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def send(self, call: Call) -> Outcome:
        self.calls.append(call.task_id)
        self.asked.set()
        await self.gate.wait()
        return Completed({})

    async def poll(self, call: Call) -> Outcome:
        return await self.send(call)

    async def cancel(self, call: Call) -> None:
        """Nothing to do."""


async def door_of(db: Database) -> Door:
    async with db.connection() as connection:
        return Door(db, await clock.read(connection))


@asynccontextmanager
async def running(*doors: Door, bridge: Any) -> AsyncIterator[asyncio.Event]:
    """Run engines, and stop them at the end; nothing of them may be left."""
    before = asyncio.all_tasks()
    stop = asyncio.Event()
    engines = [asyncio.create_task(run_engine(door, bridge, stop, PACE)) for door in doors]
    yield stop
    stop.set()
    await asyncio.wait_for(asyncio.gather(*engines), 20)
    await asyncio.sleep(0)
    left = {t for t in asyncio.all_tasks() - before if "psycopg" not in repr(t.get_coro())}
    assert {repr(t.get_coro()) for t in left} == set()


async def until(db: Database, query: str, wanted: Any) -> None:
    """Wait for what a query returns."""
    async with asyncio.timeout(20):
        while await rows(db, query) != wanted:
            await asyncio.sleep(0.01)


STAGE = "SELECT current_stage FROM journey_states"


async def test_a_journey_is_carried_along_by_notifications_alone(db: Database) -> None:
    door, bridge = await door_of(db), Bridge()
    async with running(door, bridge=bridge):
        await until(db, "SELECT count(*) FROM workers", [(1,)])
        await start(door, PATH, "acme", "ann")
        await until(db, "SELECT count(*) FROM units_of_work WHERE status = 'completed'", [(2,)])
        await record_lines(door, [Line("acme", "done", True)], "ann")
        await until(db, STAGE, [("completed",)])
        # Recording completes the journey by itself; the wake-up it leaves is the conductor's.
        await until(db, "SELECT count(*) FROM wakeups", [(0,)])
    assert bridge.calls == ["a", "b", "c"]
    assert await rows(db, "SELECT 1 FROM workers") == []
    assert await rows(db, "SELECT 1 FROM wakeups") == []


async def test_two_engines_share_the_work(db: Database) -> None:
    door, other, bridge = await door_of(db), await door_of(db), Bridge()
    async with running(door, other, bridge=bridge):
        for n in range(10):
            await start(door, PATH, f"client-{n}", "ann")
        await until(db, "SELECT count(*) FROM units_of_work WHERE status = 'completed'", [(20,)])
    assert sorted(bridge.calls) == sorted(["a", "b", "c"] * 10)


async def test_a_stop_waits_for_the_call_under_way(db: Database) -> None:
    door, bridge = await door_of(db), Bridge()
    bridge.gate.clear()
    async with running(door, bridge=bridge) as stop:
        await start(door, PATH, "acme", "ann")
        await asyncio.wait_for(bridge.asked.wait(), 20)
        stop.set()
        await asyncio.sleep(0)
        assert await rows(db, "SELECT status FROM tasks WHERE task_id = 'a'") == [("running",)]
        bridge.gate.set()
    assert await rows(db, "SELECT status FROM tasks WHERE task_id = 'a'") == [("completed",)]
    assert bridge.calls == ["a"], "nothing new was begun"


async def test_an_engine_that_is_cancelled_leaves_no_task_of_its_own(db: Database) -> None:
    door, bridge = await door_of(db), Bridge()
    bridge.gate.clear()
    before = asyncio.all_tasks()
    engine = asyncio.create_task(run_engine(door, bridge, asyncio.Event(), PACE))
    await start(door, PATH, "acme", "ann")
    await asyncio.wait_for(bridge.asked.wait(), 20)
    await asyncio.wait_for(stopped(engine), 20)
    assert engine.cancelled()
    for _ in range(3):
        await asyncio.sleep(0)
    left = {t for t in asyncio.all_tasks() - before if "psycopg" not in repr(t.get_coro())}
    assert {repr(t.get_coro()) for t in left} == set()


async def test_a_listener_that_misses_its_cancellation_as_it_begins_ends_with_the_engine(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    beginning = asyncio.Event()

    @asynccontextmanager
    async def listen(*_: Any) -> AsyncIterator[AsyncIterator[str | None]]:
        beginning.set()
        # As psycopg's waiting does before Python 3.12, when an answer comes at the same time.
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        yield never()

    async def never() -> AsyncIterator[str | None]:
        await asyncio.sleep(60)
        yield None

    monkeypatch.setattr(Database, "listen", listen)
    door, stop = await door_of(db), asyncio.Event()
    engine = asyncio.create_task(run_engine(door, Bridge(), stop, PACE))
    await asyncio.wait_for(beginning.wait(), 20)
    stop.set()
    await asyncio.wait_for(engine, 20)
    again = asyncio.create_task(run_engine(door, Bridge(), asyncio.Event(), PACE))
    beginning.clear()
    await asyncio.wait_for(beginning.wait(), 20)
    again.cancel()
    await asyncio.wait([again], timeout=20)
    assert again.cancelled()


async def test_a_listener_that_cannot_begin_tries_again(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, bridge = await door_of(db), Bridge()
    real, refused = Database.listen, chain([True, True, True], repeat(False))

    @asynccontextmanager
    async def listen(self: Database, channel: str) -> AsyncIterator[AsyncIterator[str | None]]:
        if next(refused):
            raise DatabaseUnavailable("gone")
        async with real(self, channel) as payloads:
            yield payloads

    monkeypatch.setattr(Database, "listen", listen)
    monkeypatch.setattr(module, "AGAIN", 0.01)
    async with running(door, bridge=bridge):
        await until(db, "SELECT count(*) FROM workers", [(1,)])
        await start(door, PATH, "acme", "ann")
        await until(db, "SELECT count(*) FROM units_of_work WHERE status = 'completed'", [(2,)])


async def test_a_database_that_is_away_at_the_start_is_said_to_be(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr("sojourn.engine.lease.register", away)
    with pytest.raises(DatabaseUnavailable):
        await run_engine(await door_of(db), Bridge(), asyncio.Event(), PACE)


async def test_the_engine_counts_what_it_does_and_tells_people_of_alerts(
    db: Database, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/in", method="POST").respond_with_data("")
    url = f"json://127.0.0.1:{httpserver.port}/in"
    outbound = Outbound((Route("team", (url,), kinds=("breaker_open",)),), "https://s.test")
    door, vitals, stop = await door_of(db), Vitals(), asyncio.Event()
    engine = asyncio.create_task(run_engine(door, Bridge(), stop, PACE, vitals, outbound))
    await until(db, "SELECT name FROM alert_routes", [("team",)])
    await start(door, PATH, "acme", "ann")
    await until(db, "SELECT count(*) FROM tasks WHERE status = 'completed'", [(3,)])
    await rows(
        db,
        "INSERT INTO system_alerts (kind, subject, severity, message) "
        "VALUES ('breaker_open', 'an-agent', 'notify', 'it fails')",
    )
    await until(db, "SELECT status FROM alert_notices", [("delivered",)])
    stop.set()
    await asyncio.wait_for(engine, 20)
    assert [request.get_json()["title"] for request, _ in httpserver.log] == [
        "[notify] Sojourn: breaker open"
    ]
    told = generate_latest(vitals.registry).decode()
    assert 'sojourn_engine_outcomes_total{status="completed"} 3.0' in told
    assert "sojourn_engine_claims_total 3.0" in told
    assert 'sojourn_engine_sent_total{kind="alert",status="delivered"} 1.0' in told
    assert 'sojourn_loop_rounds_total{loop="messenger"}' in told
    assert 'sojourn_loop_quiet_seconds{loop="lease"}' in told
    assert vitals.hung() == []
