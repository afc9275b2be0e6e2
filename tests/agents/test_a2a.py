import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from a2a.types import AgentCapabilities, AgentInterface

from sojourn.agents.a2a import A2aAgent, examined
from sojourn.agents.a2a_stream import Streams
from sojourn.agents.callbacks import Callbacks
from sojourn.agents.credentials import Credentials
from sojourn.agents.guard import Guard
from sojourn.agents.shape import BadAnswer
from sojourn.agents.spec import SpecAuth
from sojourn.agents.wire import client
from sojourn.core.outcomes import Completed, Failed, Needs, Working
from tests.agents.a2a_peer import Served, served
from tests.agents.calls import call, finish, follow, stored
from tests.agents.conformance import Conformance, Peer
from tests.agents.servers import doubling, free_port

NOBODY = "http://127.0.0.1:9"


def agent_at(url: str, auth: SpecAuth | None = None, **options: Any) -> A2aAgent:
    credentials = Credentials(auth, url) if auth else None
    return A2aAgent(url, client(Guard(allow_private=True), auth=credentials), **options)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture(params=["JSONRPC", "HTTP+JSON", "streaming"])
async def peer(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Peer:
    made = Peer(agent_at(NOBODY))
    streaming = request.param == "streaming"
    card: dict[str, Any] = {"capabilities": AgentCapabilities(streaming=True)} if streaming else {}
    bindings = ["JSONRPC"] if streaming else [request.param]
    running = await stack.enter_async_context(served(made, bindings, **card))
    agent = agent_at(running.url, streams=Streams(seconds=0.05))
    stack.push_async_callback(agent.aclose)
    made.agent, made.at = agent, agent_at

    async def doubled() -> A2aAgent:
        front = await stack.enter_async_context(doubling(running.url, b'"twice"'))
        for interface in running.card.supported_interfaces:
            interface.url = interface.url.replace(running.url, front)
        agent = agent_at(front, streams=Streams(seconds=0.05))
        stack.push_async_callback(agent.aclose)
        return agent

    made.doubled = doubled
    return made


@pytest.fixture
async def running(stack: AsyncExitStack) -> Served:
    return await stack.enter_async_context(served(Peer(agent_at(NOBODY)), ["JSONRPC"]))


@pytest.fixture
async def agent(stack: AsyncExitStack, running: Served) -> A2aAgent:
    made = agent_at(running.url)
    stack.push_async_callback(made.aclose)
    return made


class TestA2aAgents(Conformance):
    pass


async def test_a_message_carries_the_attempts_own_ids(agent: A2aAgent, running: Served) -> None:
    made = call("success", retry_count=1)
    await finish(agent, made)
    (message,) = running.executor.messages
    assert message["messageId"] == made.message_id
    assert message["contextId"] == made.context_id
    assert message["parts"][0]["text"] == "Install Confluence connector"
    (about,) = message["metadata"].values()
    assert about["fence"] == 3
    assert about["attempt"] == 2
    assert about["journey_id"] == str(made.journey_id)
    assert running.between.headers[0]["a2a-version"] == "1.0"
    assert "sojourn.dev" in running.between.headers[0]["a2a-extensions"]


async def test_artifacts_become_the_output(agent: A2aAgent) -> None:
    outcome = await finish(agent, call("parts"))
    assert outcome == Completed(
        {"documents": 120, "rate": 0.5, "notes": [1, 2], "text": "all well"}
    )
    assert isinstance(outcome, Completed)
    assert isinstance(outcome.output["documents"], int)


async def test_a_reply_without_a_task_is_the_output(agent: A2aAgent) -> None:
    assert await finish(agent, call("message")) == Completed({"text": "plain words"})


async def test_an_agent_says_what_must_not_be_tried_again(agent: A2aAgent) -> None:
    assert await finish(agent, call("final")) == Failed("never", retryable=False)


async def test_waits_between_polls_grow(agent: A2aAgent) -> None:
    made = call("late")
    outcome = await agent.send(made)
    waits = []
    for _ in range(12):
        assert isinstance(outcome, Working)
        waits.append(outcome.poll_after)
        outcome = await agent.poll(replace(made, handle=stored(outcome.handle)))
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=1)
    assert waits[-1] == timedelta(seconds=30)


