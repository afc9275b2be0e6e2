"""Tasks a second: journeys of one unit with ten trivial tasks in three layers (3 -> 4 -> 3).

Every fact is durable. Workers are real processes on one embedded PostgreSQL; the floor writes the
same facts with bare sets in the same run. See docs/performance.md.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.ground import another, door_of, drop, fresh, server_cpu
from benchmarks.report import report
from sojourn.control.start import Beginning, start_many
from sojourn.core.outcomes import Call, Completed, Outcome
from sojourn.engine.engine import Pace, run_engine
from sojourn.engine.worker import Bridge
from sojourn.paths import load
from sojourn.store.postgres import Database, open_database

LAYERS = (("a1", "a2", "a3"), ("b1", "b2", "b3", "b4"), ("c1", "c2", "c3"))
TASKS = [t for layer in LAYERS for t in layer]
PER = len(TASKS)


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


async def worker(url: str, agent: Bridge | None = None) -> None:
    """Run an engine until its standard input closes; print CPU seconds of the work and peak MiB."""
    async with open_database(url, Path()) as db:
        door = await door_of(db)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
        before = time.process_time()
        print("ready", flush=True)
        await run_engine(door, agent or Note(), stop, Pace(claim_batch=500, worker_tasks=2000))
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": time.process_time() - before, "mib": mib}))


async def measure(
    url: str, journeys: int, workers: int, start: Callable[[str], subprocess.Popen[str]]
) -> dict[str, Any]:
    """Start the journeys, let the workers finish them, and count."""
    async with open_database(url, Path()) as db:
        begun = await _start(db, journeys)
        processes = [start(url) for _ in range(workers)]
        for process in processes:
            line_of(process)
        server, began = await server_cpu(db), time.monotonic()
        await _completed(db)
        wall = time.monotonic() - began
        used = [stop(p) for p in processes]
        server = await server_cpu(db) - server
        await _check(db, journeys)
    thousands = journeys * PER / 1000
    client = sum(u["cpu"] for u in used)
    return {
        "workers": workers,
        "journeys": journeys,
        "tasks_per_s": round(journeys * PER / wall),
        "cpu_s_per_1000_tasks": round((client + server) / thousands, 3),
        "worker_cpu": round(client / thousands, 3),
        "server_cpu": round(server / thousands, 3),
        "start_cpu": round(begun / thousands, 3),
        "peak_mib": round(sum(u["mib"] for u in used)),
    }


async def _start(db: Database, journeys: int) -> float:
    """Start journeys in sets; return the CPU seconds of this process and the server."""
    door, path = await door_of(db), load(path_text(), "bench.yaml")
    before = time.process_time() + await server_cpu(db)
    names = [f"client-{time.time_ns()}-{i}" for i in range(journeys)]
    for first in range(0, journeys, 500):
        some = [Beginning(n, facts={"go": True}) for n in names[first : first + 500]]
        await start_many(door, path, some, "bench")
    return time.process_time() + await server_cpu(db) - before


def spawn(url: str) -> subprocess.Popen[str]:
    """Start a worker of its own process; it says a line when it is ready."""
    return child("benchmarks.work", "--child", url)


def child(module: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a module as a process that ends when its standard input closes."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


def line_of(process: subprocess.Popen[str]) -> str:
    """Wait for a line of a worker."""
    if process.stdout is None:
        raise RuntimeError("no pipe")
    return process.stdout.readline()


def stop(process: subprocess.Popen[str]) -> dict[str, float]:
    """Stop a worker; return the CPU seconds and MiB that it has used."""
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
    "left": "SELECT count(*) FROM (SELECT FROM journey_states WHERE ended_at IS NULL LIMIT 1) x",
    "facts": """SELECT (SELECT count(*) FROM journey_states WHERE current_stage = 'completed'),
        (SELECT count(*) FROM tasks WHERE status = 'completed' AND output_data->>'ok' = 'true'
            AND completed_at IS NOT NULL),
        (SELECT count(*) FROM journey_events WHERE event IS NOT NULL)""",
    "forget": "DROP TABLE floor_task, floor_history",
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
    """Return tasks a second where the same facts are written in bare sets of 256 journeys.

    Nothing is left behind that autovacuum would sweep while something else is measured.
    """
    async with open_database(url, Path()) as db, db.connection() as connection:
        await connection.execute(_QUERY["floor_tables"])
        began = time.monotonic()
        for first in range(0, journeys, 256):
            some = list(range(first, min(first + 256, journeys)))
            for layer in LAYERS:
                await connection.execute(_QUERY["floor_start"], (some, list(layer)))
                await connection.execute(_QUERY["floor_finish"], (some, list(layer)))
            await connection.execute(_QUERY["floor_history"], (some,))
        took = time.monotonic() - began
        await connection.execute(_QUERY["forget"])
        return journeys * PER / took


async def run(journeys: int, counts: list[int], times: int) -> list[dict[str, Any]]:
    """Measure with each number of workers, several times, the floor before and after each."""
    rows = []
    async with fresh() as db:
        for nth in range(times):
            for workers in counts:
                name = f"bench_{workers}_{nth}"
                url = await another(db, name)
                before = await floor(db.dsn, journeys)
                row = await measure(url, journeys, workers, spawn)
                await drop(db, name)
                level = (before + await floor(db.dsn, journeys)) / 2
                ratio = round(row["tasks_per_s"] / level, 3)
                rows.append(row | {"floor_tasks_per_s": round(level), "ratio": ratio})
    return rows


def main(arguments: list[str]) -> None:
    """Print JSON, then a table."""
    parser = argparse.ArgumentParser(prog="benchmarks work", description=__doc__)
    parser.add_argument("--journeys", type=int, default=2000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--times", type=int, default=1, help="measure each several times")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    parser.add_argument("--child", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        return asyncio.run(worker(given.child))
    rows = asyncio.run(run(given.journeys, given.workers, given.times))
    report("work", rows, keep=not given.forget)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
