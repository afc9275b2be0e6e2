"""APIs killed and frozen while people and agents talk to them: each request counts once."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Recycled
from tests.faults.storm import Weather, storm
from tests.faults.test_storm import fresh, told

APIS = ("API killed", "API frozen", "API told to end")
LOSS = ("agent killed", "connections cut", "reply of a decision's commit lost")
WEATHER = Weather(0, 6.0, journeys=6, workers=1, apis=2, only=(*APIS, *LOSS), pause=(0.1, 0.5))
TRIES = 5
"""Storms in which a missing safeguard must show; one is enough nearly always."""


@pytest.mark.parametrize("seed", [11, None], ids=str)
async def test_whatever_is_asked_of_apis_that_die_is_done_once(
    database_url: str, tmp_path: Path, seed: int | None
) -> None:
    chosen = fresh() if seed is None else seed
    report = await storm(replace(WEATHER, seed=chosen), database_url, tmp_path)
    assert report.violations == [], told(report)
    assert report.faults.total() > 5
    assert report.posts > 20
    assert report.repeated > 0
    assert report.called_back > 0


@pytest.mark.parametrize(
    ("without", "said"),
    [("keys", "it was done 2 times"), ("callbacks", "was accepted 2 times")],
    ids=["keys", "callbacks"],
)
async def test_the_oracle_notices_what_is_missing(
    recycled: Recycled, tmp_path: Path, without: str, said: str
) -> None:
    calm = replace(WEATHER, seconds=4.0, patience=3.0, only=APIS[:1], pause=(1, 1.5))
    for seed in range(TRIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with recycled.lend() as url:
            report = await storm(replace(calm, seed=seed, without=without), url, folder)
        if any(said in violation for violation in report.violations):
            return
    raise AssertionError(f"it noticed only {report.violations[:5]} of {report.posts} requests")
