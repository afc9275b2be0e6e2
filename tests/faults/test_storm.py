"""Journeys of random shape under faults of every kind: the oracle finds nothing amiss.

A run prints its seed; SOJOURN_FAULT_SEED=… repeats it. How long it storms in all, many times as
long where one likes: ``make soak MINUTES=60``.
"""

import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.fleet import Server
from tests.faults.storm import Report, Weather, storm

SEEDS = (7, 23)
"""Seeds that always run; one that has found a fault is added here, and stays."""
SECONDS = 22.0


@pytest.fixture
async def server(copied_data_dir: Path) -> AsyncIterator[Server]:
    """A PostgreSQL that may be killed."""
    server = Server(copied_data_dir)
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize("seed", [*SEEDS, None], ids=str)
async def test_whatever_strikes_nothing_is_lost_and_nothing_counts_twice(
    server: Server, tmp_path: Path, seed: int | None
) -> None:
    chosen = fresh() if seed is None else seed
    report = await storm(Weather(chosen, SECONDS), server.dsn, tmp_path, server)
    assert sound(report), told(report)


def fresh() -> int:
    """Return a seed of this run's own, or the one that is given."""
    seed = int(os.environ.get("SOJOURN_FAULT_SEED", random.SystemRandom().randrange(10**6)))
    print(f"SOJOURN_FAULT_SEED={seed}")
    return seed


def sound(report: Report) -> bool:
    """Say whether nothing is amiss, and whether there was anything that could have been."""
    return not report.violations and report.journeys > 3 and report.faults.total() > 10


def told(report: Report) -> str:
    """Say what is amiss, and how to see it again."""
    head = f"SOJOURN_FAULT_SEED={report.seed}: {report.journeys} journeys, {dict(report.faults)}"
    return "\n".join([head, *report.violations[:20], report.log[-3000:]])
