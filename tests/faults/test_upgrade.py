"""A new version brings its schema while the one before is at work: nothing is lost, both go on.

The version before has workers and people of its own, with the code and the schema of its time.
"""

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from sojourn.control.door import Door
from sojourn.store import clock
from sojourn.store.migrate import MIGRATIONS, find_migrations, migrate
from sojourn.store.postgres import Database, open_database
from tests.doors import rows
from tests.faults import oracle
from tests.faults.before import go_on
from tests.faults.fleet import ROOT, Fleet
from tests.faults.orders import Orders
from tests.faults.rest import rest
from tests.faults.test_storm import fresh
from tests.faults.versions import NoHistory, Version, of_schema_before

SECONDS = 4.5
WIDTH = 8


@pytest.fixture
def before(tmp_path: Path) -> Version:
    """The version before the newest migration; where it cannot be had, it says why."""
    try:
        return of_schema_before(tmp_path / "before")
    except NoHistory as why:
        pytest.skip(f"no version with the schema before: {why}")


async def test_the_schema_is_brought_up_to_date_while_the_version_before_is_at_work(
    empty_database_url: str, tmp_path: Path, before: Version
) -> None:
    url, seed = empty_database_url, fresh()
    fleet = Fleet(tmp_path)
    fleet.previous = before
    async with open_database(url, Path()) as db:
        door = await old(db, before)
        try:
            await fleet.open(url)
            veterans = [await fleet.spawn_other() for _ in range(2)]
            await until(db, "SELECT count(*) = 2 FROM workers")
            people = asyncio.create_task(keep(before, url, seed))
            await until(db, "SELECT count(*) > 20 FROM task_log")
            await fleet.spawn_worker()  # which migrates, as the first of a deploy does
            await until(db, f"SELECT count(*) = {newest()} FROM schema_migrations")
            since = await rows(db, "SELECT coalesce(max(log_id), 0) FROM task_log")
            kept = await people
            worked = "SELECT count(*) > 0 FROM task_log l JOIN workers w ON l.new_owner = worker_id"
            await until(db, f"{worked} WHERE pid = ANY(%s) AND log_id > %s", veterans, since[0][0])
            await refused(fleet)
            for pid in veterans:
                assert await fleet.end(pid, signal.SIGTERM) == 0
            orders = Orders(random.Random(seed), door)
            go_on(orders, kept)
            await fleet.spawn_worker()
            await orders.keep(1, WIDTH)
            await rest(orders, fleet, seconds=60)
        finally:
            await fleet.close()
        assert len(kept["told"]) > 5, "people were at work"
        found = await oracle.judge(door, tmp_path, orders.told, orders.cancelled, hooks=False)
        assert found == []


async def refused(fleet: Fleet) -> None:
    """One of the version before that begins now is told why it cannot."""
    late = await fleet.spawn_other()
    assert await fleet.others[late].wait() != 0
    await fleet.end(late)
    assert "a newer version has used it. Upgrade this one" in fleet.log()
    assert "Traceback" not in fleet.log()


async def old(db: Database, before: Version) -> Door:
    """Make the database as the version before has it."""
    done = await migrate(db, before.migrations)
    assert done[-1] == newest() - 1
    await rows(db, oracle.WATCH)
    async with db.connection() as connection:
        return Door(db, await clock.read(connection, 60))


def newest() -> int:
    return find_migrations(MIGRATIONS)[-1].version


async def keep(before: Version, url: str, seed: int) -> dict[str, Any]:
    """Let people of the version before be at work; return what they were told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.before", url, str(seed), str(SECONDS), str(WIDTH)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{before.source}{os.pathsep}{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    kept: dict[str, Any] = json.loads(said)
    return kept


async def until(db: Database, query: str, *arguments: object) -> None:
    """Wait until a query says yes."""
    async with asyncio.timeout(40):
        while not (await rows(db, query, *arguments))[0][0]:
            await asyncio.sleep(0.02)