async def test_a_second_question_is_another_question(agent: A2aAgent, running: Served) -> None:
    made = call("needs")
    first = await finish(agent, made)
    assert isinstance(first, Needs)
    asked = replace(made, handle=stored(first.handle), answer="again")
    second = await follow(agent, asked, await agent.send(asked))
    assert isinstance(second, Needs)
    assert second.prompt == "which one now?"
    assert second.handle["turn"] == 2
    last = replace(made, handle=stored(second.handle), answer="ENG")
    assert await follow(agent, last, await agent.send(last)) == Completed({"space": "ENG"})
    ids = [m["messageId"] for m in running.executor.messages]
    assert len(set(ids)) == 3


async def test_an_answer_that_was_delivered_is_not_delivered_twice(
    agent: A2aAgent, running: Served
) -> None:
    made = call("needs")
    question = await finish(agent, made)
    assert isinstance(question, Needs)
    answered = replace(made, handle=stored(question.handle), answer="again")
    first = await follow(agent, answered, await agent.send(answered))
    assert isinstance(first, Needs)
    repeated = replace(answered, sent_before=True)
    again = await follow(agent, repeated, await agent.send(repeated))
    assert isinstance(again, Needs)
    assert again.prompt == first.prompt
    assert len(running.executor.messages) == 2


async def test_who_logs_in_elsewhere_need_not_be_told(agent: A2aAgent, running: Served) -> None:
    made = call("login_elsewhere")
    question = await finish(agent, made)
    assert isinstance(question, Needs)
    assert question.kind == "auth"
    running.executor.login.set()
    await asyncio.sleep(0.05)
    answered = replace(made, handle=stored(question.handle), answer="done")
    outcome = await follow(agent, answered, await agent.send(answered))
    assert outcome == Completed({"said": "logged in"})
    assert len(running.executor.messages) == 1


async def test_what_was_never_sent_is_sent_after_a_takeover(
    agent: A2aAgent, running: Served
) -> None:
    outcome = await finish(agent, replace(call("success"), sent_before=True))
    assert isinstance(outcome, Completed)
    assert len(running.executor.messages) == 1


async def test_an_agent_that_cannot_list_is_asked_about_by_a_person(
    agent: A2aAgent, running: Served
) -> None:
    running.between.unlisted = True
    made = replace(call("success"), sent_before=True)
    question = await agent.send(made)
    assert isinstance(question, Needs)
    assert "Was it done?" in question.prompt
    assert running.executor.messages == []
    asked = replace(made, handle=stored(question.handle))
    assert await agent.send(replace(asked, answer="yes")) == Completed({})
    sent = replace(asked, answer="no")
    outcome = await follow(agent, sent, await agent.send(sent))
    assert isinstance(outcome, Completed)
    assert len(running.executor.messages) == 1


async def test_an_agent_that_cannot_list_but_is_idempotent_is_sent_to_again(
    running: Served,
) -> None:
    running.between.unlisted = True
    agent = agent_at(running.url, idempotent=True)
    made = replace(call("success"), sent_before=True)
    assert isinstance(await finish(agent, made), Completed)
    await agent.aclose()


async def test_a_message_without_an_answer_is_sent_a_few_times_only(
    agent: A2aAgent, running: Served
) -> None:
    outcome = await finish(agent, call("silent", seconds=0.1))
    assert isinstance(outcome, Failed)
    assert "its reply was lost 4 times" in outcome.message
    assert running.between.asked.count("SendMessage") == 4


async def test_a_task_that_the_agent_has_forgotten_may_be_tried_again(agent: A2aAgent) -> None:
    made = replace(call(), handle={"remote_id": "no-such-task", "context_id": "c"})
    outcome = await agent.poll(made)
    assert outcome == Failed("the agent no longer knows the task", retryable=True)


async def test_a_poll_that_fails_does_not_fail_the_work() -> None:
    agent = agent_at(f"http://127.0.0.1:{free_port()}")
    made = replace(call(), handle={"remote_id": "r", "context_id": "c"})
    outcome = await agent.poll(made)
    assert isinstance(outcome, Working)
    assert outcome.handle == {"remote_id": "r", "context_id": "c", "misses": 1}
    await agent.aclose()


async def test_an_agent_that_is_not_there_may_come_back() -> None:
    agent = agent_at(f"http://127.0.0.1:{free_port()}")
    outcome = await agent.send(call())
    assert isinstance(outcome, Failed)
    assert outcome.retryable
    assert "cannot be reached" in outcome.message
    await agent.aclose()


