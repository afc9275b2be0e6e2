import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

import pytest

from sojourn.agents.guard import Guard
from sojourn.agents.mcp import McpAgent, build
from sojourn.agents.shape import BadAnswer
from sojourn.agents.spec import AgentSpec
from sojourn.core.outcomes import Completed, Failed, Needs, Outcome
from tests.agents.a2a_peer import answer
from tests.agents.calls import call, finish, stored
from tests.agents.conformance import Conformance, Peer
from tests.agents.mcp_peer import Served, served
from tests.agents.servers import doubling, free_port

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9/mcp"


def agent_at(url: str, tool: str = "behave", **fields: Any) -> McpAgent:
    spec = AgentSpec.model_validate({"protocol": "mcp", "url": url, "tool": tool, **fields})
    return build(spec, Guard(allow_private=True))


def program(**fields: Any) -> McpAgent:
    command = [sys.executable, "-c", PROGRAM]
    entry = {"protocol": "mcp", "command": command, "tool": "behave", **fields}
    return build(AgentSpec.model_validate(entry), Guard())


PROGRAM = (
    f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'src')!r}]; "
    "from tests.agents.mcp_peer import Tool, server_of; server_of(Tool(None)).run('stdio')"
)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture(params=["json", "events"])
async def peer(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Peer:
    made = Peer(agent_at(NOBODY))
    running = await stack.enter_async_context(served(made, json=request.param == "json"))
    made.agent, made.at = agent_at(running.url), agent_at

    async def doubled() -> McpAgent:
        front = await stack.enter_async_context(doubling(running.url, b'"twice"'))
        return agent_at(f"{front}/mcp")

    made.doubled = doubled
    return made


@pytest.fixture
async def running(stack: AsyncExitStack) -> Served:
    return await stack.enter_async_context(served(Peer(agent_at(NOBODY))))


@pytest.fixture
async def unsafe(stack: AsyncExitStack) -> Served:
    """A tool that does not say that it may be called again."""
    peer = Peer(agent_at(NOBODY))
    return await stack.enter_async_context(served(peer, idempotent=None))


ONE_EXCHANGE = "a tool answers within its call, and there is nothing to ask after that"


class TestMcpAgents(Conformance):
    cannot: ClassVar[Mapping[str, str]] = {
        "working": ONE_EXCHANGE,
        "late": ONE_EXCHANGE,
        "takeover": "a server cannot be asked what it has done; a safe tool is called again, see below",
    }


def failed(outcome: Outcome, *, again: bool) -> str:
    assert isinstance(outcome, Failed), outcome
    assert outcome.retryable is again, outcome
    return outcome.message


async def test_text_is_an_output_too(running: Served) -> None:
    outcome = await agent_at(running.url).send(call("plain"))
    assert outcome == Completed({"text": "plain words"})


async def test_the_tool_is_told_of_the_attempt(running: Served) -> None:
    made = call("success", retry_count=1)
    await agent_at(running.url).send(made)
    (told,) = running.tool.told
    assert told["idempotency_key"] == made.key
    assert told["attempt"] == 2


async def test_a_tool_that_is_not_there(running: Served) -> None:
    outcome = await agent_at(running.url, "behav").send(call())
    assert "has no tool 'behav'; did you mean 'behave'?" in failed(outcome, again=False)


async def test_input_that_the_tool_does_not_take_is_told(running: Served) -> None:
    outcome = await agent_at(running.url).send(call(input_data={"behavior": "success"}))
    assert "behaviour" in failed(outcome, again=True)


@pytest.mark.parametrize(
    ("status", "again"), [(401, False), (403, False), (404, False), (429, True), (503, True)]
)
async def test_a_refusal_by_http(
    running: Served, monkeypatch: pytest.MonkeyPatch, status: int, again: bool
) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await answer(send, status, b"{}", **{"retry-after": b"9"})

    monkeypatch.setattr(running.between, "app", refuse)
    outcome = await agent_at(running.url).send(call())
    assert str(status) in failed(outcome, again=again)
    assert isinstance(outcome, Failed)
    assert outcome.retry_after is not None


async def test_a_server_that_is_not_there_may_come_back() -> None:
    outcome = await agent_at(f"http://127.0.0.1:{free_port()}/mcp").send(call())
    assert "cannot be reached" in failed(outcome, again=True)


async def test_a_private_address_is_refused_unless_allowed(running: Served) -> None:
    spec = AgentSpec(protocol="mcp", url=running.url, tool="behave")
    outcome = await build(spec, Guard()).send(call())
    assert "allow_private" in failed(outcome, again=False)


async def test_a_tool_that_may_not_be_called_again_is_asked_about(unsafe: Served) -> None:
    before = replace(call(), sent_before=True)
    agent = agent_at(unsafe.url)
    question = await agent.send(before)
    assert isinstance(question, Needs)
    assert "Was it done?" in question.prompt
    assert unsafe.tool.told == []
    asked = replace(before, handle=stored(question.handle))
    assert await agent.send(replace(asked, answer="yes")) == Completed({})
    assert isinstance(await agent.send(replace(asked, answer="no")), Completed)
    assert len(unsafe.tool.told) == 1


async def test_the_entry_goes_before_what_the_tool_says(running: Served, unsafe: Served) -> None:
    before = replace(call(), sent_before=True)
    assert isinstance(await agent_at(unsafe.url, idempotent=True).send(before), Completed)
    assert isinstance(await agent_at(running.url, idempotent=False).send(before), Needs)


async def test_a_lost_reply_of_a_tool_that_may_not_be_called_again(unsafe: Served) -> None:
    assert isinstance(await agent_at(unsafe.url).send(call("dying")), Needs)


async def test_credentials_are_sent(running: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agent_at(running.url, auth={"header": "X-Api-Key", "env": "PEER_KEY"})
    monkeypatch.delenv("PEER_KEY", raising=False)
    assert "PEER_KEY is not set" in failed(await agent.send(call()), again=False)
    monkeypatch.setenv("PEER_KEY", "hunter2")
    assert isinstance(await agent.send(call()), Completed)
    assert {h["x-api-key"] for h in running.between.headers} == {"hunter2"}


async def test_a_tool_describes_itself(running: Served) -> None:
    found = await agent_at(running.url).tool()
    assert found["server"]["name"] == "peer"
    assert found["tool"]["inputSchema"]["properties"].keys() == {"behaviour"}
    with pytest.raises(BadAnswer, match="did you mean 'behave'"):
        await agent_at(running.url, "behav").tool()


async def test_a_program_is_an_agent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEER_TOKEN", "named")
    monkeypatch.setenv("PEER_OTHER", "not named")
    agent = program(env=["PEER_TOKEN"])
    outcome = await finish(agent, call("environment", seconds=30))
    assert outcome == Completed({"PEER_TOKEN": "named", "PEER_OTHER": None})


async def test_a_question_of_a_program() -> None:
    agent = program()
    made = call("needs", seconds=30)
    question = await agent.send(made)
    assert isinstance(question, Needs)
    answered = replace(made, handle=stored(question.handle), answer={"space": "ENG"})
    assert await agent.send(answered) == Completed({"space": "ENG"})


async def test_programs_that_misbehave() -> None:
    begun = monotonic()
    large, silent = await asyncio.gather(
        program().send(call("large", seconds=30)),
        finish(program(idempotent=False), call("silent", seconds=8), polls=20),
    )
    assert "larger than" in failed(large, again=False)
    assert monotonic() - begun < 30
    assert isinstance(silent, Needs), silent


async def test_a_program_that_dies_may_have_worked() -> None:
    outcome = await program(idempotent=False).send(call("crash", seconds=30))
    assert isinstance(outcome, Needs), outcome


@pytest.mark.parametrize(
    "command", [["/no/such/program"], [sys.executable, "-c", "print('hello')"]]
)
async def test_programs_that_are_no_servers(command: list[str]) -> None:
    spec = AgentSpec.model_validate({"protocol": "mcp", "command": command, "tool": "behave"})
    outcome = await build(spec, Guard()).send(call(seconds=5))
    assert isinstance(outcome, Failed), outcome


async def test_a_variable_that_a_program_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PEER_TOKEN", raising=False)
    outcome = await program(env=["PEER_TOKEN"]).send(call())
    assert "PEER_TOKEN is not set" in failed(outcome, again=False)


async def test_cancelling_a_running_call_leaves_nothing_behind() -> None:
    sending = asyncio.create_task(program().send(call("silent", seconds=60)))
    await asyncio.sleep(0.1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
