"""A scene of the fault tests: processes to torment, journeys to carry along, and the reckoning."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from sojourn.control import start
from sojourn.control.door import Door
from sojourn.core.journal import verify
from sojourn.paths import load
from sojourn.store import clock, journal
from sojourn.store.postgres import Database
from tests.doors import rows

LEASE = 1.0
ROOT = Path(__file__).parents[2]
STAGE = """
  - name: {0}
    exit:
      criteria: [{{ work: required }}, {{ metric: quality, is: ">= 0.8" }}]
    work:
      - name: first
        tasks:
          - {{ name: plain, agent: x, measures: {{ quality: quality }} }}
          - {{ name: fails, agent: x, retry: {{ base: 1s }} }}
          - {{ name: remote, agent: x, depends_on: [plain] }}
          - {{ name: last, agent: x, depends_on: [fails, remote] }}
      - name: second
        depends_on: [first]
        tasks:
          - {{ name: one, agent: x }}
          - {{ name: two, agent: x, depends_on: [one], input: {{ v: "${{tasks.one.output.by}}" }} }}
"""
PATH = load("name: p\nstages:" + STAGE.format("sandbox") + STAGE.format("pilot"))
TASKS = 12
"""Tasks of a journey, of which two need a second attempt and two are measured."""


class Nursery:
    """Engine processes, by pid."""

    def __init__(self, url: str, calls: Path) -> None:
        command = [sys.executable, "-m", "tests.faults.nursery", url, str(calls), str(LEASE)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pids: list[int] = []

    def spawn(self) -> int:
        """Start a process."""
        self.pids.append(self._say("spawn"))
        return self.pids[-1]

    def kill(self, pid: int, how: signal.Signals = signal.SIGKILL) -> int:
        """End a process, and return how it ended."""
        os.kill(pid, how)
        self.pids.remove(pid)
        return self._say(f"wait {pid}")

    def close(self) -> None:
        """End all of them."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _say(self, what: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Scene:
    """One database with journeys, and processes that carry them along."""

    def __init__(self, db: Database, door: Door, nursery: Nursery, calls: Path) -> None:
        self.db = db
        self.door = door
        self.nursery = nursery
        self._calls = calls
        self.journeys: list[UUID] = []

    async def start(self, count: int, path: Any = PATH) -> None:
        """Start journeys."""
        for n in range(count):
            decision = await start(self.door, path, f"client-{n}", "ann")
            self.journeys.append(decision.state.journey_id)

    async def until(
        self, what: str, done: Callable[[], Awaitable[bool]], limit: float = 40
    ) -> None:
        """Wait until something is the case."""
        end = time.monotonic() + limit
        while not await done():
            assert time.monotonic() < end, f"{what}: {await self._picture()}"
            await asyncio.sleep(0.02)

    async def completed(self) -> bool:
        """Say whether every journey has completed."""
        query = "SELECT count(*) FROM journey_states WHERE current_stage = 'completed'"
        return await rows(self.db, query) == [(len(self.journeys),)]

    async def _picture(self) -> Any:
        tasks = "SELECT task_id, status, owner, due_at, held, error FROM tasks WHERE status <> %s"
        workers = "SELECT worker_id, pid, lease_until - clock_timestamp() FROM workers"
        busy = (
            "SELECT pid, state, now() - xact_start, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND xact_start IS NOT NULL"
        )
        return [
            await rows(self.db, tasks + " LIMIT 9", "completed"),
            await rows(self.db, workers),
            await rows(self.db, busy),
        ]

    def calls(self, *what: str) -> list[dict[str, Any]]:
        """Return what the agents wrote down, in order; a line that a kill cut short is left out."""
        text = self._calls.read_text() if self._calls.exists() else ""
        every = [json.loads(line) for line in text.split("\n")[:-1] if line.endswith("}")]
        return [line for line in every if line["what"] in what]

    async def reckon(self) -> None:
        """Check that nothing was lost and nothing was recorded twice, whatever happened."""
        await self._check_rows()
        await self._check_journals()
        self._check_calls()

    async def _check_rows(self) -> None:
        count = len(self.journeys)
        tasks = await rows(self.db, "SELECT status, retry_count, owner, due_at FROM tasks")
        assert len(tasks) == TASKS * count
        assert {(status, owner, due) for status, _, owner, due in tasks} == {
            ("completed", None, None)
        }
        assert sum(retries for _, retries, _, _ in tasks) == 2 * count
        measured = "SELECT count(*) FROM measurements"
        assert await rows(self.db, measured) == [(2 * count,)], "each outcome counted once"
        assert await rows(self.db, "SELECT 1 FROM wakeups") == []
        assert await rows(self.db, "SELECT DISTINCT status FROM units_of_work") == [("completed",)]

    async def _check_journals(self) -> None:
        async with self.db.connection() as connection:
            chains = await journal.chains(connection, self.journeys)
        for entries in chains.values():
            assert verify(entries) == []
            types = [e.event.type for e in entries]
            moves = [e.event.transition[1] for e in entries if e.event.transition]
            assert moves == ["start_journey", "promote_to_pilot", "mark_complete"]
            assert types.count("unit.completed") == 4
            assert types.count("stage.admitted") == 2

    def _check_calls(self) -> None:
        keys: dict[tuple[str, str, int], set[str]] = defaultdict(set)
        known: set[str] = set()
        for call in self.calls("asked"):
            keys[call["unit"], call["task"], call["retry"]].add(call["key"])
            if not call["poll"]:
                assert call["sent_before"] or call["key"] not in known, "a blind repetition"
                known.add(call["key"])
        assert {len(found) for found in keys.values()} == {1}, "one key for an attempt"
        assert len(keys) == (TASKS + 2) * len(self.journeys), "no attempt too many"


async def open_scene(db: Database, url: str, folder: Path) -> Scene:
    """Return a scene without processes yet."""
    calls = folder / "calls"
    async with db.connection() as connection:
        door = Door(db, await clock.read(connection))
    return Scene(db, door, Nursery(url, calls), calls)
