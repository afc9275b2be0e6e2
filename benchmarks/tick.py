"""The cost of a conductor's tick follows what is due, not what there is; and a sweep of all gates.

So many journeys are active, one in a hundred of them due; each faces ten criteria. They are looked
at twice: the first look finds a gate not tried before and keeps it, the second finds it unchanged.
The floor writes the same state rows with bare sets. The sweep decides on every journey at once,
over a month of measurements: one a day of each metric and journey, as they would have come in.
"""

import argparse
import asyncio
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.ground import door_of, fresh, server_cpu
from benchmarks.measurements import BYTES, METRICS, pour
from benchmarks.report import report
from sojourn.control.door import Door
from sojourn.control.start import start
from sojourn.control.tick import next_look, tick
from sojourn.paths import load
from sojourn.store.postgres import Database, open_database

SET = 200
SEED = "seed"
PER_JOURNEY = 5_000
"""Bytes of a journey with its indexes, its journal and the second version of its row, at most."""

CLONE = b"""
INSERT INTO journey_states SELECT r.* FROM journey_states j,
    generate_series(%(first)s::int, %(last)s::int) n,
    LATERAL jsonb_populate_record(j, jsonb_build_object('journey_id', gen_random_uuid(),
        'client_id', 'client-' || n, 'journey_key', 'key-' || n,
        'started_at', now() - interval '40 days', 'stage_started_at', now() - interval '40 days',
        'due_at', now() + CASE WHEN n %% 100 = 0 THEN interval '-1 s' ELSE interval '1 day' END)) r
WHERE j.client_id = 'seed'
"""
AGAIN = b"UPDATE journey_states SET due_at = now() WHERE client_id LIKE '%00'"
ALL = b"UPDATE journey_states SET due_at = now() WHERE client_id <> 'seed'"
SWEPT = b"VACUUM ANALYZE journey_states"
OF = b"SELECT journey_id FROM journey_states WHERE client_id <> 'seed'"
SEEN = b"""
SELECT count(*), min(n), max(n) FROM journey_states j, LATERAL (
    SELECT sum((c->>'n')::int) AS n FROM validation_results v, jsonb_array_elements(v.checks) c
    WHERE v.journey_id = j.journey_id) x WHERE client_id <> 'seed' AND n IS NOT NULL
"""
FLOOR = b"""
UPDATE journey_states SET updated_at = now() WHERE journey_id IN (
    SELECT journey_id FROM journey_states WHERE client_id <> 'seed' ORDER BY journey_id
    OFFSET %(skip)s LIMIT 200)
"""


def path_text() -> str:
    """Return a path whose first gate asks ten metrics, each over thirty days."""
    criteria = ", ".join(
        f"{{metric: m{m}, is: '>= 0.9', aggregate: mean, window: 30d, since: journey}}"
        for m in range(METRICS)
    )
    return f"name: bench\nstages: [{{name: sandbox, exit: {{criteria: [{criteria}]}}}}]\n"


async def fill(db: Database, first: int, last: int) -> None:
    """Add journeys like the seed; one in a hundred of them is due.

    Without the checks of foreign keys: a clone has no journal of its own.
    """
    async with db.connection() as connection:
        await connection.execute(b"SET session_replication_role = replica")
        await connection.execute(CLONE, {"first": first, "last": last})
        await connection.execute(b"SET session_replication_role = origin")
        await connection.execute(SWEPT)


async def ticks(db: Database, door: Door, active: int, what: str) -> dict[str, Any]:
    """Tick until nothing is due; return what it took, beside the floor of as many rows."""
    before = time.process_time() + await server_cpu(db)
    begun, done, longest = time.monotonic(), 0, 0.0
    while some := await _timed(door):
        done += some[0]
        longest = max(longest, some[1])
    wall = time.monotonic() - begun
    cpu = time.process_time() + await server_cpu(db) - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return await _line(db, what, active, done, (wall, cpu, longest, peak))


async def _line(
    db: Database, what: str, active: int, done: int, took: tuple[float, float, float, float]
) -> dict[str, Any]:
    wall, cpu, longest, peak = took
    level = await floor(db, done) / max(done, 1)
    return {
        "what": what,
        "active": active,
        "decided": done,
        "wall_s": round(wall, 2),
        "ms_each": round(wall * 1000 / max(done, 1), 3),
        "cpu_ms_each": round(cpu * 1000 / max(done, 1), 3),
        "longest_tick_ms": round(longest * 1000),
        "floor_ms_each": round(level * 1000, 4),
        "ratio": round(wall / max(done, 1) / level, 1),
        "peak_mib": round(peak),
    }


async def _timed(door: Door) -> tuple[int, float] | None:
    begun = time.monotonic()
    done = await tick(door, SET)
    return (done, time.monotonic() - begun) if done else None


async def floor(db: Database, rows: int) -> float:
    """Return how long so many rows take in bare sets."""
    begun = time.monotonic()
    async with db.connection() as connection:
        for skip in range(0, min(rows, 1000), SET):
            await connection.execute(FLOOR, {"skip": skip})
    return (time.monotonic() - begun) * max(rows / 1000, 1)


