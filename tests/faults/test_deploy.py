"""Deploys while it storms: workers of other settings and of another version take over in turn."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.storm import Weather, storm
from tests.faults.test_storm import fresh, told
from tests.faults.versions import NoHistory, of_this_schema

WEATHER = Weather(0, 6.0, workers=2, only=("deploy", "worker killed"), pause=(0.2, 0.7))


async def test_a_rolling_deploy_of_other_settings_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    weather = replace(WEATHER, seed=fresh(), only=("deploy",))
    report = await storm(weather, database_url, tmp_path)
    assert report.violations == [], told(report)
    assert report.faults["deploy"] > 1


async def test_workers_of_two_versions_side_by_side_lose_nothing(
    database_url: str, tmp_path: Path
) -> None:
    try:
        previous = of_this_schema(tmp_path / "previous")
    except NoHistory as why:
        pytest.skip(f"no previous version to deploy beside this one: {why}")
    weather = replace(WEATHER, seed=fresh(), previous=previous)
    report = await storm(weather, database_url, tmp_path)
    assert report.violations == [], told(report)
    assert report.previous > 0, "the previous version's workers had work"
