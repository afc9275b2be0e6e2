import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    Message,
    StreamResponse,
    Task,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)

from sojourn.agents.a2a import A2aAgent
from sojourn.agents.a2a_stream import Streams, ends, task_id
from sojourn.agents.guard import Guard
from sojourn.agents.python import PythonAgent
from sojourn.agents.shape import BadAnswer
from sojourn.agents.wire import client
from sojourn.core.outcomes import Completed, Needs, Outcome, Working
from tests.agents.a2a_peer import Served, served
from tests.agents.calls import call, finish, stored
from tests.agents.conformance import Peer

STREAMING = AgentCapabilities(streaming=True)
SENDS = ("SendStreamingMessage", "message:stream")


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def serve(stack: AsyncExitStack, binding: str = "JSONRPC", **given: Any) -> Served:
    peer = Peer(PythonAgent(lambda _: {}))
    fields: dict[str, Any] = {"capabilities": STREAMING} | given
    return await stack.enter_async_context(served(peer, [binding], **fields))


def agent_at(stack: AsyncExitStack, there: Served, streams: Streams | None = None) -> A2aAgent:
    made = A2aAgent(there.url, client(Guard(allow_private=True)), streams=streams)
    stack.push_async_callback(made.aclose)
    return made


@pytest.fixture(params=["JSONRPC", "HTTP+JSON"])
async def there(stack: AsyncExitStack, request: pytest.FixtureRequest) -> Served:
    return await serve(stack, request.param)


async def sent(agent: A2aAgent, there: Served) -> asyncio.Task[Outcome]:
    """Send work that lasts until the test says go, and wait until it has begun."""
    sending = asyncio.create_task(agent.send(call("waiting")))
    while not there.executor.messages:
        await asyncio.sleep(0.01)
    return sending


async def test_an_end_is_known_at_once(stack: AsyncExitStack, there: Served) -> None:
    sending = await sent(agent_at(stack, there, Streams(seconds=60)), there)
    there.executor.go.set()
    assert await sending == Completed({"said": "gone"})
    first, *rest = there.between.asked
    assert first in SENDS
    assert len(rest) == 1, rest


async def test_a_question_is_known_at_once(stack: AsyncExitStack, there: Served) -> None:
    outcome = await agent_at(stack, there, Streams(seconds=60)).send(call("needs"))
    assert isinstance(outcome, Needs)
    assert "which space" in outcome.prompt


async def test_a_reply_without_a_task(stack: AsyncExitStack, there: Served) -> None:
    outcome = await agent_at(stack, there).send(call("message"))
    assert outcome == Completed({"text": "plain words"})


async def test_a_stream_is_held_for_a_short_while_and_then_the_row_takes_over(
    stack: AsyncExitStack, there: Served
) -> None:
    agent, made, begun = agent_at(stack, there, Streams(seconds=0.2)), call("waiting"), monotonic()
    first = await agent.send(made)
    assert isinstance(first, Working)
    polled = replace(made, handle=stored(first.handle))
    again = await agent.poll(polled)
    assert isinstance(again, Working)
    assert again.poll_after > first.poll_after
    assert monotonic() - begun < 3
    polling = asyncio.create_task(agent.poll(replace(made, handle=stored(again.handle))))
    there.executor.go.set()
    assert await polling == Completed({"said": "gone"})
    assert await agent.poll(polled) == Completed({"said": "gone"})
    assert sum(there.executor.peer.executed.values()) == 1


async def test_few_streams_are_held_at_once(stack: AsyncExitStack, there: Served) -> None:
    agent = agent_at(stack, there, Streams(most=1, seconds=60))
    streamed = await sent(agent, there)
    assert isinstance(await agent.send(call("waiting")), Working)
    assert sum(name in SENDS for name in there.between.asked) == 1
    there.executor.go.set()
    assert isinstance(await streamed, Completed)
    assert isinstance(await agent.send(call("success")), Completed)
    assert sum(name in SENDS for name in there.between.asked) == 2


async def test_a_stream_that_breaks_off_is_polled_instead(
    stack: AsyncExitStack, there: Served
) -> None:
    there.between.cut = True
    agent, made = agent_at(stack, there), call("working")
    assert isinstance(await agent.send(made), Working)
    assert isinstance(await finish(agent, replace(made, sent_before=True)), Completed)
    assert there.executor.peer.executed == {made.key: 1}


async def test_an_agent_whose_streams_cannot_be_read_is_asked_without(
    stack: AsyncExitStack, there: Served
) -> None:
    there.between.garble = True
    agent, made = agent_at(stack, there), call("working")
    first = await agent.send(made)
    assert isinstance(first, Working), first
    assert "lost" in first.handle
    outcome = await finish(agent, replace(made, handle=stored(first.handle), sent_before=True))
    assert isinstance(outcome, Completed), outcome
    assert there.executor.peer.executed == {made.key: 1}
    assert isinstance(await finish(agent, call("success")), Completed)
    assert sum(name in SENDS for name in there.between.asked) == 1


async def test_a_stream_that_floods_is_left(stack: AsyncExitStack, there: Served) -> None:
    there.between.flood = True
    agent, made, begun = agent_at(stack, there, Streams(seconds=60)), call("working"), monotonic()
    assert isinstance(await agent.send(made), Working)
    assert monotonic() - begun < 5
    assert there.executor.peer.sent_bytes < 20 << 20
    there.between.flood = False
    assert isinstance(await finish(agent, replace(made, sent_before=True)), Completed)


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
async def test_an_agent_that_only_says_that_it_streams_is_asked_without(
    stack: AsyncExitStack, binding: str
) -> None:
    there = await serve(stack, binding, lies=True)
    agent, made = agent_at(stack, there), call("success")
    assert isinstance(await finish(agent, made), Completed)
    assert there.executor.peer.executed == {made.key: 1}


async def test_an_agent_that_does_not_stream_is_never_asked_to(stack: AsyncExitStack) -> None:
    there = await serve(stack, capabilities=AgentCapabilities())
    assert isinstance(await finish(agent_at(stack, there), call("success")), Completed)
    assert not set(there.between.asked) & {*SENDS, "SubscribeToTask"}


async def nothing() -> AsyncIterator[StreamResponse]:
    empty: list[StreamResponse] = []
    for event in empty:
        yield event


async def test_an_empty_stream_answers_nothing_and_gives_its_place_back() -> None:
    streams = Streams(most=1)
    with pytest.raises(BadAnswer, match="with nothing"):
        await streams.watch(nothing(), 1)
    assert streams.offered(AgentCard(capabilities=STREAMING))
    assert not streams.offered(AgentCard())


def test_what_ends_a_stream() -> None:
    done, busy = (
        TaskStatus(state=state)
        for state in (TaskState.TASK_STATE_CANCELED, TaskState.TASK_STATE_WORKING)
    )
    assert ends(StreamResponse(task=Task(id="t", status=done)))
    assert not ends(StreamResponse(task=Task(id="t", status=busy)))
    update = StreamResponse(status_update=TaskStatusUpdateEvent(task_id="t", status=done))
    assert ends(update)
    assert task_id(update) == "t"
    assert ends(StreamResponse(message=Message(message_id="m")))
    assert not ends(StreamResponse())
    assert task_id(StreamResponse()) == ""
