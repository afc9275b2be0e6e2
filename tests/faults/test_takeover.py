"""At default settings others have a lost worker's tasks within 20 seconds, killed or frozen."""

import asyncio
import signal
import time
from pathlib import Path

from sojourn.control import start
from sojourn.control.door import Door
from sojourn.paths import load
from sojourn.settings import Settings
from sojourn.store import clock
from sojourn.store.postgres import Database
from tests.doors import rows
from tests.faults import oracle
from tests.faults.fleet import Fleet

EACH = 8
"""Tasks of a journey, which are as many as a worker may have under way: each has one journey."""
PATH = load(
    """
name: long
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }] }
    work:
      - name: w
        tasks:
          - { name: t, agent: callable, for_each: "${facts.items}", input: { nap: 600 }, timeout: 1h }
"""
)
WITHIN = 20.0
SLACK = 15.0
"""What a busy machine may add; an idle one adds nothing."""
RUNNING = "SELECT count(*), count(DISTINCT owner) FROM tasks WHERE status = 'running' AND owner"
KNOWN = f"{RUNNING} IN (SELECT worker_id FROM workers WHERE pid = ANY(%s))"


async def until(db: Database, tasks: int, pids: list[int], limit: float) -> float:
    """Wait until these processes have so many tasks; return how many seconds it took."""
    begun = time.monotonic()
    while (await rows(db, KNOWN, pids))[0][0] != tasks:
        assert time.monotonic() - begun < limit, await rows(db, KNOWN, pids)
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def test_tasks_of_the_dead_and_of_the_frozen_are_taken_over_in_time(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    await rows(db, oracle.WATCH)
    async with db.connection() as connection:
        door = Door(db, await clock.read(connection))
    fleet = Fleet(tmp_path)
    lease = str(Settings.model_fields["lease_seconds"].default)
    fleet.settings = {"SOJOURN_LEASE_SECONDS": lease, "SOJOURN_WORKER_TASKS": str(EACH)}
    await fleet.open(database_url, web=False)
    try:
        for name in ("one", "two"):
            pid = await fleet.spawn_worker()
            await start(door, PATH, name, "ann", facts={"items": list(range(EACH))})
            await until(db, EACH, [pid], 60)
        dead, frozen = fleet.workers
        others = [await fleet.spawn_worker(), await fleet.spawn_worker()]
        fleet.freeze(frozen)
        await fleet.end(dead, signal.SIGKILL)
        took = await until(db, 2 * EACH, others, WITHIN + SLACK)
        print(f"taken over within {took:.1f} s")
        fleet.thaw(frozen)
        await until(db, 2 * EACH, [*others, frozen], WITHIN)
        changes = [oracle.Change(*r) for r in await rows(db, oracle.CHANGES)]
        assert list(oracle.attempts(changes)) == []
        assert sum(c.claims for c in changes) == 4 * EACH, "each was taken over once"
    finally:
        await fleet.close()
