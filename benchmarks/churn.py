"""Dead rows stay bounded under churn: what is rewritten all the time, sampled while work is done.

The load is that of the work benchmark, for so many seconds: journeys of ten tasks are started as
fast as two workers finish them. Every few seconds the statistics of the tables say how many rows
are dead, how many updates stayed on their page (HOT), and how large tables and indexes are. The
floor is the size of the same rows, written once and packed (VACUUM FULL).
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.ground import door_of, fresh, meanwhile
from benchmarks.report import report
from benchmarks.work import line_of, path_text, spawn, stop
from sojourn.control.door import Door
from sojourn.control.start import Beginning, start_many
from sojourn.paths import load
from sojourn.store.postgres import Database

SET = 250
BACKLOG = 1_000
"""Journeys under way at once, at most: so many rows change, all others only lie there."""
STATISTICS = b"""
SELECT s.relname AS table, n_live_tup AS live, n_dead_tup AS dead, n_tup_ins AS inserts,
       n_tup_upd AS updates, n_tup_hot_upd AS hot, n_tup_del AS deletes,
       autovacuum_count AS vacuums, pg_table_size(s.relid) AS heap, pg_indexes_size(s.relid) AS idx
FROM pg_stat_user_tables s WHERE n_tup_upd + n_tup_del > 0
"""
ACTIVE = b"SELECT count(*) FROM (SELECT FROM journey_states WHERE ended_at IS NULL LIMIT 2000) x"
DONE = b"SELECT count(*) FROM tasks WHERE status = 'completed'"
Sample = dict[str, dict[str, Any]]


async def run(seconds: float, every: float, workers: int) -> list[dict[str, Any]]:
    """Let work be done for so long; return a row for all tables together and one for each."""
    async with fresh() as db:
        processes = [spawn(db.dsn) for _ in range(workers)]
        for process in processes:
            line_of(process)
        begun = time.monotonic()
        samples = await _sampled(db, seconds, every)
        for process in processes:
            stop(process)
        wall = time.monotonic() - begun
        samples.append(await _sample(db))
        tasks = await _count(db, DONE)
        await _packed(db, samples[-1])
        return summary(samples, tasks, wall, await _sample(db))


async def _sampled(db: Database, seconds: float, every: float) -> list[Sample]:
    samples: list[Sample] = []
    async with meanwhile(_feed(db, await door_of(db))) as load_:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not load_.done():
            await asyncio.sleep(every)
            samples.append(await _sample(db))
    return samples


async def _feed(db: Database, door: Door) -> None:
    path, nth = load(path_text(), "bench.yaml"), 0
    while True:
        if await _count(db, ACTIVE) > BACKLOG - SET:
            await asyncio.sleep(0.02)
            continue
        some = [Beginning(f"client-{nth + n}", facts={"go": True}) for n in range(SET)]
        nth += SET
        await start_many(door, path, some, "bench")


async def _count(db: Database, query: bytes) -> int:
    async with db.connection() as connection:
        row = await (await connection.execute(query)).fetchone()
    return int(row[0]) if row else 0


async def _sample(db: Database) -> Sample:
    async with db.connection() as connection:
        cursor = await connection.execute(STATISTICS)
        names = [c.name for c in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
    return {str(row["table"]): row for row in found}


async def _packed(db: Database, tables: Sample) -> None:
    async with db.connection() as connection:
        for name in tables:
            await connection.execute(f"VACUUM (FULL) {name}".encode())


def summary(
    samples: Sequence[Sample], tasks: int, wall: float, packed: Sample
) -> list[dict[str, Any]]:
    """Return a row for each table that changes, the most often changed first, after one for all."""
    last = samples[-1]
    names = sorted(last, key=lambda n: -int(last[n]["updates"] + last[n]["deletes"]))
    rows = [_row(name, samples, tasks, packed[name]) for name in names]
    return [
        {
            "table": f"all, {tasks:,} tasks in {wall:.0f} s",
            "tasks_per_s": round(tasks / wall),
            **_sizes(list(last.values()), list(packed.values()), tasks),
        },
        *rows,
    ]


def _row(name: str, samples: Sequence[Sample], tasks: int, packed: Any) -> dict[str, Any]:
    seen = [s[name] for s in samples if name in s]
    last, half = seen[-1], len(seen) // 2
    peak = max(row["dead"] for row in seen)
    late = seen[half:]
    return {
        "table": name,
        "live": last["live"],
        "updates": last["updates"],
        "hot_share": round(last["hot"] / last["updates"], 3) if last["updates"] else None,
        "dead_peak": peak,
        "dead_peak_2nd_half": max(row["dead"] for row in late),
        # The peak against all rows that there were by then; a table that empties has none.
        "dead_share": round(max(r["dead"] / max(r["live"] + r["dead"], 1) for r in late), 3),
        "vacuums": last["vacuums"],
        **_sizes([last], [packed], tasks),
    }


def _sizes(last: Sequence[Any], packed: Sequence[Any], tasks: int) -> dict[str, Any]:
    heap, idx = sum(r["heap"] for r in last), sum(r["idx"] for r in last)
    bare_heap, bare_idx = sum(r["heap"] for r in packed), sum(r["idx"] for r in packed)
    return {
        "heap_mib": round(heap / 2**20, 1),
        "heap_ratio": round(heap / max(bare_heap, 1), 2),
        "index_mib": round(idx / 2**20, 1),
        "index_ratio": round(idx / max(bare_idx, 1), 2),
        "beyond_kib_per_1000_tasks": round(
            (heap + idx - bare_heap - bare_idx) / 1024 / max(tasks / 1000, 1), 1
        ),
    }


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks churn", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180, help="how long work is done")
    parser.add_argument("--every", type=float, default=3, help="seconds between two samples")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    given = parser.parse_args(arguments)
    rows = asyncio.run(run(given.seconds, given.every, given.workers))
    report("churn", rows, keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
