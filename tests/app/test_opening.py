"""Wiring: an application opens on a database, brings its schema up to date, and closes."""

from datetime import timedelta
from pathlib import Path

import pytest

from sojourn.agents.entries import BadDirectory
from sojourn.app import open_app, pace
from sojourn.settings import Settings


def settings(url: str, **more: str) -> Settings:
    named = {f"SOJOURN_{name.upper()}": value for name, value in more.items()}
    return Settings.load({"SOJOURN_DATABASE_URL": url, **named})


async def test_an_empty_database_gets_its_schema_and_its_clock(empty_database_url: str) -> None:
    async with open_app(settings(empty_database_url), speed=60) as app:
        assert app.door.clock.speed == 60
        assert "search-quality-agent" in app.agents
        async with app.door.db.connection() as connection:
            rows = await (
                await connection.execute(b"SELECT count(*) FROM journey_states")
            ).fetchall()
        assert rows == [(0,)]


async def test_the_users_agents_extend_the_built_in_ones(
    empty_database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text("agents: { mine: { protocol: python, target: 'json:dumps' } }\n")
    async with open_app(settings(empty_database_url, agents=str(file))) as app:
        assert "mine" in app.agents
        assert "survey-agent" in app.agents


async def test_a_bad_directory_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text("agents: { mine: { protocol: pigeon } }\n")
    with pytest.raises(BadDirectory, match="pigeon"):
        async with open_app(settings("postgresql://nowhere.invalid/x", agents=str(file))):
            pass


def test_the_pace_is_that_of_the_settings() -> None:
    found = pace(settings("postgresql://x/y", lease_seconds="7", poll_seconds="0.5"))
    assert (found.lease, found.poll) == (timedelta(seconds=7), 0.5)
