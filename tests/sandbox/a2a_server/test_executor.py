import asyncio

import pytest
from a2a.types import TaskState
from a2a.utils.errors import A2AError
from google.protobuf.json_format import MessageToDict

from sojourn.sandbox.online.desk import Limits, status
from sojourn.sandbox.scenario import Scenario, Spell, Trouble
from tests.sandbox.a2a_server.conftest import Agents
from tests.sandbox.a2a_server.peers import Peer, result, said

INSTALL = {"connector_type": "jira", "auth_method": "oauth2", "size": "small"}
AGENT = "connector-installation-agent"


async def installer(world: Agents) -> Peer:
    return await world.peer(AGENT)


async def trouble(world: Agents, kind: Trouble, amount: float = 1.0) -> None:
    spell = Spell(kind, from_day=-10_000, amount=amount, agent=AGENT)
    await world.backend.trouble(Scenario(spells=(spell,)))


async def test_work_is_really_done_and_its_progress_told(world: Agents) -> None:
    done = await (await installer(world)).do(INSTALL)
    answer = result(done)
    assert answer["output"]["synced"] == 128
    assert answer["measurements"] == []
    assert MessageToDict(done.metadata)["progress"] == 0.5
    assert (await status(world.backend, "jira")).indexed == 128


async def test_measurements_come_with_the_output(world: Agents) -> None:
    await (await installer(world)).do(INSTALL)
    peer = await world.peer("connector-status-agent")
    answer = result(await peer.do({"connectors": ["jira"]}))
    assert answer["measurements"] == [{"metric": "connector_sync_rate", "value": 1, "n": 1}]


async def test_a_question_is_asked_until_it_is_answered(world: Agents) -> None:
    peer = await installer(world)
    asked = await peer.do({"connector_type": "jira", "size": "small"})
    assert asked.status.state == TaskState.TASK_STATE_INPUT_REQUIRED
    assert "Which authentication method" in said(asked)
    answered = await peer.do("oauth2", task=asked)
    assert answered.id == asked.id
    assert result(answered)["output"]["documents"] == 128


async def test_bad_input_is_final_and_trouble_of_the_service_is_not(world: Agents) -> None:
    peer = await installer(world)
    failed = await peer.do({**INSTALL, "auth_method": "oaut2"})
    assert failed.status.state == TaskState.TASK_STATE_FAILED
    assert "did you mean 'oauth2'" in said(failed)
    assert MessageToDict(failed.metadata)["retryable"] is False
    worse = await world.peer("performance-agent")
    await peer.do(INSTALL)
    await world.backend.trouble(Scenario(spells=(Spell(Trouble.ERRORS, -10_000),)))
    failed = await worse.do({"requests": 3})
    assert MessageToDict(failed.metadata)["retryable"] is True


async def test_a_flaky_agent_fails_some_attempts(world: Agents) -> None:
    await trouble(world, Trouble.FLAKY, 0.5)
    peer = await installer(world)
    states = [
        (await peer.do({**INSTALL, "action": "remove"}, attempt=str(n))).status.state
        for n in range(1, 13)
    ]
    assert set(states) == {TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_COMPLETED}


async def test_a_dead_agent_is_not_heard_of_again_but_can_be_cancelled(world: Agents) -> None:
    await trouble(world, Trouble.DEAD)
    peer = await installer(world)
    task = await peer.send(INSTALL)
    await asyncio.sleep(0.3)  # longer than the work would take
    assert (await peer.get(task)).status.state == TaskState.TASK_STATE_WORKING
    assert (await peer.cancel(task)).status.state == TaskState.TASK_STATE_CANCELED
    with pytest.raises(A2AError):
        await peer.cancel(task)


async def test_a_lying_agent_does_nothing_and_boasts(world: Agents) -> None:
    await trouble(world, Trouble.LIE)
    claimed = result(await (await installer(world)).do(INSTALL))
    assert claimed["output"]["sync_rate"] == 1
    peer = await world.peer("connector-status-agent")
    measured = result(await peer.do({"connectors": ["jira"]}))
    assert measured["output"]["sync_rate"] == 0


async def test_work_mends_what_the_agent_was_to_mend(world: Agents) -> None:
    spell = Spell(Trouble.LEAK, from_day=-10_000, mended_by=AGENT)
    await world.backend.trouble(Scenario(spells=(spell,)))
    await (await world.peer("notification-agent")).do({"to": "ann", "message": "hello"})
    assert (await world.backend.scenario()).spells[0].until_day is None
    await (await installer(world)).do(INSTALL)
    assert (await world.backend.scenario()).spells[0].until_day is not None


async def test_a_calls_own_world_goes_first(world: Agents) -> None:
    spells = [{"kind": "sync", "amount": 0.5, "connector": "jira"}]
    given = {**INSTALL, "world": {"start": "2026-03-01T00:00:00Z", "spells": spells}}
    answer = result(await (await installer(world)).do(given))
    assert answer["output"]["synced"] == 64


class TestPromptly:
    """Agents that answer at once what they have done in a moment."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(prompt_seconds=5.0)

    async def test_what_is_done_in_a_moment_is_answered_at_once(self, world: Agents) -> None:
        peer = await installer(world)
        answered = await peer.send(INSTALL)
        assert result(answered)["output"]["synced"] == 128
        assert (await peer.get(answered)).status == answered.status

    async def test_so_are_questions_and_failures(self, world: Agents) -> None:
        peer = await installer(world)
        asked = await peer.send({"connector_type": "jira", "size": "small"})
        assert asked.status.state == TaskState.TASK_STATE_INPUT_REQUIRED
        assert result(await peer.do("oauth2", task=asked))["output"]["synced"] == 128
        failed = await peer.send({})
        assert failed.status.state == TaskState.TASK_STATE_FAILED
        assert MessageToDict(failed.metadata)["retryable"] is False

    async def test_a_message_that_comes_again_meanwhile_is_one_task(self, world: Agents) -> None:
        peer = await installer(world)
        sent = await asyncio.gather(*(peer.send(INSTALL, "the-same") for _ in range(4)))
        assert {task.id for task in sent} == {sent[0].id}
        found = await peer.follow(sent[0])
        assert result(found)["output"]["synced"] == 128
