"""The ground that benchmarks stand on: a PostgreSQL of their own, engines, and CPU seconds."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from sojourn.control.door import Door
from sojourn.engine.engine import Pace, run_engine
from sojourn.engine.worker import Bridge
from sojourn.store import clock
from sojourn.store.migrate import migrate
from sojourn.store.postgres import Database, open_database
from sojourn.store.stopping import stopped


@contextmanager
def directory() -> Iterator[Path]:
    """Yield a directory that PostgreSQL's own account may enter."""
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@asynccontextmanager
async def fresh() -> AsyncIterator[Database]:
    """Yield a migrated database on an embedded server of its own."""
    with directory() as folder:
        async with open_database(None, folder / "data") as db:
            await migrate(db)
            yield db


async def another(db: Database, name: str) -> str:
    """Make one more migrated database on the same server; return its connection string."""
    async with db.connection() as connection:
        await connection.execute(f"CREATE DATABASE {name}".encode())
    url = make_conninfo(db.dsn, dbname=name)
    async with open_database(url, Path()) as own:
        await migrate(own)
    return url


async def drop(db: Database, name: str) -> None:
    """Drop a database that was measured on: nothing of it is swept while the next one is."""
    async with db.connection() as connection:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def door_of(db: Database) -> Door:
    """Return a door on the database's own clock."""
    async with db.connection() as connection:
        return Door(db, await clock.read(connection))


@asynccontextmanager
async def engine(door: Door, bridge: Bridge, pace: Pace | None = None) -> AsyncIterator[None]:
    """Run an engine beside what is measured."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(run_engine(door, bridge, stop, pace))
        try:
            yield
        finally:
            stop.set()


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Do something beside what is measured; where it ended by itself, so does the benchmark."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        await stopped(task)
    if not task.cancelled():
        task.result()
        raise RuntimeError("what should have gone on beside what was measured has ended")


async def server_cpu(db: Database) -> float:
    """Return the CPU seconds of PostgreSQL's processes, living and ended."""
    async with db.connection() as connection:
        row = await (await connection.execute(b"SHOW data_directory")).fetchone()
    return _family(int((Path(row[0] if row else "") / "postmaster.pid").read_text().split()[0]))


def _family(pid: int) -> float:
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True)
    pairs = [line.split() for line in listed.stdout.splitlines()[1:]]
    family = [pid, *(int(p) for p, parent in pairs if int(parent) == pid)]
    return sum(map(_cpu, family))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
