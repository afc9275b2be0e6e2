"""What goes wrong in a scenario: it begins on its day, and ends when its cause is called again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from sojourn.agents.directory import Directory
from sojourn.cli.cast import Seen
from sojourn.cli.mischief import Mischief, Mishap, World
from sojourn.core.outcomes import Call, Completed, Failed
from sojourn.sandbox.scenario import SCENARIOS, Trouble

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEAK = Mishap(Trouble.LEAK, "compliance", 1.5, "connector-installation-agent", 1.0, "sharepoint")


@pytest.fixture
async def agents() -> AsyncIterator[Directory]:
    directory = Directory.load()
    yield directory
    await directory.aclose()


def call(agent: str, hours: float, retry: int = 0, **inputs: Any) -> Call:
    now = MONDAY + timedelta(hours=hours)
    task = (uuid4(), uuid4(), "t", agent, 1, retry)
    return Call(*task, client_id="medtronic", stage="compliance", input_data=inputs, now=now)


def world(agents: Directory, **mischief: Any) -> World:
    return World(agents, "medtronic", MONDAY, Mischief(**mischief), 1)


async def findings(world: World, hours: float) -> int:
    scan = call("security-scan-agent", hours, connectors=["sharepoint"])
    outcome = await world.send(scan)
    assert isinstance(outcome, Completed)
    return int(outcome.output["critical"])


def at(hours: float) -> Seen:
    return Seen(MONDAY + timedelta(hours=hours), {}, {"compliance": MONDAY})


async def test_a_mishap_begins_in_its_stage_and_ends_with_its_cause(agents: Directory) -> None:
    made = world(agents, mishaps=(LEAK,))
    made.look(Seen(MONDAY + timedelta(days=9), {}, {"sandbox": MONDAY}))
    assert await findings(made, 1) == 0
    made.look(at(35))
    assert await findings(made, 35.5) == 0
    made.look(at(37))
    assert await findings(made, 38) > 0
    install = call("connector-installation-agent", 40, connector_type="sharepoint")
    assert isinstance(await made.send(install), Completed)
    assert await findings(made, 40) == 0
    made.look(at(60))
    assert await findings(made, 61) == 0


async def test_an_agent_is_down_for_so_many_calls(agents: Directory) -> None:
    made = world(agents, down=(("notification-agent", 2),))
    note = call("notification-agent", 1, to="ann", message="hello")
    outcomes = [await made.send(note) for _ in range(3)]
    assert [type(o) for o in outcomes] == [Failed, Failed, Completed]
    assert all(o.retryable for o in outcomes if isinstance(o, Failed))


async def test_a_flaky_agent_answers_in_the_end_and_alike_for_a_seed(agents: Directory) -> None:
    async def said(retry: int) -> list[bool]:
        made = world(agents, flaky=0.5)
        note = call("notification-agent", 1, retry, to="ann", message="hello")
        return [isinstance(await made.send(note), Completed) for _ in range(40)]

    first = await said(0)
    assert 8 < sum(first) < 32
    assert await said(0) == first
    assert all(await said(2))


async def test_every_call_is_counted(agents: Directory) -> None:
    made = world(agents, down=(("notification-agent", 1),))
    await made.send(call("notification-agent", 1, to="ann", message="hello"))
    await made.send(call("notification-agent", 1, 1, to="ann", message="hello"))
    await findings(made, 1)
    tally = made.tallies["notification-agent"]
    assert (tally.calls, tally.retried, tally.completed, tally.failed) == (2, 1, 1, 1)
    assert made.tallies["security-scan-agent"].calls == 1


async def test_the_world_is_left_as_it_was(agents: Directory) -> None:
    made = world(agents)
    assert "medtronic" in SCENARIOS.by_client
    made.close()
    assert "medtronic" not in SCENARIOS.by_client
