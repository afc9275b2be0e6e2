"""How fast measurements come in, against a bare COPY, and how long windows take to read.

The floor is COPY into a table of the same columns and primary key. Windows are what a decision
reads: the mean of thirty days and the newest value, of two hundred journeys at once.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from benchmarks.ground import fresh
from benchmarks.report import report
from sojourn.core.criteria import Aggregate
from sojourn.core.judge import Reading
from sojourn.store import measurements
from sojourn.store.postgres import Database

SET = 5_000
NOW = datetime(2026, 6, 1, tzinfo=UTC)
METRICS = 10
LIKE = b"""
CREATE TABLE floor_measurements (LIKE measurements INCLUDING DEFAULTS, PRIMARY KEY
    (journey_id, metric, at, source))
"""
COPY = b"COPY floor_measurements (journey_id, metric, at, source, value, n) FROM STDIN"
FILL = b"""
INSERT INTO measurements (journey_id, metric, at, source, value)
SELECT lpad(to_hex(j), 32, '0')::uuid, 'm' || m, %(now)s - d * interval '1 hour', 'fill', d
FROM generate_series(1, %(journeys)s::int) j, generate_series(0, 9) m,
    generate_series(1, %(each)s::int) d
"""


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


async def windows(db: Database, held: int) -> list[dict[str, Any]]:
    """Return how long windows of two hundred journeys take among so many rows."""
    each = 24 * 30
    journeys = max(held // METRICS // each, 200)
    found = []
    async with db.connection() as connection:
        await connection.execute(b"SET session_replication_role = replica")
        await connection.execute(FILL, {"journeys": journeys, "each": each, "now": NOW})
        await connection.execute(b"VACUUM ANALYZE measurements")
    async with db.sets.connection() as connection:
        for name, brief, aggregate in (
            ("mean of 30 days", False, Aggregate.MEAN),
            ("newest value", True, Aggregate.LATEST),
        ):
            wanted = [_reading(n, aggregate, brief=brief) for n in range(1, 201)]
            await measurements.observe(connection, wanted)
            begun = time.monotonic()
            for _ in range(5):
                await measurements.observe(connection, wanted)
            wall = (time.monotonic() - begun) / 5
            told = f"{name}, among {journeys * METRICS * each:,}"
            found.append({"what": told, "ms_each": round(wall * 1000 / 200, 3)})
    return found


def _reading(n: int, aggregate: Aggregate, *, brief: bool) -> Reading:
    since = NOW - timedelta(days=30)
    return Reading(UUID(int=n), "key", "m3", aggregate, since, NOW, brief=brief)


async def run(count: int, held: int) -> list[dict[str, Any]]:
    """Measure both."""
    async with fresh() as db:
        async with db.connection() as connection:
            # Foreign keys are left out on both sides: there are no journeys here.
            await connection.execute(b"ALTER TABLE measurements DROP CONSTRAINT %s" % KEY)
        return [await ingest(db, count), *await windows(db, held)]


KEY = b"measurements_journey_id_fkey"


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
