"""Everything stops after a commit, whichever it is, and starts again: the end is the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sojourn.control import change, start
from sojourn.control.audit import verify
from sojourn.control.door import Door, RefusedError
from sojourn.core.commands import Approve, RollBack
from sojourn.core.outcomes import Call, Completed, Outcome, Working
from sojourn.engine.engine import Pace, run_engine
from sojourn.paths import load
from sojourn.store import clock
from sojourn.store.postgres import Database, open_database
from sojourn.store.sets import Connection
from tests.conftest import Recycled
from tests.doors import rows

PATH = load(
    """
name: steps
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }] }
    work:
      - name: one
        tasks:
          - { name: a, agent: x, measures: { m: n }, undo: { agent: x } }
          - { name: b, agent: x, depends_on: [a], undo: { agent: x } }
  - name: pilot
    exit: { criteria: [{ work: required }, { approval: go }] }
    work:
      - name: two
        tasks:
          - { name: remote, agent: x, facts: { found: word }, undo: { agent: x } }
          - { name: d, agent: x, depends_on: [remote], input: { v: "${tasks.remote.output.n}" } }
"""
)
PACE = Pace(poll=0.05, lease=timedelta(seconds=15))


class Died(BaseException):
    """The process is no more: nothing of it hears of this."""


@dataclass(frozen=True)
class Mortal(Database):
    """A database whose process dies after so many commits that wrote something; 0 is never."""

    lives: list[int] = field(default_factory=lambda: [0])
    commits: list[int] = field(default_factory=lambda: [0])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with super().transaction() as connection:
            yield connection
            asked = await connection.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
            [wrote] = await asked.fetchone() or [False]
        if wrote:
            self.commits[0] += 1
            if self.commits[0] == self.lives[0]:
                raise Died


class Agents:
    """Agents that answer at once, but for one that works elsewhere; they count calls by key."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send(self, call: Call) -> Outcome:
        self.asked.append(call.key)
        if call.task_id == "remote":
            return Working({"key": call.key}, timedelta(milliseconds=100))
        return Completed({"n": 1, "word": "x"})

    async def poll(self, call: Call) -> Outcome:
        return Completed({"n": 1, "word": "x"})

    async def cancel(self, call: Call) -> None:
        return


@dataclass
class End:
    """What a run came to."""

    state: Any
    commits: int
    keys: set[str]
    asked: int


async def run(url: str, lives: list[int]) -> End:
    """Carry a journey to its end by processes that die after so many commits each."""
    agents, commits = Agents(), 0
    deaths = [*lives, 0]
    async with open_database(url, Path()) as db:
        done = await start(await _door(db), PATH, "acme", "ann")
        journey = done.state.journey_id
        for life in deaths:
            commits += await _lived(url, journey, agents, life)
            expire = "UPDATE workers SET lease_until = clock_timestamp() - interval '1 second'"
            await rows(db, expire)
        faults = [one.faults async for batch in verify(await _door(db)) for one in batch]
        assert faults == [()]
        return End(await _state(db), commits, set(agents.asked), len(agents.asked))


async def _lived(url: str, journey: UUID, agents: Agents, life: int) -> int:
    """Be one process, until it dies or the journey has ended; return its commits."""
    async with open_database(url, Path()) as plain:
        db = Mortal(plain.dsn, plain.pool, [life])
        stop = asyncio.Event()
        people = asyncio.create_task(_people(await _door(plain), journey, stop))
        try:
            with suppress(BaseExceptionGroup):
                await run_engine(await _door(db), agents, stop, PACE)
        finally:
            stop.set()
            people.cancel()
            with suppress(asyncio.CancelledError):
                await people
        return db.commits[0]


async def _people(door: Door, journey: UUID, stop: asyncio.Event) -> None:
    """Roll back when a person is first asked, approve when asked again, and stop at the end."""
    query = "SELECT ball_with, rollbacks, ended_at FROM journey_states WHERE journey_id = %s"
    while not stop.is_set():
        [(ball, rollbacks, ended)] = await rows(door.db, query, journey)
        with suppress(RefusedError):
            if ended:
                stop.set()
            elif ball == "approver" and not rollbacks:
                await change(door, journey, RollBack(actor="ann", reason="once"))
            elif ball == "approver":
                roles = ("approver",)
                await change(door, journey, Approve(actor="bob", roles=roles, criterion="go"))
        await asyncio.sleep(0.02)


async def _door(db: Database) -> Door:
    async with db.connection() as connection:
        return Door(db, await clock.read(connection))


async def _state(db: Database) -> Any:
    """Return all that is to be the same, however often everything stopped."""
    return [await rows(db, query) for query in SAME]


SAME = (
    """SELECT current_stage, previous_stage, completed_stages, visit, rollbacks, wave, ball_with,
              waiting_for, due_at, seq FROM journey_states""",
    """SELECT seq, type, actor, reason, from_stage, event, to_stage FROM journey_events
       ORDER BY seq""",
    """SELECT u.name, u.visit, u.purpose, u.status, u.runs, t.task_id, t.status, t.retry_count,
              t.output_data, t.owner, t.due_at, t.waiting_on
       FROM units_of_work u JOIN tasks t USING (journey_id, uow_id) ORDER BY 2, 1, 6""",
    "SELECT metric, value, n, source FROM measurements ORDER BY at",
    "SELECT name, value FROM facts ORDER BY name",
    "SELECT gate, kind, visit, attempt, passed FROM validation_results ORDER BY validation_id",
    "SELECT status, from_stage, target_stage, trigger_type FROM rollback_history",
    "SELECT kind, resolved_at IS NULL FROM alerts ORDER BY 1",
    "SELECT count(*) FROM wakeups",
)
"""Not the times, nor which worker did it, nor how often it was taken."""


@pytest.fixture(scope="module")
def undisturbed(recycled: Recycled) -> End:
    with recycled.lend() as url:
        return asyncio.run(run(url, []))


def test_the_journey_takes_its_steps(undisturbed: End) -> None:
    assert undisturbed.asked == len(undisturbed.keys)
    assert undisturbed.commits >= 10
    assert [row[:2] for row in undisturbed.state[0]] == [("completed", "pilot")]
    assert undisturbed.state[6] == [("completed", "pilot", "sandbox", "client_request")]


async def test_a_stop_after_each_commit_changes_nothing_of_the_end(
    recycled: Recycled, undisturbed: End
) -> None:
    for step in range(1, undisturbed.commits + 1):
        with recycled.lend() as url:
            stopped = await run(url, [step])
        assert stopped.state == undisturbed.state, f"stopped after commit {step}"
        assert len(stopped.keys) == len(undisturbed.keys), "no attempt too many"


async def test_stopping_again_and_again_changes_nothing_of_the_end(
    recycled: Recycled, undisturbed: End
) -> None:
    with recycled.lend() as url:
        stopped = await run(url, [4] * 8)
    assert stopped.state == undisturbed.state
    assert len(stopped.keys) == len(undisturbed.keys)
