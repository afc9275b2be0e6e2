"""Tasks a second: journeys of one unit with ten trivial tasks in three layers (3 -> 4 -> 3).

Every fact is durable. Workers are real processes on one embedded PostgreSQL; the floor writes the
same facts with bare sets in the same run. See docs/performance.md.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sojourn.control.door import Door
from sojourn.control.start import Beginning, start_many
from sojourn.core.outcomes import Call, Completed, Outcome
from sojourn.engine.engine import Pace, run_engine
from sojourn.paths import load
from sojourn.store import clock
from sojourn.store.migrate import migrate
from sojourn.store.postgres import Database, open_database

LAYERS = (("a1", "a2", "a3"), ("b1", "b2", "b3", "b4"), ("c1", "c2", "c3"))
TASKS = [t for layer in LAYERS for t in layer]
PER = len(TASKS)
RESULTS = Path(__file__).parent / "results"


def path_text() -> str:
    """Return the path: one unit of ten tasks, then two gates that hold."""
    before: dict[str, tuple[str, ...]] = {}
    for layer, needed in zip(LAYERS, ((), *LAYERS), strict=False):
        before |= dict.fromkeys(layer, needed)
    tasks = "\n".join(
        f"          - {{name: {t}, agent: note, depends_on: [{', '.join(before[t])}]}}"
        for t in TASKS
    )
    open_ = "{criteria: [{fact: go}]}"
    return f"""
name: bench
stages:
  - name: sandbox
    exit: {{criteria: [{{work: required}}]}}
    work:
      - name: unit
        tasks:
{tasks}
  - {{name: pilot, exit: {open_}}}
  - {{name: production, exit: {open_}}}
"""


class Note:
    """The trivial agent: the same small result everywhere."""

    async def send(self, call: Call) -> Outcome:
        """Answer at once."""
        return Completed({"task": call.task_id, "ok": True, "score": 0.93, "by": "agent-7"})

    poll = send

    async def cancel(self, call: Call) -> None:
        """Nothing runs."""


async def worker(url: str) -> None:
    """Run an engine until its standard input closes; print CPU seconds and peak MiB."""
    async with open_database(url, Path()) as db:
        async with db.connection() as connection:
            door = Door(db, await clock.read(connection))
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), stop.set)
        print("ready", flush=True)
        await run_engine(door, Note(), stop, Pace(claim_batch=500, worker_tasks=2000))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024}))


async def measure(url: str, journeys: int, workers: int) -> dict[str, Any]:
    """Start the journeys, let the workers finish them, and count."""
    async with open_database(url, Path()) as db:
        async with db.connection() as connection:
            door = Door(db, await clock.read(connection))
        path = load(path_text(), "bench.yaml")
        begin = await _server_cpu(db)
        began = time.monotonic()
        names = [f"client-{time.time_ns()}-{i}" for i in range(journeys)]
        for first in range(0, journeys, 500):
            some = [Beginning(n, facts={"go": True}) for n in names[first : first + 500]]
            await start_many(door, path, some, "bench")
        started = time.monotonic() - began
        processes = [_spawn(url) for _ in range(workers)]
        for process in processes:
            _line(process)
        began = time.monotonic()
        await _completed(db)
        wall = time.monotonic() - began
        used = [_stop(p) for p in processes]
        server = await _server_cpu(db) - begin
        await _check(db, journeys)
    tasks = journeys * PER
    cpu = sum(u["cpu"] for u in used) + server
    return {
        "workers": workers,
        "journeys": journeys,
        "wall_s": round(wall, 2),
        "start_s": round(started, 2),
        "tasks_per_s": round(tasks / wall),
        "cpu_s_per_1000_tasks": round(cpu * 1000 / tasks, 3),
        "client_cpu_s": round(sum(u["cpu"] for u in used), 2),
        "server_cpu_s": round(server, 2),
        "peak_mib": round(sum(u["mib"] for u in used)),
    }


def _spawn(url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.work", "--child", url]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise RuntimeError("no pipe")
    return process.stdout.readline()


def _stop(process: subprocess.Popen[str]) -> dict[str, float]:
    out, _ = process.communicate()
    used: dict[str, float] = json.loads(out.strip().splitlines()[-1])
    return used


async def _completed(db: Database) -> None:
    while True:
        async with db.connection() as connection:
            row = await (await connection.execute(_QUERY["left"])).fetchone()
        if row is not None and row[0] == 0:
            return
        await asyncio.sleep(0.05)


async def _check(db: Database, journeys: int) -> None:
    async with db.connection() as connection:
        row = await (await connection.execute(_QUERY["facts"])).fetchone()
    expected = (journeys, journeys * PER, journeys * 4)
    if row is None or tuple(row) != expected:
        raise SystemExit(f"facts are missing: {row} instead of {expected}")


_QUERY = {
    "left": "SELECT count(*) FROM journey_states WHERE ended_at IS NULL",
    "facts": """SELECT (SELECT count(*) FROM journey_states WHERE current_stage = 'completed'),
        (SELECT count(*) FROM tasks WHERE status = 'completed' AND output_data->>'ok' = 'true'
            AND completed_at IS NOT NULL),
        (SELECT count(*) FROM journey_events WHERE event IS NOT NULL)""",
    "directory": "SHOW data_directory",
    "truncate": "DROP TABLE IF EXISTS floor_task, floor_history",
    "floor_tables": """CREATE TABLE floor_task(journey int, task text, status text,
            started_at timestamptz, finished_at timestamptz, output jsonb,
            PRIMARY KEY(journey, task)) WITH (fillfactor=50);
        CREATE TABLE floor_history(journey int, seq int, event text, at timestamptz,
            PRIMARY KEY(journey, seq))""",
    "floor_start": """INSERT INTO floor_task SELECT j, t, 'running', now()
        FROM unnest(%s::int[]) j, unnest(%s::text[]) t""",
    "floor_finish": """UPDATE floor_task f SET status='completed', finished_at=now(),
            output='{"ok": true, "score": 0.93, "by": "agent-7"}'
        FROM unnest(%s::int[]) j, unnest(%s::text[]) t WHERE f.journey=j AND f.task=t""",
    "floor_history": """INSERT INTO floor_history SELECT j, s, 'move', now()
        FROM unnest(%s::int[]) j, generate_series(1, 4) s""",
}


async def floor(url: str, journeys: int) -> float:
    """Return tasks a second where the same facts are written in bare sets of 256 journeys."""
    async with open_database(url, Path()) as db, db.connection() as connection:
        await connection.execute(_QUERY["truncate"])
        await connection.execute(_QUERY["floor_tables"])
        began = time.monotonic()
        for first in range(0, journeys, 256):
            some = list(range(first, min(first + 256, journeys)))
            for layer in LAYERS:
                await connection.execute(_QUERY["floor_start"], (some, list(layer)))
                await connection.execute(_QUERY["floor_finish"], (some, list(layer)))
            await connection.execute(_QUERY["floor_history"], (some,))
        return journeys * PER / (time.monotonic() - began)


async def _server_cpu(db: Database) -> float:
    """Return the CPU seconds of PostgreSQL's processes, living and ended."""
    async with db.connection() as connection:
        row = await (await connection.execute(_QUERY["directory"])).fetchone()
    return _family_cpu(int((Path(row[0] if row else "") / "postmaster.pid").read_text().split()[0]))


