"""Every scenario, played from contract to its end, comes to the end that it promises."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sojourn.cli.cast import entering
from sojourn.cli.failures import Failure
from sojourn.cli.play import Part, begin, play
from sojourn.cli.story import Story, refused, tell
from sojourn.cli.tales import TALES
from tests.cli.plays import FAST, SHORT, opened, staged

pytestmark = pytest.mark.timeout(1800)
TOGETHER = [tale for tale in TALES.values() if tale.strike is None]
CLIENTS = {tale.name: f"medtronic-{number}" for number, tale in enumerate(TOGETHER)}
STAGES = ("sandbox", "compliance", "pilot", "production")


@pytest.fixture(scope="module")
def stories(shared_database_url: str) -> Mapping[str, Story]:
    """All scenarios at once in one world, each on a client of its own."""
    return asyncio.run(_told(shared_database_url))


async def _told(url: str) -> Mapping[str, Story]:
    parts = [Part(tale, CLIENTS[tale.name]) for tale in TOGETHER]
    async with opened(url) as app, staged(app, TOGETHER) as (known, running):
        done = await play(
            known, running, parts, speed=FAST, timeout=1500, step=timedelta(minutes=30)
        )
        return {one.tale.name: await tell(app.door, one) for one in done}


def visits(story: Story) -> Mapping[str, int]:
    return {stage["stage"]: stage["visits"] for stage in story["stages"]}


def happy(story: Story) -> None:
    assert visits(story) == dict.fromkeys(STAGES, 1)
    assert story["total"]["days"] < 35
    assert len({a["gate"] for a in story["gates"] if a["passed"]}) == 5
    assert sum(agent["calls"] for agent in story["agents"]) > 300
    assert sum(agent["failed"] for agent in story["agents"]) == 0


def rolled_back(story: Story) -> None:
    assert visits(story) == dict.fromkeys(STAGES, 1) | {"compliance": 2, "pilot": 2}
    [turn] = story["rollbacks"]
    assert turn["status"] == "completed"


def found(story: Story) -> None:
    assert visits(story) == dict.fromkeys(STAGES, 1) | {"sandbox": 2, "compliance": 2}


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
    assert agents["search-quality-agent"]["failed"] >= 5
    assert sum(agent["retried"] for agent in story["agents"]) > 8


def lied_to(story: Story) -> None:
    agents = {agent["agent"]: agent for agent in story["agents"]}
    assert agents["connector-installation-agent"]["failed"] == 0, "it reported success"
    assert "connector_sync_rate" in refused(story)
    attempts = [a for a in story["gates"] if not a["passed"] and a["actor"] == "dana.reyes"]
    [rate] = [c for c in attempts[0]["checks"] if c["name"] == "connector_sync_rate"]
    assert rate["actual"] == 0
    assert visits(story)["sandbox"] == 2


def paused(story: Story) -> None:
    total, wall = story["total"], story["ended_at"] - story["started_at"]
    assert total["held_days"] >= 4
    assert total["days"] + total["held_days"] == pytest.approx(wall / timedelta(days=1), abs=0.02)


def cancelled(story: Story) -> None:
    assert story["stage"] == "cancelled"
    assert story["stages"][-1]["visits"] == 0
    assert story["total"]["rollback_days"] == 0


SAYS: dict[str, Any] = {
    "happy": happy,
    "latency-regression": rolled_back,
    "security-finding": found,
    "low-satisfaction": rolled_back,
    "critical-bug": windowed,
    "flaky-agent": flaky,
    "lying-agent": lied_to,
    "client-pause": paused,
    "cancelled": cancelled,
}


@pytest.mark.parametrize("name", [tale.name for tale in TOGETHER])
def test_a_scenario_comes_to_its_end(name: str, stories: Mapping[str, Story]) -> None:
    story = stories[name]
    assert story["stopped"] == ""
    assert story["ok"], (story["expected"], story["rollbacks"], story["explanation"])
    SAYS[name](story)


async def test_an_agent_and_its_worker_are_killed_and_the_journey_goes_on(
    database_url: str,
) -> None:
    # It has told what it has to tell when the sandbox is done.
    tale = replace(TALES["dead-agent"], end="compliance", over=entering("compliance", 0.0))
    async with opened(database_url) as app, staged(app, [tale]) as (known, running):
        before = {child.pid for child in running.processes}
        [done] = await play(known, running, [Part(tale)], speed=FAST, timeout=300)
        story = await tell(app.door, done)
        after = {child.pid for child in running.processes}
    assert story["ok"], (story["expected"], story["stopped"], story["explanation"])
    assert done.taken_over > 0
    assert len(before & after) == len(before) - 1, "the agent's process is another one"
    agents = {agent["agent"]: agent for agent in story["agents"]}
    assert agents["connector-installation-agent"]["completed"] == 3


async def test_a_play_that_takes_too_long_is_stopped_and_everything_put_away(
    database_url: str,
) -> None:
    seen: list[UUID] = []

    def started(journeys: Sequence[UUID]) -> None:
        seen.extend(journeys)

    tale = TALES["happy"]
    async with opened(database_url) as app, staged(app, [tale]) as (known, running):
        [played] = await play(known, running, [Part(tale)], speed=3600, timeout=2, started=started)
        story = await tell(app.door, played)
    assert played.stopped == "not done in 2 seconds"
    assert seen == [played.journey_id]
    assert not story["ok"]
    assert story["stopped"] == played.stopped
    assert story["explanation"][0].startswith("medtronic (healthcare@1) is in sandbox")


async def test_a_play_whose_time_is_up_before_it_begins_says_so(database_url: str) -> None:
    async with opened(database_url) as app, staged(app, [SHORT]) as (known, running):
        with pytest.raises(Failure, match="no journey has begun: not done in 0 seconds"):
            await play(known, running, [Part(SHORT)], speed=FAST, timeout=0)


async def test_clients_on_paths_of_their_own_are_played_together(database_url: str) -> None:
    seen: list[UUID] = []
    parts = [Part(SHORT, "one"), Part(SHORT, "two", "standard", {"size": "small"})]
    async with opened(database_url) as app, staged(app, [SHORT]) as (known, running):
        done = await play(known, running, parts, speed=FAST, timeout=240, started=seen.extend)
    assert [one.stopped for one in done] == ["", ""]
    assert [one.journey_id for one in done] == seen
    assert len(set(seen)) == 2


def test_each_seed_begins_on_a_monday_of_its_own() -> None:
    days = [begin(seed) for seed in range(1, 521)]
    assert {day.weekday() for day in days} == {0}
    assert len(set(days)) == 520
