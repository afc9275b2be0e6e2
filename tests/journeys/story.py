"""A whole journey in a test: real PostgreSQL, the real engine's steps, a clock that is set."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from textwrap import dedent
from typing import Any
from uuid import UUID

from sojourn.control import Line, change, record_lines, start, tick
from sojourn.control.change import snapshot
from sojourn.control.door import Door
from sojourn.control.tasks import next_task
from sojourn.control.tick import next_look
from sojourn.core.commands import Command
from sojourn.core.decision import Decision
from sojourn.core.explain import Explanation, explain
from sojourn.core.journal import verify
from sojourn.core.outcomes import Call, Completed, Outcome
from sojourn.core.snapshot import Snapshot
from sojourn.engine.lease import Lease
from sojourn.engine.worker import Bridge, Worker
from sojourn.paths import load
from sojourn.store import journal, rollback, work
from sojourn.store.postgres import Database
from tests.doors import rows, set_time, still_door

Answer = Outcome | Callable[[Call], Outcome]
MANY = 10_000


class Agents:
    """Agents that answer as the test says, and remember in which order they were called."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        """By agent, or by ``agent/task`` where one task is to be answered otherwise."""
        self.calls: list[Call] = []
        self.cancelled: list[Call] = []

    async def send(self, call: Call) -> Outcome:
        self.calls.append(call)
        answer = self.answers.get(f"{call.agent_id}/{call.task_id}")
        answer = answer or self.answers.get(call.agent_id) or Completed({"by": call.task_id})
        return answer(call) if callable(answer) else answer

    async def poll(self, call: Call) -> Outcome:
        return await self.send(call)

    async def cancel(self, call: Call) -> None:
        self.cancelled.append(call)

    def tasks(self, agent: str = "") -> list[str]:
        """Return the tasks that agents were called for, in order."""
        return [c.task_id for c in self.calls if agent in ("", c.agent_id)]


class Story:
    """One database, one worker, and the journeys that a test starts."""

    def __init__(self, door: Door, bridge: Bridge) -> None:
        self.door = door
        self.lease = Lease(door, timedelta(minutes=1), lambda: self.worker.lost())
        self.worker = Worker(door, bridge, self.lease, 1.0, 500, 200)

    @property
    def now(self) -> datetime:
        return self.door.now()

    async def start(self, text: str, client: str = "acme", **given: Any) -> UUID:
        """Start a journey on the path that a text describes, and let it settle."""
        decision = await start(self.door, load(dedent(text)), client, "ann", **given)
        await self.settle()
        return decision.state.journey_id

    async def do(self, journey: UUID, command: Command) -> Decision:
        """Carry out a command, and let things settle."""
        decision = await change(self.door, journey, command)
        await self.settle()
        return decision

    async def tell(self, client: str = "acme", **facts: Any) -> None:
        """Record metrics and facts, and let things settle a moment later.

        What is measured in the very instant in which a stage begins counts as of that stage.
        """
        lines = [Line(client, name, value) for name, value in facts.items()]
        await record_lines(self.door, lines, "ann")
        set_time(self.door, self.now + timedelta(milliseconds=1))
        await self.settle()

    async def settle(self) -> None:
        """Do all that is due at this moment."""
        if self.lease.worker is None:
            await self.lease.once()
        for _ in range(200):
            if not await tick(self.door) and not await self._work():
                return
        raise AssertionError("the engine never comes to rest")

    async def _work(self) -> bool:
        busy = False
        for _ in range(200):
            rest = await self.worker.once()
            if self.worker._running:
                busy = True
                await self.worker._running.wait()
            elif rest > 0:
                return busy
        raise AssertionError("the worker never comes to rest")

    async def pass_time(self, until: Callable[[], Any] | None = None, **span: float) -> None:
        """Let time go by, stopping wherever something is due."""
        goal = self.now + timedelta(**span)
        await self.settle()
        while self.now < goal:
            wait = min(await next_look(self.door), await next_task(self.door), 1e8)
            set_time(self.door, min(self.now + timedelta(seconds=max(wait, 0.001)), goal))
            await self.settle()
            if until is not None and await until():
                return

    async def shot(self, journey: UUID) -> Snapshot:
        """Return the journey as a decision would see it."""
        async with self.door.db.connection() as connection:
            return await snapshot(connection, self.door, journey, self.now)

    async def stage(self, journey: UUID) -> str:
        """Return the stage that the journey is in."""
        return str((await self.shot(journey)).state.current_stage)

    async def explain(self, journey: UUID) -> Explanation:
        """Return why the journey is where it is."""
        return explain(await self.shot(journey), self.now)

    async def events(self, journey: UUID, *types: str) -> list[Mapping[str, Any]]:
        """Return the journal's events, of some types or of all."""
        async with self.door.db.connection() as connection:
            every = await journal.of_journey(connection, journey, 0, MANY)
        return [e for e in every if not types or e["type"] in types]

    async def moves(self, journey: UUID) -> list[str]:
        """Return the transitions that the journey has made."""
        return [str(e["event"]) for e in await self.events(journey, "transition")]

    async def tasks(self, journey: UUID, visit: int | None = None) -> dict[str, Mapping[str, Any]]:
        """Return the tasks of a visit, or the newest of each name, by their ids."""
        async with self.door.db.connection() as connection:
            every = await work.tasks_of(connection, journey, visit)
        return {t["task_id"]: t for t in every}

    async def units(self, journey: UUID) -> dict[tuple[str, int], str]:
        """Return the status of every unit, by name and visit."""
        query = "SELECT name, visit, status FROM units_of_work WHERE journey_id = %s"
        return {(n, v): s for n, v, s in await rows(self.door.db, query, journey)}

    async def rollbacks(self, journey: UUID) -> list[Mapping[str, Any]]:
        """Return the rollback history."""
        async with self.door.db.connection() as connection:
            return list(await rollback.history(connection, journey))

    async def verify(self, journey: UUID) -> None:
        """Check that the journal is gapless, chained and untouched, and agrees with the state."""
        async with self.door.db.connection() as connection:
            entries = (await journal.chains(connection, [journey]))[journey]
        assert verify(entries) == []
        state = (await self.shot(journey)).state
        moves = [e.event.transition for e in entries if e.event.transition]
        assert moves[-1][2] == state.current_stage
        assert len(moves) == state.visit
        [left] = await rows(self.door.db, "SELECT count(*) FROM wakeups")
        assert left == (0,)


def open_story(db: Database) -> tuple[Story, Agents]:
    """Return a story and its agents."""
    agents = Agents()
    return Story(still_door(db), agents), agents
