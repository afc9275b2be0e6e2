"""The worker: every outcome is written once or refused; nothing is dropped, nothing hangs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from sojourn.control import start, tick
from sojourn.control.tasks import claim, settle
from sojourn.control.workers import rescue
from sojourn.core.outcomes import Call, Completed, Measured, Outcome, Working
from sojourn.engine import worker as module
from sojourn.engine.lease import Lease
from sojourn.engine.worker import Worker
from sojourn.paths import load
from sojourn.store.postgres import Database, DatabaseUnavailable
from tests.doors import later, rows, still_door

PATH = """
name: p
stages:
  - name: sandbox
    exit: {{ criteria: [{{ fact: done }}] }}
    work: [{{ name: w, tasks: [{tasks}] }}]
"""
Answer = Callable[[Call], Awaitable[Any]]


class Bridge:
    """Agents that answer as the test says; a task named in ``gates`` waits until it is let go."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.calls: list[Call] = []
        self.most = self.now = 0

    async def send(self, call: Call) -> Any:
        self.calls.append(call)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if call.task_id in self.gates:
                await self.gates[call.task_id].wait()
            answer = self.answers.get(call.task_id)
            return await answer(call) if answer else Completed({"by": call.task_id})
        finally:
            self.now -= 1

    async def poll(self, call: Call) -> Any:
        return await self.send(call)

    async def cancel(self, call: Call) -> None:
        """Nothing to do."""


class Set:
    """A worker with all that belongs to it."""

    def __init__(self, db: Database, most: int = 100, limit: int = 100) -> None:
        self.door = still_door(db)
        self.bridge = Bridge()
        self.lease = Lease(self.door, timedelta(minutes=1), lambda: self.worker.lost())
        self.worker = Worker(self.door, self.bridge, self.lease, 1.0, most, limit)

    async def begin(self, *names: str, more: str = "") -> UUID:
        tasks = ", ".join(f"{{ name: {n}, agent: x{more} }}" for n in names)
        journey = await start(self.door, load(PATH.format(tasks=tasks)), "acme", "ann")
        while await tick(self.door):
            pass
        await self.lease.once()
        return journey.state.journey_id

    async def idle(self) -> None:
        """Wait until all calls that are not held back have been answered."""
        gated = {n for n, gate in self.bridge.gates.items() if not gate.is_set()}
        while len(self.worker._running) > len(gated & {c.task_id for c in self.bridge.calls}):
            await asyncio.sleep(0)

    async def statuses(self) -> dict[str, str]:
        return dict(await rows(self.door.db, "SELECT task_id, status FROM tasks ORDER BY 1"))