async def conduct(url: str) -> None:
    """Decide until nothing is due, once the standard input says so; print what that took."""
    async with open_database(url, Path()) as db:
        door, done, longest = await door_of(db), 0, 0.0
        await next_look(door)
        print("ready", flush=True)
        sys.stdin.readline()
        before = time.process_time()
        while await next_look(door) <= 0:
            if some := await _timed(door):
                done += some[0]
                longest = max(longest, some[1])
            else:
                await asyncio.sleep(0.02)
        cpu = time.process_time() - before
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"done": done, "cpu": cpu, "longest": longest, "mib": mib}))


async def sweep(db: Database, active: int, conductors: int, what: str) -> dict[str, Any]:
    """Make every journey due and let so many conductors decide, each a process of its own."""
    async with db.connection() as connection:
        await connection.execute(ALL)
        await connection.execute(SWEPT)
        await connection.execute(b"CHECKPOINT")
    some = [_spawn(db.dsn) for _ in range(conductors)]
    server, begun = await server_cpu(db), time.monotonic()
    for process in some:
        if process.stdin:
            print("go", file=process.stdin, flush=True)
    told = [json.loads(p.stdout.readline()) for p in some if p.stdout]
    wall, server = time.monotonic() - begun, await server_cpu(db) - server
    for process in some:
        process.communicate()
    cpu = server + sum(t["cpu"] for t in told)
    longest, peak = max(t["longest"] for t in told), max(t["mib"] for t in told)
    took = wall, cpu, longest, peak
    line = await _line(db, what, active, sum(t["done"] for t in told), took)
    return line | {"server_cpu_ms": round(server * 1000 / active, 3)}


def _spawn(url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.tick", "--child", url]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    if process.stdout:
        process.stdout.readline()
    return process


async def run_ticks(sizes: list[int]) -> list[dict[str, Any]]:
    """Measure ticks at every size."""
    rows = []
    async with fresh() as db:
        door, have = await _seeded(db), 0
        for size in sorted(sizes):
            await fill(db, have + 1, size)
            rows.append(await ticks(db, door, size, "one in a hundred due"))
            async with db.connection() as connection:
                await connection.execute(AGAIN)
                await connection.execute(SWEPT)
            rows.append(await ticks(db, door, size, "the same once more"))
            have = size
    return rows


async def run_sweep(size: int, days: int, conductors: int) -> list[dict[str, Any]]:
    """Measure a sweep of all gates, and another that finds them unchanged."""
    async with fresh() as db:
        await _seeded(db)
        await fill(db, 1, size)
        held = await pour(db, OF, days, "1 day")
        told = f"sweep, {held:,} measurements, {conductors} conductors"
        rows = [await sweep(db, size, conductors, told)]
        print(json.dumps(rows[0]), file=sys.stderr, flush=True)
        await _honest(db, size, days * METRICS)
        return [*rows, await sweep(db, size, conductors, "the same once more")]


async def _seeded(db: Database) -> Door:
    door = await door_of(db)
    await start(door, load(path_text(), "bench.yaml"), SEED, "bench")
    while await tick(door, SET):
        pass
    return door


async def _honest(db: Database, size: int, samples: int) -> None:
    """Refuse figures of a sweep that has not seen every measurement."""
    async with db.connection() as connection:
        row = await (await connection.execute(SEEN)).fetchone()
    if row is None or tuple(row) != (size, samples, samples):
        raise SystemExit(f"gates have seen {row} instead of {(size, samples, samples)}")


def fitting(sizes: Mapping[str, int]) -> None:
    """Refuse sizes that would fill the disk beyond seven tenths."""
    disk = shutil.disk_usage(tempfile.gettempdir())
    for what, needed in sizes.items():
        if disk.used + needed > 0.7 * (disk.used + disk.free):
            raise SystemExit(f"{what} need {needed / 1e9:.0f} GB; ask for fewer")


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks tick", description=__doc__)
    sizes = [1_000, 10_000, 100_000, 1_000_000]
    parser.add_argument("--journeys", type=int, nargs="*", default=sizes)
    parser.add_argument("--sweep", type=int, default=100_000, help="journeys of the sweep")
    parser.add_argument("--days", type=int, default=30, help="days of measurements, one a day")
    parser.add_argument("--conductors", type=int, default=2, help="processes that sweep")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    parser.add_argument("--child", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        return asyncio.run(conduct(given.child))
    held = given.sweep * given.days * METRICS
    fitting(
        {
            "so many journeys": max(given.journeys, default=0) * PER_JOURNEY,
            "so many measurements": held * BYTES + given.sweep * 2 * PER_JOURNEY,
        }
    )
    rows = asyncio.run(run_ticks(given.journeys)) if given.journeys else []
    if given.sweep:
        rows += asyncio.run(run_sweep(given.sweep, given.days, given.conductors))
    report("tick", rows, keep=not given.forget)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
