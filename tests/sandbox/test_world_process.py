import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from sojourn.agents.directory import Directory
from sojourn.core.outcomes import Call, Completed, Outcome, Working
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.desk import Limits
from sojourn.sandbox.online.jobs import jobs
from sojourn.sandbox.scenario import Scenario, Spell, Trouble
from sojourn.sandbox.world_process import Options, RunningWorld, run_world, world

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUICK = Options(wait=0.0, limits=Limits(requests=20))
INSTALL: dict[str, Any] = {"connector_type": "jira", "auth_method": "oauth2", "size": "small"}


@asynccontextmanager
async def bridge(running: RunningWorld) -> AsyncIterator[Directory]:
    """Yield the agents as the engine knows them."""
    agents = Directory.load([running.directory])
    try:
        yield agents
    finally:
        await agents.aclose()


async def ask(agents: Directory, name: str, given: Mapping[str, Any], day: float = 0) -> Outcome:
    """Call an agent through the bridge, as the engine does."""
    made = Call(
        UUID(int=1), uuid4(), "task-001", name, 1, client_id="medtronic", stage="pilot",
        input_data=given, now=NOON + timedelta(days=day),
    )  # fmt: skip
    outcome = await agents.send(made)
    while isinstance(outcome, Working) and "lost" not in outcome.handle:
        await asyncio.sleep(0.02)
        outcome = await agents.poll(replace(made, handle=outcome.handle))
    return outcome


async def output(agents: Directory, name: str, day: float = 0, **given: Any) -> Mapping[str, Any]:
    outcome = await ask(agents, name, given, day)
    assert isinstance(outcome, Completed), outcome
    return outcome.output


async def test_a_client_goes_through_the_world_by_the_bridge_alone() -> None:
    async with world(QUICK) as running, bridge(running) as agents:
        assert {agents.spec(name).protocol for name in jobs(Crowd())} == {"a2a"}
        for name in ("jira", "slack"):
            given: dict[str, Any] = {**INSTALL, "connector_type": name}
            await output(agents, "connector-installation-agent", **given)
        synced = await output(agents, "connector-status-agent", connectors=["jira", "slack"])
        assert synced["sync_rate"] == 1
        given = {"scenario": "general_demo", "size": "small"}
        await output(agents, "dataset-provisioning-agent", **given)
        assert (await output(agents, "search-quality-agent", **given))["meets_threshold"]
        assert (await output(agents, "security-scan-agent"))["critical"] == 0
        await output(agents, "deployment-agent", target="production", users=15, size="small")
        assert (await output(agents, "usage-agent", 2))["active_users"] > 5
        assert (await output(agents, "survey-agent", 2, kind="pilot"))["score"] > 4.0
        assert (await output(agents, "performance-agent", 2, requests=500))["requests"] == 20
        bug = Scenario(NOON, (Spell(Trouble.BUG, 1),), known_start=True)
        await running.trouble("medtronic", bug)
        assert (await output(agents, "issue-tracker-agent", 2, window="8h"))["critical_bugs"] == 1


async def test_an_agent_of_its_own_process_is_killed_and_comes_back() -> None:
    alone = "connector-installation-agent"
    async with world(replace(QUICK, alone=(alone,))) as running, bridge(running) as agents:
        child = running.process(alone)
        assert child is not running.process("survey-agent")
        await child.kill()
        assert not isinstance(await ask(agents, alone, INSTALL), Completed)
        assert await output(agents, "notification-agent", to="a", message="b") == {"sent": 1}
        await child.start()
        assert (await output(agents, alone, **INSTALL))["documents"] == 128


async def test_all_processes_end_with_the_world(tmp_path: Path) -> None:
    ready: list[RunningWorld] = []
    stop = asyncio.Event()

    def told(running: RunningWorld) -> None:
        ready.append(running)
        stop.set()

    options = replace(
        QUICK, folder=tmp_path, scenarios={"medtronic": Scenario(spells=(Spell(Trouble.LEAK),))}
    )
    await run_world(options, told, stop)
    (running,) = ready
    assert [child.pid for child in running.processes] == [None, None]
    assert running.directory.exists()
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.TransportError):
            await http.get(running.service_url)


async def test_an_unknown_agent_is_refused_before_anything_starts() -> None:
    with pytest.raises(BadInput, match="no agent 'surveys'"):
        async with world(Options(alone=("surveys",))):
            pass
