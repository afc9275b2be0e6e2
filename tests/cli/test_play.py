"""Every scenario, played from contract to its end, comes to the end that it promises."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sojourn.cli.play import begin, play
from sojourn.cli.story import Story, tell
from sojourn.cli.tales import TALES
from sojourn.sandbox.scenario import SCENARIOS
from tests.cli.plays import opened

FAST = 1e9
"""As fast as the engine goes."""


def happy(story: Story) -> None:
    assert {s["stage"]: s["visits"] for s in story["stages"]} == dict.fromkeys(STAGES, 1)
    assert story["total"]["days"] < 35
    assert [a["passed"] for a in story["gates"]] == [True] * 5
    assert sum(agent["calls"] for agent in story["agents"]) > 300
    assert sum(agent["failed"] for agent in story["agents"]) == 0


def rolled_back(story: Story) -> None:
    visits = {s["stage"]: s["visits"] for s in story["stages"]}
    assert visits == dict.fromkeys(STAGES, 1) | {"compliance": 2, "pilot": 2}
    [turn] = story["rollbacks"]
    assert turn["status"] == "completed"


def found(story: Story) -> None:
    visits = {s["stage"]: s["visits"] for s in story["stages"]}
    assert visits == dict.fromkeys(STAGES, 1) | {"sandbox": 2, "compliance": 2}


def windowed(story: Story) -> None:
    rolled_back(story)
    [turn] = story["rollbacks"]
    [passed] = [a for a in story["gates"] if a["gate"] == "pilot/exit" and a["passed"]]
    assert passed["at"] - turn["completed_at"] > timedelta(days=7)
    [check] = [c for c in passed["checks"] if c["name"] == "bug_count"]
    assert check["actual"] == 0


def flaky(story: Story) -> None:
    agents = {agent["agent"]: agent for agent in story["agents"]}
    assert agents["dataset-provisioning-agent"]["failed"] >= 4
    assert sum(agent["retried"] for agent in story["agents"]) > 20


def paused(story: Story) -> None:
    total, wall = story["total"], story["ended_at"] - story["started_at"]
    assert total["held_days"] >= 4
    assert total["days"] + total["held_days"] == pytest.approx(wall / timedelta(days=1), abs=0.02)


def cancelled(story: Story) -> None:
    assert story["stage"] == "cancelled"
    assert story["stages"][-1]["visits"] == 0
    assert story["total"]["rollback_days"] == 0


STAGES = ("sandbox", "compliance", "pilot", "production")
SAYS: dict[str, Any] = {
    "happy": happy,
    "latency-regression": rolled_back,
    "security-finding": found,
    "low-satisfaction": rolled_back,
    "critical-bug": windowed,
    "flaky-agent": flaky,
    "client-pause": paused,
    "cancelled": cancelled,
}


@pytest.mark.parametrize("name", TALES)
async def test_a_scenario_comes_to_its_end(name: str, database_url: str) -> None:
    async with opened(database_url) as app:
        played = await play(app, TALES[name], speed=FAST, timeout=400)
        story = await tell(app.door, played)
    assert played.stopped == ""
    assert story["ok"], (story["expected"], story["explanation"])
    SAYS[name](story)


async def test_a_play_that_takes_too_long_is_stopped_and_everything_put_away(
    database_url: str,
) -> None:
    seen: list[UUID] = []
    async with opened(database_url) as app:
        played = await play(app, TALES["happy"], speed=3600, timeout=2, started=seen.append)
        story = await tell(app.door, played)
    assert played.stopped == "not done in 2 seconds"
    assert seen == [played.journey_id]
    assert not story["ok"]
    assert story["stopped"] == played.stopped
    assert story["explanation"][0].startswith("medtronic (healthcare@1) is in sandbox")
    assert "medtronic" not in SCENARIOS.by_client


def test_each_seed_begins_on_a_monday_of_its_own() -> None:
    days = [begin(seed) for seed in range(1, 521)]
    assert {day.weekday() for day in days} == {0}
    assert len(set(days)) == 520
