"""Server time of the pages with 10,000 journeys and 1,000,000 events, against a bare query.

The journeys stand in different stages and schedules, spread by number; their journals are filled up
with events. Times are of whole requests in the server's process, without a network.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request

from benchmarks.ground import directory
from benchmarks.report import report
from sojourn.agents.directory import Directory
from sojourn.control.door import Door
from sojourn.control.keys import Principal
from sojourn.control.start import Beginning, start_many
from sojourn.control.tick import tick
from sojourn.dashboard import create_dashboard
from sojourn.paths import builtin, load_file
from sojourn.store.clock import Clock
from sojourn.store.migrate import migrate
from sojourn.store.postgres import Database, open_database

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
FACTS = {"contract_signed": True, "infrastructure_provisioned": True, "data_sources": ["wiki"]}
PAGES = (
    "/", "/journeys?page=150", "/attention", "/inbox", "/alerts", "/agents", "/analytics",
    "/deliveries", "/settings",
)  # fmt: skip
JOURNEY = "/journeys/journey-client-00042-2026"
TABS = ("", "/work", "/metrics", "/history", "/events")
AIMED = ("/", JOURNEY)
"""The pages that the goal is for."""
GOAL = 100.0
"""Milliseconds at p95 for the first page and a journey's page."""

FILL = """
INSERT INTO journey_events (journey_id, seq, type, at, actor, path_id, data, prev_hash, hash)
SELECT j.journey_id, j.seq + n, 'unit.completed', j.started_at + n * interval '1 minute', 'engine',
       j.path_id, '{"unit": "search_quality"}', j.hash, sha256((j.journey_id::text || n)::bytea)
FROM journey_states j, generate_series(1, %s) n
"""
SPREAD = """
UPDATE journey_states j SET seq = j.seq + %s, due_at = NULL,
    ball_with = (ARRAY['agent', 'agent', 'soak', 'client', 'approver', 'operator'])[1 + r %% 6],
    schedule = (ARRAY['on_track', 'on_track', 'on_track', 'ahead', 'behind', 'stuck'])[1 + r %% 6]
FROM (SELECT journey_id, (row_number() OVER (ORDER BY journey_id))::int AS r FROM journey_states) x
WHERE x.journey_id = j.journey_id
"""


async def filled(door: Door, journeys: int) -> bool:
    """Say whether a kept database has the journeys already."""
    async with door.db.connection() as connection:
        found = await (await connection.execute(b"SELECT count(*) FROM journey_states")).fetchone()
    return found is not None and found[0] >= journeys


async def fill(door: Door, journeys: int, events: int) -> None:
    """Start journeys, admit them, and fill their journals up."""
    path = load_file(builtin()["standard"])
    for first in range(0, journeys, 500):
        some = [Beginning(f"client-{n:05d}", facts=FACTS) for n in range(first, first + 500)]
        await start_many(door, path, some, "bench")
    while await tick(door, 500):
        pass
    more = max(events // journeys - 3, 1)
    async with door.db.connection() as connection:
        await connection.execute(FILL.encode(), [more])
        await connection.execute(SPREAD.encode(), [more])
        await connection.execute(b"VACUUM ANALYZE")


async def timed(work: Callable[[], Awaitable[Any]], times: int) -> dict[str, Any]:
    """Return milliseconds of some work: median, 95th percentile and the first time."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        found.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(found, n=20)
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "first": round(found[0], 1)}


async def measure(db: Database, journeys: int, events: int, times: int) -> list[dict[str, Any]]:
    """Return the times of every page, and of the floor: counting the journeys by stage."""
    shown = BEGIN + timedelta(days=8)
    door = Door(db, Clock(BEGIN, time.monotonic(), 1.0))
    if not await filled(door, journeys):
        await fill(door, journeys, events)
    door.clock = Clock(shown, time.monotonic(), 1.0)

    async def identify(_request: Request) -> Principal:
        return Principal("bench", ("admin",), csrf="bench")

    app = create_dashboard(Door(db, door.clock), Directory.load(), identify=identify)
    pages = (*PAGES, *(JOURNEY + tab for tab in TABS))
    async with db.connection() as connection:
        query = b"SELECT current_stage, count(*) FROM journey_states GROUP BY 1"
        found: list[dict[str, Any]] = [
            {"page": "floor"} | await timed(lambda: connection.execute(query), times)
        ]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:

        async def get(page: str) -> None:
            answer = await client.get(page)
            answer.raise_for_status()

        for page in pages:
            row = await timed(lambda page=page: get(page), times)  # type: ignore[misc]
            goal = {"goal_p95": GOAL, "met": row["p95"] < GOAL} if page in AIMED else {}
            found.append({"page": page} | row | goal)
    return [{"journeys": journeys, "events": events} | row for row in found]


async def run(folder: Path, journeys: int, events: int, times: int) -> list[dict[str, Any]]:
    """Measure on an embedded server of our own."""
    async with open_database(None, folder) as db:
        await migrate(db)
        return await measure(db, journeys, events, times)


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks pages", description=__doc__)
    parser.add_argument("--journeys", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="a directory to fill once and use again")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    given = parser.parse_args(arguments)
    with directory() as empty:
        folder = given.keep or empty
        rows = asyncio.run(run(folder, given.journeys, given.events, given.times))
    report("pages", rows, keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