async def test_a_private_address_is_refused_unless_allowed(running: Served) -> None:
    agent = A2aAgent(running.url, client(Guard()))
    outcome = await agent.send(call())
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert "allow_private" in outcome.message
    await agent.aclose()


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "file:///etc/passwd"])
async def test_a_card_may_not_lead_to_a_forbidden_address(stack: AsyncExitStack, url: str) -> None:
    interface = AgentInterface(url=url, protocol_binding="JSONRPC", protocol_version="1.0")
    fields: dict[str, Any] = {"supported_interfaces": [interface]}
    there = await stack.enter_async_context(served(Peer(agent_at(NOBODY)), [], **fields))
    agent = agent_at(there.url)
    outcome = await agent.send(call())
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    await agent.aclose()


async def test_a_card_without_a_binding_that_we_speak(stack: AsyncExitStack) -> None:
    interface = AgentInterface(url="http://x", protocol_binding="GRPC", protocol_version="1.0")
    fields: dict[str, Any] = {"supported_interfaces": [interface]}
    there = await stack.enter_async_context(served(Peer(agent_at(NOBODY)), [], **fields))
    agent = agent_at(there.url)
    outcome = await agent.send(call())
    assert outcome == Failed("its card offers GRPC; we speak JSONRPC, HTTP+JSON", retryable=False)
    await agent.aclose()


async def test_a_skill_must_be_on_the_card(running: Served) -> None:
    for skill, type_ in (("behave", Completed), ("sing", Failed)):
        agent = agent_at(running.url, skill=skill)
        outcome = await finish(agent, call())
        assert isinstance(outcome, type_), outcome
        await agent.aclose()
    assert "has no skill 'sing'; it has: behave" in str(outcome)


async def test_an_agent_that_speaks_0_3(stack: AsyncExitStack) -> None:
    interface = AgentInterface(
        url="http://placeholder", protocol_binding="JSONRPC", protocol_version="0.3.0"
    )
    peer = Peer(agent_at(NOBODY))
    fields: dict[str, Any] = {"supported_interfaces": [interface]}
    there = await stack.enter_async_context(served(peer, ["JSONRPC"], **fields))
    agent = agent_at(there.url)
    made = call("working")
    outcome = await finish(agent, made)
    assert isinstance(outcome, Completed), outcome
    assert outcome.output["said"] == "at last"
    assert peer.executed == {made.key: 1}
    question = await agent.send(replace(call("working"), sent_before=True))
    assert isinstance(question, Needs)
    await agent.aclose()


async def test_credentials_are_sent_to_the_agent(
    running: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEER_TOKEN", "hunter2")
    agent = agent_at(running.url, SpecAuth(bearer_env="PEER_TOKEN"))
    assert isinstance(await finish(agent, call()), Completed)
    assert {h["authorization"] for h in running.between.headers} == {"Bearer hunter2"}
    monkeypatch.delenv("PEER_TOKEN")
    outcome = await agent.send(call())
    assert outcome == Failed("the environment variable PEER_TOKEN is not set", retryable=False)
    await agent.aclose()


async def test_where_the_agent_pushes_it_is_told_where(stack: AsyncExitStack) -> None:
    capabilities = AgentCapabilities(push_notifications=True)
    peer = Peer(agent_at(NOBODY))
    there = await stack.enter_async_context(served(peer, ["JSONRPC"], capabilities=capabilities))
    callbacks = Callbacks("https://sojourn.example", b"0123456789abcdef")
    bodies: list[bytes] = []
    agent = agent_at(there.url, callbacks=callbacks)

    async def remember(asked: Any) -> None:
        bodies.append(await asked.aread())

    agent._http.event_hooks["request"].append(remember)
    await agent.send(call())
    assert any(b"https://sojourn.example/callbacks/" in body for body in bodies)
    await agent.aclose()


async def test_cancelling_reaches_the_agent_even_if_the_reply_was_lost(
    agent: A2aAgent, running: Served
) -> None:
    made = call("late")
    first = await agent.send(made)
    assert isinstance(first, Working)
    await agent.cancel(replace(made, handle={"lost": 1}))
    outcome = await agent.poll(replace(made, handle=stored(first.handle)))
    assert outcome == Completed({"said": "too late"})


async def test_a_card_can_be_examined(running: Served) -> None:
    async with client(Guard(allow_private=True)) as web:
        card = await examined(running.url, web, None)
        assert card["name"] == "Peer"
        assert card["skills"][0]["id"] == "behave"
        direct = await examined(f"{running.url}/.well-known/agent-card.json", web, "behave")
        assert direct == card
        with pytest.raises(BadAnswer, match="has no skill 'sing'"):
            await examined(running.url, web, "sing")
