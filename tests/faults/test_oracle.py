"""The oracle notices when a safeguard is missing, so its silence elsewhere means something."""

from pathlib import Path

import pytest

from tests.conftest import Recycled
from tests.faults.storm import Weather, storm

SLEEP = ("worker frozen", "network swallows all")
LOSS = ("reply of a decision's commit lost",)
TRIES = 6
"""Storms in which a missing safeguard must show; one is enough nearly always."""


@pytest.mark.parametrize(
    ("without", "faults", "said"),
    [
        ("fence", SLEEP, "accepted of a worker that does not hold it"),
        ("lock", SLEEP, "was taken while another worker held it"),
        ("outbox", LOSS, "has 0 deliveries"),
    ],
    ids=["fence", "lock", "outbox"],
)
async def test_the_oracle_notices_what_is_missing(
    recycled: Recycled, tmp_path: Path, without: str, faults: tuple[str, ...], said: str
) -> None:
    for seed in range(TRIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        weather = Weather(seed, 5.0, without=without, only=faults, pause=(0.1, 0.3), patience=3.0)
        with recycled.lend() as url:
            report = await storm(weather, url, folder)
        if any(said in violation for violation in report.violations):
            return
    raise AssertionError(f"it noticed only {report.violations[:5]} in {report.faults}")


async def test_with_all_safeguards_the_same_weather_leaves_nothing_amiss(
    database_url: str, tmp_path: Path
) -> None:
    weather = Weather(1, 5.0, only=(*SLEEP, *LOSS), pause=(0.1, 0.3))
    report = await storm(weather, database_url, tmp_path)
    assert report.violations == []
    assert report.faults.total() > 10
