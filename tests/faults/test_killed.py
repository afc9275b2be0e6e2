"""Engines are killed at random moments: others go on from the rows, and nothing counts twice."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from sojourn.control.door import Door
from sojourn.control.start import Beginning, start_many
from sojourn.core.journal import verify
from sojourn.paths import load
from sojourn.store import clock, journal
from sojourn.store.postgres import Database

JOURNEYS = 6
LEASE = 1.0
PATH = """
name: faulty
stages:
  - name: sandbox
    work:
      - name: first
        tasks:
          - { name: a, agent: counting }
          - { name: b, agent: counting }
          - { name: c, agent: counting, depends_on: [a, b] }
      - name: second
        depends_on: [first]
        tasks: [{ name: d, agent: counting }, { name: e, agent: counting, depends_on: [d] }]
    exit: { criteria: [{ work: required }] }
  - name: pilot
    work: [{ name: third, tasks: [{ name: f, agent: counting }] }]
    exit: { criteria: [{ work: required }] }
"""
TASKS = 6


@pytest.fixture
async def door(db: Database) -> Door:
    async with db.connection() as connection:
        return Door(db, await clock.read(connection))


@contextmanager
def engine(url: str, calls: Path, lease: float = LEASE) -> Iterator[subprocess.Popen[str]]:
    """An engine in a process of its own; whatever is left of it is killed at the end."""
    program = Path(__file__).with_name("engine_process.py")
    command = [sys.executable, str(program), url, str(calls), str(lease)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def started(door: Door) -> None:
    names = [Beginning(f"client-{n}") for n in range(JOURNEYS)]
    await start_many(door, load(PATH, "faulty.yaml"), names, "test")


async def value(db: Database, statement: str) -> int:
    async with db.connection() as connection:
        row = await (await connection.execute(statement.encode())).fetchone()
    return int(row[0]) if row else 0


async def ended(db: Database) -> bool:
    return await value(db, "SELECT count(*) FROM journey_states WHERE ended_at IS NULL") == 0


def keys_of(calls: Path) -> dict[str, set[str]]:
    """Return the idempotency keys that each task was called with."""
    keys: dict[str, set[str]] = defaultdict(set)
    for line in calls.read_text().splitlines():
        task, key = line.split()
        keys[task].add(key)
    return keys


async def assert_whole(db: Database, calls: Path) -> None:
    """Every journey is completed, every task recorded once, every journal unbroken."""
    done = "SELECT count(*) FROM journey_states WHERE current_stage = 'completed'"
    assert await value(db, done) == JOURNEYS
    tasks = (
        "SELECT count(*) FROM tasks WHERE status = 'completed' AND output_data->>'task' = task_id"
    )
    assert await value(db, tasks) == JOURNEYS * TASKS
    keys = keys_of(calls)
    assert len(keys) == JOURNEYS * TASKS
    assert all(len(known) == 1 for known in keys.values()), "a repeated call has another key"
    async with db.connection() as connection:
        rows = await journal.journeys_after(connection, UUID(int=0), 100)
        chains = await journal.chains(connection, [row["journey_id"] for row in rows])
    assert len(chains) == JOURNEYS
    assert [fault for chain in chains.values() for fault in verify(chain)] == []
    assert await value(db, "SELECT count(*) FROM tasks WHERE owner IS NOT NULL") == 0


async def test_kill_9_at_random_moments_loses_nothing_and_repeats_nothing(
    door: Door, database_url: str, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    draw = random.Random(seed)
    calls = tmp_path / "calls"
    await started(door)
    limit = time.monotonic() + 90
    for _ in range(8):
        with engine(database_url, calls) as process:
            await asyncio.sleep(draw.uniform(0.05, 0.6))
            process.send_signal(signal.SIGKILL)
    with engine(database_url, calls) as process:
        while not await ended(door.db):
            assert time.monotonic() < limit, "the journeys do not come to their end"
            await asyncio.sleep(0.1)
        process.terminate()
        assert process.wait(20) == 0
    await assert_whole(door.db, calls)
    assert await value(door.db, "SELECT count(*) FROM wakeups") == 0


async def test_a_worker_that_slept_through_its_lease_changes_nothing(
    door: Door, database_url: str, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    await started(door)
    limit = time.monotonic() + 90
    with engine(database_url, calls) as sleeper:
        while not (calls.exists() and calls.read_text()):
            assert time.monotonic() < limit
            await asyncio.sleep(0.01)
        sleeper.send_signal(signal.SIGSTOP)
        with engine(database_url, calls) as other:
            while not await ended(door.db):
                assert time.monotonic() < limit, "nobody took over from the sleeper"
                await asyncio.sleep(0.1)
            sleeper.send_signal(signal.SIGCONT)
            await asyncio.sleep(1)
            for process in (sleeper, other):
                process.terminate()
            assert [p.wait(20) for p in (sleeper, other)] == [0, 0]
    await assert_whole(door.db, calls)


async def test_sigterm_hands_back_what_was_not_finished(
    door: Door, database_url: str, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    await started(door)
    with engine(database_url, calls, lease=600) as process:
        while not (calls.exists() and calls.read_text()):
            await asyncio.sleep(0.01)
        process.terminate()
        assert process.wait(30) == 0
    assert await value(door.db, "SELECT count(*) FROM tasks WHERE owner IS NOT NULL") == 0
    assert await value(door.db, "SELECT count(*) FROM workers") == 0
