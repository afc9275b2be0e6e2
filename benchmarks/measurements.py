"""How fast measurements come in, against a bare COPY, and how long windows take to read.

The floor is COPY into a table of the same columns and primary key. Windows are what a decision
reads: the mean or p95 of thirty days (720 samples) and the newest value, of two hundred journeys at
once, spread over all; their rows lie as they came in. `--held 100000000` takes some 25 GB of disk.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from benchmarks.ground import fresh, server_cpu
from benchmarks.report import report
from sojourn.core.criteria import Aggregate
from sojourn.core.judge import Reading
from sojourn.store import measurements
from sojourn.store.postgres import Database
from sojourn.store.prune import prune
from sojourn.store.sets import Connection

SET = 5_000
NOW = datetime(2026, 6, 1, tzinfo=UTC)
METRICS = 10
LIKE = b"""
CREATE TABLE floor_measurements (LIKE measurements INCLUDING DEFAULTS, PRIMARY KEY
    (journey_id, metric, at, source))
"""
COPY = b"COPY floor_measurements (journey_id, metric, at, source, value, n) FROM STDIN"
BYTES = 300
"""Disk space of a measurement while many are poured in: row, index, journal, sorting."""
POUR = b"""
INSERT INTO measurements (journey_id, metric, at, source, value)
SELECT journey_id, 'm' || m, %%(now)s - (%%(nth)s - 0.5) * %%(every)s::interval, 'bench', 0.5
FROM (%s) j, generate_series(0, %d) m
"""
HOURS = 24 * 30
MANY = b"SELECT lpad(to_hex(j), 32, '0')::uuid AS journey_id FROM generate_series(1, %d) j"
ASKED = 200
BARE = 10_000
UNLOGGED = 10_000_000
"""More rows than so many are poured in without their journal, and only read."""
ENDED = b"""
INSERT INTO journey_states (journey_id, client_id, current_stage, started_at, stage_started_at,
    journey_key, path_id, path_name, ball_with, schedule, seq, hash, stage_seq, ended_at)
SELECT lpad(to_hex(j), 32, '0')::uuid, 'client-' || j, 'completed', '2026-01-01', '2026-01-01',
    'key-' || j, 1, 'bench', 'nobody', 'on_track', 1, '', 1, '2026-02-01'