def _family_cpu(pid: int) -> float:
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True)
    pairs = [line.split() for line in listed.stdout.splitlines()[1:]]
    family = [pid, *(int(p) for p, parent in pairs if int(parent) == pid)]
    return sum(_cpu(p) for p in family)


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _directory() -> Iterator[str]:
    """Yield a directory that PostgreSQL's own account may enter."""
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as directory:
        Path(directory).chmod(0o755)
        yield directory


async def run(journeys: int, counts: list[int]) -> list[dict[str, Any]]:
    """Measure with each number of workers, the floor before and after."""
    rows = []
    with _directory() as directory:
        async with open_database(None, Path(directory) / "data") as db:
            await migrate(db)
            first = await floor(db.dsn, journeys)
            for workers in counts:
                async with db.connection() as connection:
                    await connection.execute("CHECKPOINT")
                rows.append(await measure_fresh(db, journeys, workers))
            level = (first + await floor(db.dsn, journeys)) / 2
    return [
        row | {"floor_tasks_per_s": round(level), "ratio": round(row["tasks_per_s"] / level, 3)}
        for row in rows
    ]


async def measure_fresh(db: Database, journeys: int, workers: int) -> dict[str, Any]:
    """Measure on a database of its own."""
    from psycopg.conninfo import make_conninfo

    name = f"bench_{workers}"
    async with db.connection() as connection:
        await connection.execute(f"CREATE DATABASE {name}".encode())
    url = make_conninfo(db.dsn, dbname=name)
    async with open_database(url, Path()) as own:
        await migrate(own)
    return await measure(url, journeys, workers)


def main(arguments: list[str]) -> None:
    """Print JSON, then a table."""
    parser = argparse.ArgumentParser(prog="benchmarks work", description=__doc__)
    parser.add_argument("--journeys", type=int, default=2000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--child", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        return asyncio.run(worker(given.child))
    rows = asyncio.run(run(given.journeys, given.workers))
    print(json.dumps(rows))
    for row in rows:
        print("  ".join(f"{k} {v}" for k, v in row.items()))
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
