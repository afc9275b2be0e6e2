"""The cost of a conductor's tick follows what is due, not what there is; and a sweep of all gates.

So many journeys are active, one in a hundred of them due; each faces ten criteria on measurements.
The floor writes the same state rows with bare sets. The sweep decides on every journey, over thirty
days of daily measurements of ten metrics.
"""

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.ground import door_of, fresh, server_cpu
from benchmarks.report import report
from sojourn.control.door import Door
from sojourn.control.start import start
from sojourn.control.tick import tick
from sojourn.paths import load
from sojourn.store.postgres import Database

METRICS = [f"m{n}" for n in range(10)]
SET = 200
SEED = "seed"

CLONE = b"""
INSERT INTO journey_states
SELECT (jsonb_populate_record(j, jsonb_build_object('journey_id', gen_random_uuid(),
    'client_id', 'client-' || n, 'journey_key', 'key-' || n,
    'due_at', now() + CASE WHEN n %% 100 = 0 THEN interval '-1 s' ELSE interval '1 day' END))).*
FROM journey_states j, generate_series(%(first)s::int, %(last)s::int) n WHERE j.client_id = 'seed'
"""
MEASURE = b"""
INSERT INTO measurements (journey_id, metric, at, source, value)
SELECT journey_id, 'm' || m, now() - d * interval '1 day', 'bench', 0.5
FROM (SELECT journey_id FROM journey_states WHERE client_id <> 'seed' LIMIT %(journeys)s) j,
    generate_series(0, 9) m, generate_series(1, %(days)s::int) d
"""
FLOOR = b"""
UPDATE journey_states SET updated_at = now() WHERE journey_id IN (
    SELECT journey_id FROM journey_states WHERE client_id <> 'seed' ORDER BY journey_id
    OFFSET %(skip)s LIMIT 200)
"""


def path_text() -> str:
    """Return a path whose first gate asks ten metrics, each over thirty days."""
    criteria = ", ".join(
        f"{{metric: {m}, is: '>= 0.9', aggregate: mean, window: 30d, since: journey}}"
        for m in METRICS
    )
    return f"name: bench\nstages: [{{name: sandbox, exit: {{criteria: [{criteria}]}}}}]\n"


async def fill(db: Database, first: int, last: int) -> None:
    """Add journeys like the seed; one in a hundred of them is due."""
    await _alone(db, CLONE, {"first": first, "last": last})


async def _alone(db: Database, query: bytes, params: Mapping[str, Any]) -> None:
    """Write without the checks of foreign keys: a clone has no journal of its own."""
    async with db.connection() as connection:
        await connection.execute(b"SET session_replication_role = replica")
        await connection.execute(query, params)
        await connection.execute(b"SET session_replication_role = origin")
        await connection.execute(b"VACUUM ANALYZE journey_states, measurements")


async def ticks(db: Database, door: Door, active: int, what: str) -> dict[str, Any]:
    """Tick until nothing is due; return what it took, beside the floor of as many rows."""
    before = time.process_time() + await server_cpu(db)
    begun, done, longest = time.monotonic(), 0, 0.0
    while some := await _timed(door):
        done += some[0]
        longest = max(longest, some[1])
    wall = time.monotonic() - begun
    cpu = time.process_time() + await server_cpu(db) - before
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
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
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


async def run(sizes: list[int], sweep: int, days: int) -> list[dict[str, Any]]:
    """Measure ticks at every size, then the sweep."""
    rows = []
    async with fresh() as db:
        door, have = await door_of(db), 0
        await start(door, load(path_text(), "bench.yaml"), SEED, "bench")
        while await tick(door, SET):
            pass
        for size in sorted(sizes):
            await fill(db, have + 1, size)
            rows.append(await ticks(db, door, size, "one in a hundred due"))
            have = size
    async with fresh() as db:
        door = await door_of(db)
        await start(door, load(path_text(), "bench.yaml"), SEED, "bench")
        await fill(db, 1, sweep)
        await _alone(db, MEASURE, {"journeys": sweep, "days": days})
        await _alone(db, b"UPDATE journey_states SET due_at = now()", {})
        rows.append(await ticks(db, door, sweep, f"sweep of ten criteria, {days} days"))
    return rows


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks tick", description=__doc__)
    parser.add_argument("--journeys", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--sweep", type=int, default=5_000, help="journeys of the sweep")
    parser.add_argument("--days", type=int, default=30, help="days of measurements")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    given = parser.parse_args(arguments)
    rows = asyncio.run(run(given.journeys, given.sweep, given.days))
    report("tick", rows, keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