FROM generate_series(%(first)s::int, %(last)s::int) j
"""
KEY = b"measurements_pkey"
OWNER = b"measurements_journey_id_fkey"


def rows(first: int, count: int) -> Iterator[tuple[UUID, str, datetime, str, float, int]]:
    """Yield measurements as they come: of many journeys, one minute apart."""
    for n in range(first, first + count):
        at = NOW + timedelta(minutes=n // 1000)
        yield UUID(int=n % 100 + 1), f"m{n // 100 % METRICS}", at, "bench", n / 7, 1


async def ingest(db: Database, count: int) -> dict[str, Any]:
    """Return how many rows a second come in through the store, and by COPY."""
    names = ("journey_id", "metric", "at", "source", "value", "n")
    async with db.connection() as connection:
        await connection.execute(LIKE)
        begun, new = time.monotonic(), 0
        for first in range(0, count, SET):
            some = [dict(zip(names, row, strict=True)) for row in rows(first, SET)]
            new += await measurements.insert(connection, some)
        ours = time.monotonic() - begun
        begun = time.monotonic()
        for first in range(0, count, SET):
            async with connection.cursor().copy(COPY) as copy:
                for row in rows(first, SET):
                    await copy.write_row(row)
        floor = time.monotonic() - begun
    if new != count:
        raise SystemExit(f"{new} of {count} measurements are new")
    per = {"rows_per_s": round(count / ours), "floor_per_s": round(count / floor)}
    return {"what": f"ingest in sets of {SET:,}", **per, "ratio": round(floor / ours, 2)}


async def pour(
    db: Database,
    of: bytes,
    times: int,
    every: str,
    now: datetime | None = None,
    *,
    logged: bool = True,
) -> int:
    """Add measurements of all metrics of the journeys that ``of`` selects; return how many.

    They lie in the table as they come in, in order of time; their index is made afterwards.
    ``logged=False`` spares their journal, where they are only read.
    """
    held = 0
    async with db.connection() as connection:
        await connection.execute(b"SET session_replication_role = replica")
        await connection.execute(b"SET maintenance_work_mem = '1GB'")
        key = await _definition(connection)
        await connection.execute(b"ALTER TABLE measurements DROP CONSTRAINT " + KEY)
        if not logged:
            await connection.execute(b"ALTER TABLE measurements SET UNLOGGED")
        for nth in range(times, 0, -1):
            said = {"now": now or datetime.now(UTC), "nth": nth, "every": every}
            held += (await connection.execute(POUR % (of, METRICS - 1), said)).rowcount
        await connection.execute(b"ALTER TABLE measurements ADD CONSTRAINT " + KEY + b" " + key)
        await connection.execute(b"VACUUM ANALYZE measurements")
        await connection.execute(b"SET session_replication_role = origin")
    return held


async def _definition(connection: Connection) -> bytes:
    query = b"SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s"
    row = await (await connection.execute(query, [KEY.decode()])).fetchone()
    return str(row[0] if row else "").encode()


async def windows(db: Database, held: int) -> list[dict[str, Any]]:
    """Return how long windows of two hundred journeys take among so many rows."""
    journeys = max(held // METRICS // HOURS, ASKED)
    begun = time.monotonic()
    held = await pour(db, MANY % journeys, HOURS, "1 hour", NOW, logged=held <= UNLOGGED)
    found = [{"what": f"{held:,} poured in, indexed", "wall_s": round(time.monotonic() - begun)}]
    for name, brief, aggregate in (
        ("mean of 30 days", False, Aggregate.MEAN),
        ("p95 of 30 days", False, Aggregate.P95),
        ("newest value", True, Aggregate.LATEST),
    ):
        some = range(1, journeys, journeys // ASKED)[:ASKED]
        wanted = [_reading(n, aggregate, brief=brief) for n in some]
        took = [await _observed(db, wanted) for _ in range(6)]
        each = {"first_ms_each": took[0], "ms_each": min(took[1:])}
        told = f"{name}, among {held:,}"
        found.append({"what": told} | {k: round(v / ASKED, 3) for k, v in each.items()})
    return found


async def _observed(db: Database, wanted: list[Reading]) -> float:
    async with db.sets.connection() as connection:
        begun = time.monotonic()
        seen = await measurements.observe(connection, wanted)
        wall = (time.monotonic() - begun) * 1000
    if {s["key"].n for s in seen.values()} - {1, HOURS, HOURS + 1}:
        raise SystemExit("a window has not seen what it should")
    return wall


def _reading(n: int, aggregate: Aggregate, *, brief: bool) -> Reading:
    since = NOW - timedelta(days=30)
    return Reading(UUID(int=n), "key", "m3", aggregate, since, NOW, brief=brief)


async def retention(db: Database, held: int) -> dict[str, Any]:
    """Return what forgetting costs: of every tenth journey, beside many that have none left."""
    journeys = max(held // METRICS // HOURS, ASKED)
    async with db.connection() as connection:
        await connection.execute(b"SET session_replication_role = replica")
        await connection.execute(ENDED, {"first": 1, "last": journeys // 10})
        await connection.execute(ENDED, {"first": 10**8, "last": 10**8 + BARE})
        await connection.execute(b"SET session_replication_role = origin")
        await connection.execute(b"ANALYZE journey_states")
    before, begun = await server_cpu(db), time.monotonic()
    gone = (await prune(db, NOW))["measurements"]
    wall, cpu = time.monotonic() - begun, await server_cpu(db) - before
    return {
        "what": f"forgetting {gone:,}, {BARE:,} journeys have none left",
        "rows_per_s": round(gone / wall),
        "server_cpu_us_each": round(cpu * 1e6 / max(gone, 1), 1),
    }


async def run(count: int, held: int) -> list[dict[str, Any]]:
    """Measure both."""
    async with fresh() as db:
        async with db.connection() as connection:
            # Foreign keys are left out on both sides: there are no journeys here.
            await connection.execute(b"ALTER TABLE measurements DROP CONSTRAINT " + OWNER)
        found = [await ingest(db, count), *await windows(db, held)]
        if held <= UNLOGGED:
            found.append(await retention(db, held))
        return found


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks measurements", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows that come in")
    parser.add_argument("--held", type=int, default=2_000_000, help="rows that windows are among")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    given = parser.parse_args(arguments)
    report("measurements", asyncio.run(run(given.rows, given.held)), keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
