"""Storms for as long as one likes: ``make soak MINUTES=60``, or ``SEED=123`` for one seed first.

Prints a table of journeys, tasks, faults by kind and violations; ends with 1 where there are any.
"""

import argparse
import asyncio
import logging
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import structlog

from tests.faults.disk import NoDisk, small_disk
from tests.faults.fleet import Server
from tests.faults.storm import Report, Weather, storm
from tests.faults.versions import NoHistory, Version, of_this_schema

MEGABYTES = 256
SECONDS = 45.0
"""How long one storm lasts, before its journeys are brought to their end."""


def main(arguments: list[str] | None = None) -> int:
    """Storm until the time is over; return how the process is to end."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of one storm")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    return asyncio.run(soak(given.minutes * 60, given.seconds, given.seed))


async def soak(whole: float, each: float, seed: int) -> int:
    """Let one storm follow another, each with the next seed, on a new database."""
    with tempfile.TemporaryDirectory(prefix="sojourn-soak-") as name:
        always = Weather(seed, workers=2, apis=2, previous=previous(Path(name)))
        reports = await storms(always, whole, each)
    print(table(reports))
    return 1 if any(r.violations for r in reports) else 0


async def storms(always: Weather, whole: float, each: float) -> list[Report]:
    """Storm so often as time is left, and say each time what came of it."""
    reports: list[Report] = []
    end = time.monotonic() + whole
    while not reports or time.monotonic() < end:
        left = max(end - time.monotonic(), 5.0)
        seed = always.seed + len(reports)
        reports.append(await once(replace(always, seed=seed, seconds=min(each, left))))
        say(reports[-1])
    return reports


async def once(weather: Weather) -> Report:
    """Let it storm once, on a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory(prefix="sojourn-soak-", ignore_cleanup_errors=True) as name:
        books = prepared(Path(name))
        async with housed(Path(name)) as server:
            return await storm(weather, server.dsn, books, server)


@asynccontextmanager
async def housed(place: Path) -> AsyncIterator[Server]:
    """Lend a PostgreSQL, on a small disk of its own where one can be had."""
    server = Server(place)
    await server.start()
    await server.stop()
    with ExitStack() as stack:
        with suppress(NoDisk):
            server = Server(place, stack.enter_context(small_disk(place / "pg", MEGABYTES)))
        await server.start()
        try:
            await server.economise()
            yield server
        finally:
            if server.disk:
                server.disk.free()
            await server.stop()


def previous(place: Path) -> Version | None:
    """Return a version to deploy beside this one; where there is none, say why."""
    try:
        return of_this_schema(place)
    except NoHistory as why:
        print(f"without workers of the previous version: {why}", flush=True)
        return None


def prepared(place: Path) -> Path:
    """Let PostgreSQL's account into a directory; return where the agents' books lie in it."""
    place.chmod(0o755)
    (place / "books").mkdir()
    return place / "books"


def say(report: Report) -> None:
    """Print a line of one storm, and what was amiss."""
    found = len(report.violations)
    print(
        f"seed {report.seed}: {report.journeys} journeys, {report.tasks} tasks, "
        f"{report.faults.total()} faults, {found} violations",
        flush=True,
    )
    for violation in report.violations[:20]:
        print(f"  {violation}", flush=True)
    if found:
        print(f"  again: make soak SEED={report.seed}", report.log[-3000:], flush=True)


def table(reports: list[Report]) -> str:
    """Return the sums of all storms."""
    faults: Counter[str] = sum((r.faults for r in reports), Counter())
    lines: list[tuple[str, int]] = [
        ("storms", len(reports)),
        ("journeys", sum(r.journeys for r in reports)),
        ("tasks", sum(r.tasks for r in reports)),
        ("calls of agents", sum(r.calls for r in reports)),
        ("  by workers of the previous version", sum(r.previous for r in reports)),
        ("events", sum(r.events for r in reports)),
        ("requests over HTTP", sum(r.posts for r in reports)),
        ("  made again for want of an answer", sum(r.repeated for r in reports)),
        ("callbacks accepted", sum(r.called_back for r in reports)),
        ("faults", faults.total()),
        *((f"  {name}", n) for name, n in faults.most_common()),
        ("violations", sum(len(r.violations) for r in reports)),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {n:>9,}" for name, n in lines)


if __name__ == "__main__":
    sys.exit(main())