async def turns() -> None:
    """Let calls that were handed over begin."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def one(db: Database) -> AsyncIterator[Set]:
    one = Set(db)
    yield one
    one.worker._running.drop()
    await one.worker._running.wait()


async def test_it_takes_calls_and_writes(one: Set) -> None:
    await one.begin("a", "b")
    assert await one.worker.once() == 0
    await one.idle()
    assert await one.statuses() == {"a": "running", "b": "running"}
    assert await one.worker.once() == 0
    assert await one.statuses() == {"a": "completed", "b": "completed"}
    assert await one.worker.once() == float("inf")


async def test_it_runs_no_more_than_it_may(db: Database) -> None:
    one = Set(db, most=3, limit=2)
    await one.begin(*(f"t{n}" for n in range(9)))
    one.bridge.gates = {f"t{n}": asyncio.Event() for n in range(9)}
    await one.worker.once()
    await turns()
    assert one.bridge.now == 2, "no more at once than the batch"
    await one.worker.once()
    assert await one.worker.once() == 1, "no more in all than the most"
    await turns()
    assert one.bridge.now == 3
    for gate in one.bridge.gates.values():
        gate.set()
    while set((await one.statuses()).values()) != {"completed"}:
        await one.worker.once()
        await one.idle()
    assert one.bridge.most == 3
    await one.worker.close()


async def test_a_finished_call_wakes_the_loop(one: Set) -> None:
    await one.begin("a")
    await one.worker.once()
    await asyncio.wait_for(one.worker._wake.wait(), 5)


@pytest.mark.parametrize("garbage", [None, {"status": "ok"}, Completed])
async def test_a_bridge_that_answers_with_no_outcome_has_failed(one: Set, garbage: Any) -> None:
    await one.begin("a", "b", more=", max_retries: 0")

    async def odd(call: Call) -> Any:
        return garbage

    one.bridge.answers["a"] = odd
    await one.worker.once()
    await one.idle()
    await one.worker.once()
    assert await one.statuses() == {"a": "failed", "b": "completed"}
    [(error,)] = await rows(one.door.db, "SELECT error FROM tasks WHERE task_id = 'a'")
    assert error["message"].endswith("the bridge failed: TypeError")


async def test_a_bridge_that_raises_has_failed_for_that_call_only(one: Set) -> None:
    await one.begin("a", "b", more=", max_retries: 0")

    async def raises(call: Call) -> Outcome:
        raise KeyError("secret")

    one.bridge.answers["a"] = raises
    await one.worker.once()
    await one.idle()
    await one.worker.once()
    assert await one.statuses() == {"a": "failed", "b": "completed"}
    [(error,)] = await rows(one.door.db, "SELECT error::text FROM tasks WHERE task_id = 'a'")
    assert "secret" not in error


async def test_an_answer_that_cannot_be_stored_fails_its_own_task_only(one: Set) -> None:
    await one.begin(*"abcde")

    async def poison(call: Call) -> Outcome:
        return Completed({}, (Measured("m", 1.0, 2**40),))

    one.bridge.answers["c"] = poison
    await one.worker.once()
    await one.idle()
    await one.worker.once()
    done = dict.fromkeys("abde", "completed") | {"c": "failed"}
    assert await one.statuses() == done
    [(error,)] = await rows(one.door.db, "SELECT error FROM tasks WHERE task_id = 'c'")
    assert error["kind"] == "bad_answer"
    assert "cannot be stored" in error["message"]


@pytest.mark.parametrize("error", [DatabaseUnavailable("gone"), ZeroDivisionError()])
async def test_what_could_not_be_written_is_written_later(
    one: Set, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await one.begin("a", "b")
    await one.worker.once()
    await one.idle()

    async def away(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module, "settle", away)
        with pytest.raises(type(error)):
            await one.worker.once()
    assert await one.statuses() == {"a": "running", "b": "running"}
    await one.worker.once()
    assert await one.statuses() == {"a": "completed", "b": "completed"}
    assert len(one.bridge.calls) == 2, "the agents were asked once"


async def test_an_outcome_of_a_superseded_attempt_is_refused(db: Database) -> None:
    one, two = Set(db), Set(db)
    await one.begin("a")
    await two.lease.once()

    async def late(call: Call) -> Outcome:
        return Completed({"by": "one"}, (Measured("m", 1.0),))

    one.bridge.answers["a"] = late
    await one.worker.once()
    await one.idle()
    await rows(db, "UPDATE tasks SET owner = NULL, due_at = %s", one.door.now())
    await two.worker.once()
    await two.idle()
    await one.worker.once()
    assert await two.statuses() == {"a": "running"}
    await two.worker.once()
    [(status, output)] = await rows(db, "SELECT status, output_data FROM tasks")
    assert (status, output) == ("completed", {"by": "a"})
    assert await rows(db, "SELECT 1 FROM measurements") == []


async def test_a_worker_that_lost_its_lease_drops_everything(one: Set) -> None:
    await one.begin("a", "b")
    one.bridge.gates["b"] = asyncio.Event()
    await one.worker.once()
    await one.idle()
    await rows(one.door.db, "DELETE FROM workers")
    await one.lease.once()
    assert await one.worker.once() == float("inf")
    await one.idle()
    assert await one.statuses() == {"a": "running", "b": "running"}
    assert one.bridge.now == 0, "the call that was under way was dropped"
    assert await rescue(one.door) == (0, 2)
    one.bridge.gates["b"].set()
    await one.worker.once()
    await one.idle()
    await one.worker.once()
    assert set((await one.statuses()).values()) == {"completed"}
    keys = [c.key for c in one.bridge.calls]
    assert len(keys) == 4
    assert len(set(keys)) == 2
    assert [c.sent_before for c in one.bridge.calls] == [False, False, True, True]


async def test_a_graceful_stop_waits_for_calls_and_writes_what_came_of_them(one: Set) -> None:
    await one.begin("a")
    gate = one.bridge.gates["a"] = asyncio.Event()
    await one.worker.once()
    closing = asyncio.create_task(one.worker.close())
    await asyncio.sleep(0)
    gate.set()
    await asyncio.wait_for(closing, 5)
    assert await one.statuses() == {"a": "completed"}


async def test_what_does_not_end_in_time_is_handed_back(
    one: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.01)
    await one.begin("a", "b")
    one.bridge.gates["b"] = asyncio.Event()
    await one.worker.once()
    await asyncio.wait_for(one.worker.close(), 5)
    found = await rows(one.door.db, "SELECT task_id, status, owner, due_at FROM tasks ORDER BY 1")
    assert found == [("a", "completed", None, None), ("b", "running", None, one.door.now())]
    assert one.bridge.now == 0


async def test_nothing_new_is_begun_while_it_closes(one: Set) -> None:
    await one.begin("a", more="")
    await rows(one.door.db, "UPDATE tasks SET dependents = '{}'")
    await one.worker.once()
    await one.worker.close()
    assert len(one.worker._running) == 0
    assert await one.worker.once() == float("inf")


async def test_without_a_lease_nothing_is_taken(one: Set) -> None:
    await one.begin("a")
    await one.lease.close()
    one.lease.worker = None
    assert await one.worker.once() == 1
    assert one.bridge.calls == []


async def test_work_elsewhere_is_polled_when_it_is_time(one: Set) -> None:
    await one.begin("a")

    async def slow(call: Call) -> Outcome:
        return Completed({}) if call.handle else Working({"id": 1}, timedelta(seconds=30))

    one.bridge.answers["a"] = slow
    await one.worker.once()
    await one.idle()
    await one.worker.once()
    assert await one.worker.once() == 30
    assert len(one.worker._running) == 0, "nothing is held while it works"
    later(one.door, seconds=30)
    await one.worker.once()
    await one.idle()
    await one.worker.once()
    assert await one.statuses() == {"a": "completed"}


async def test_a_tenth_of_the_places_is_kept_for_those_who_hold_few(db: Database) -> None:
    one = Set(db, most=20)
    flood = [f"f{n}" for n in range(30)]
    await one.begin(*flood)
    one.bridge.gates = {name: asyncio.Event() for name in [*flood, "a", "b"]}
    for _ in range(3):
        await one.worker.once()
    await turns()
    assert one.bridge.now == 18, "two are kept"
    tasks = "{ name: a, agent: x }, { name: b, agent: x, depends_on: [a] }"
    await start(one.door, load(PATH.format(tasks=tasks)), "small", "ann")
    assert await one.worker.once() == 0
    await turns()
    assert one.bridge.calls[-1].task_id == "a", "it does not wait for the end of one of the flood"
    one.bridge.gates["a"].set()
    await one.idle()
    await one.worker.once()
    await turns()
    assert one.bridge.calls[-1].task_id == "b"
    for gate in one.bridge.gates.values():
        gate.set()
    while set((await one.statuses()).values()) != {"completed"}:
        await one.worker.once()
        await one.idle()
    await one.worker.close()


async def test_beside_others_a_flood_is_written_and_taken_a_little_at_a_time(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FEW", 3)
    one = Set(db, most=20)
    flood = [f"f{n}" for n in range(40)]
    await one.begin(*flood)
    gate = asyncio.Event()
    one.bridge.gates = dict.fromkeys([*flood, "a"], gate)
    await one.worker.once()
    assert len(one.worker._running) == 18, "alone it takes all that it may at once"
    await start(one.door, load(PATH.format(tasks="{ name: a, agent: x }")), "small", "ann")
    await one.worker.once()
    await turns()
    gate.set()
    await one.idle()
    one.bridge.gates = dict.fromkeys(flood, asyncio.Event())
    await one.worker.once()
    await turns()
    done = [name for name, status in (await one.statuses()).items() if status == "completed"]
    assert "a" in done, "the last to end is written first"
    assert len(done) == 1 + 3
    assert one.bridge.now == 3, "three places were free, and three are taken"
    one.worker._company_until = 0.0
    await one.worker.once()
    done = [name for name, status in (await one.statuses()).items() if status == "completed"]
    assert len(done) == 19, "alone again"
    one.worker._running.drop()
    await one.worker._running.wait()


async def test_what_finishes_together_is_written_in_sets_and_whole_at_the_end(db: Database) -> None:
    one = Set(db, most=6, limit=2)
    await one.begin(*(f"t{n}" for n in range(6)))
    gate = asyncio.Event()
    one.bridge.gates = {f"t{n}": gate for n in range(6)}
    for _ in range(3):
        await one.worker.once()
    gate.set()
    await one.idle()
    assert await one.worker.once() == 0
    assert list((await one.statuses()).values()).count("completed") == 2
    await one.worker.close()
    assert set((await one.statuses()).values()) == {"completed"}


async def test_what_is_not_written_yet_takes_places_and_is_written_without_a_rest(
    db: Database,
) -> None:
    one = Set(db, most=9, limit=4)
    after = [f"d{n}{m}, depends_on: [t{n}]" for n in range(12) for m in "ab"]
    await one.begin(*(f"t{n}" for n in range(12)), *after)
    while set((await one.statuses()).values()) != {"completed"}:
        assert await one.worker.once() == 0
        await turns()
        assert len(one.worker._hand) <= 9, "also where calls end at once"
    await one.worker.close()


async def test_a_worker_of_few_places_keeps_none(db: Database) -> None:
    one = Set(db, most=9)
    flood = [f"f{n}" for n in range(12)]
    await one.begin(*flood)
    one.bridge.gates = {name: asyncio.Event() for name in flood}
    await one.worker.once()
    await turns()
    assert one.bridge.now == 9
    one.worker._running.drop()
    await one.worker._running.wait()


async def test_a_queue_that_was_empty_is_not_asked_between_two_outcomes_unless_there_is_word(
    one: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[UUID] = []

    async def counted(door: Any, worker: UUID, *args: Any, **more: Any) -> Any:
        claims.append(worker)
        return await claim(door, worker, *args, **more)

    monkeypatch.setattr(module, "claim", counted)
    monkeypatch.setattr(module, "QUIET", 60.0)
    chain = [f"{n}, depends_on: [{before}]" for before, n in pairwise("abcd")]
    await one.begin("a", *chain)
    asked = []
    for _ in range(4):
        assert await one.worker.once() == 0
        await one.idle()
        asked.append(len(claims))
    assert asked == [1, 2, 2, 2]
    one.worker.wake()
    assert await one.worker.once() == 0
    assert len(claims) == 3
    assert set((await one.statuses()).values()) == {"completed"}
    assert await one.worker.once() == float("inf")


async def test_tasks_that_were_taken_without_a_reply_are_given_back_and_done(
    one: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one.begin("a", "b", "c, depends_on: [a]")
    one.bridge.gates["b"] = asyncio.Event()

    def lossy(work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def lost(*args: Any, **more: Any) -> Any:
            await work(*args, **more)
            raise DatabaseUnavailable("the reply was lost")

        return lost

    with monkeypatch.context() as patch:
        patch.setattr(module, "claim", lossy(claim))
        with pytest.raises(DatabaseUnavailable):
            await one.worker.once()
    assert one.bridge.calls == []
    await one.worker.once()
    await one.idle()
    with monkeypatch.context() as patch:
        patch.setattr(module, "settle", lossy(settle))
        with pytest.raises(DatabaseUnavailable):
            await one.worker.once()
    assert await one.statuses() == {"a": "completed", "b": "running", "c": "running"}
    for _ in range(4):
        await one.worker.once()
        await one.idle()
    assert await one.statuses() == {"a": "completed", "b": "running", "c": "completed"}
    assert [c.task_id for c in one.bridge.calls] == ["a", "b", "c"], "what is in hand stays there"
    one.bridge.gates["b"].set()
    await one.idle()
    await one.worker.once()
    assert set((await one.statuses()).values()) == {"completed"}
    assert list(one.worker._hand) == []
