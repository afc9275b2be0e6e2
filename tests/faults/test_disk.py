"""PostgreSQL's disk is full in the middle of everything, and freed again: nothing is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.disk import NoDisk, small_disk
from tests.faults.fleet import Server
from tests.faults.storm import Weather, storm
from tests.faults.test_storm import fresh, told

MEGABYTES = 96
FULL = ("disk full", "disk full to the log")


@pytest.fixture
async def server(copied_data_dir: Path) -> AsyncIterator[Server]:
    """A PostgreSQL on a disk of its own; where there can be none, it says why."""
    try:
        with small_disk(copied_data_dir / "pg", MEGABYTES) as disk:
            server = Server(copied_data_dir, disk)
            await server.start()
            await server.economise()
            yield server
            disk.free()
            await server.stop()
    except NoDisk as why:
        pytest.skip(f"no small disk to fill: {why}")


async def test_a_full_disk_loses_nothing_and_once_freed_all_goes_on(
    server: Server, tmp_path: Path
) -> None:
    weather = Weather(fresh(), 9.0, workers=2, only=FULL, pause=(0.5, 1.5))
    report = await storm(weather, server.dsn, tmp_path, server)
    assert report.violations == [], told(report)
    assert report.faults.total() > 1
    assert report.journeys > 3
    assert "No space left on device" in server.log(), "it was never in want of room"
