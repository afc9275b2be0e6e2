import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.agents.callbacks import Callbacks
from sojourn.agents.guard import Guard
from sojourn.agents.http import HttpAgent
from sojourn.agents.shape import LIMIT
from sojourn.agents.wire import client
from sojourn.core.outcomes import Call, Completed, Failed, Measured, Needs, Outcome, Working
from tests.agents.calls import call, finish, follow, stored
from tests.agents.conformance import Conformance, Peer
from tests.agents.servers import doubling, free_port, raw, reply, request, serving

TWICE = b'"twice"'


class Flow:
    """An agent that behaves as the input says, with a memory of idempotency keys."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.polls: dict[str, int] = {}
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/run", self.run, methods=["POST"]),
                Route("/run/{key}", self.status, methods=["GET", "DELETE"]),
                Route("/forbidden", self.forbidden, methods=["GET", "POST"]),
            ]
        )

    async def run(self, asked: Request) -> Response:
        body = orjson.loads(await asked.body())
        self.seen.append(body)
        self.headers.append(dict(asked.headers))
        if "answer" in body:
            return JSONResponse({"output": {"space": body["answer"]}})
        key = asked.headers["idempotency-key"]
        self.peer.executed[key] = 1
        answer: Callable[[dict[str, Any], str], Response] = getattr(
            self, body["input_data"]["behaviour"]
        )
        return answer(body, key)

    async def status(self, asked: Request) -> Response:
        key = asked.path_params["key"]
        if asked.method == "DELETE":
            return Response(status_code=204)
        self.polls[key] = self.polls.get(key, 0) + 1
        if self.polls[key] < 3:
            return JSONResponse({"status": "running", "poll_after": 0.2})
        return JSONResponse({"status": "completed", "output": {"said": "at last"}})

    async def forbidden(self, asked: Request) -> Response:
        self.peer.forbidden.append(asked.url.path)
        return JSONResponse({"output": {"stolen": True}})

    def success(self, body: dict[str, Any], key: str) -> Response:
        output = {"said": "hello", "count": 3, "fence": body["fence"], "task_id": body["task_id"]}
        measurements = [{"metric": "search_precision", "value": 0.9, "n": 50}]
        return JSONResponse({"output": output, "measurements": measurements})

    twice = success

    def working(self, body: dict[str, Any], key: str) -> Response:
        return JSONResponse({"status_url": f"/run/{key}", "poll_after": 2}, 202)

    def late(self, body: dict[str, Any], key: str) -> Response:
        return Response(status_code=202, headers={"Location": f"/run/{key}", "Retry-After": "7"})

    def needs(self, body: dict[str, Any], key: str) -> Response:
        return JSONResponse({"status": "input_required", "prompt": "which space?"})

    def auth(self, body: dict[str, Any], key: str) -> Response:
        return JSONResponse({"status": "auth-required", "message": "please log in"})

    def retryable(self, body: dict[str, Any], key: str) -> Response:
        return JSONResponse({"message": "try later"}, 503, {"Retry-After": "30"})

    def terminal(self, body: dict[str, Any], key: str) -> Response:
        return JSONResponse({"detail": "no such space"}, 422)

    def garbage(self, body: dict[str, Any], key: str) -> Response:
        return Response("<html>hello</html>")

    def deep(self, body: dict[str, Any], key: str) -> Response:
        return Response('{"output":' + '{"in":' * 900 + "1" + "}" * 901)

    def secret(self, body: dict[str, Any], key: str) -> Response:
        return JSONResponse({"message": "token=hunter2 was refused"}, 400)

    def redirect(self, body: dict[str, Any], key: str) -> Response:
        return Response(status_code=307, headers={"Location": "http://169.254.169.254/latest"})

    def elsewhere(self, body: dict[str, Any], key: str) -> Response:
        port = free_port()
        return Response(status_code=307, headers={"Location": f"http://127.0.0.1:{port}/run"})

    def moved(self, body: dict[str, Any], key: str) -> Response:
        return Response(status_code=308, headers={"Location": "/forbidden"})

    def bare(self, body: dict[str, Any], key: str) -> Response:
        return JSONResponse({"rows": 3})

    def nothing(self, body: dict[str, Any], key: str) -> Response:
        return Response(status_code=204)

    def lost_ticket(self, body: dict[str, Any], key: str) -> Response:
        return Response(status_code=202)


class Evil:
    """An agent that breaks HTTP, by the name of the behaviour."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.deaths = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await request(reader)
        body = orjson.loads(asked.partition(b"\r\n\r\n")[2])
        behave: Callable[[asyncio.StreamWriter, str], Awaitable[None]] = getattr(
            self, body["input_data"]["behaviour"]
        )
        await behave(writer, body["idempotency_key"])

    async def huge(self, writer: asyncio.StreamWriter, key: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        block = b"x" * 65536
        for _ in range(800):
            writer.write(b"10000\r\n" + block + b"\r\n")
            await writer.drain()
            self.peer.sent_bytes += len(block)

    async def slow(self, writer: asyncio.StreamWriter, key: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def silent(self, writer: asyncio.StreamWriter, key: str) -> None:
        await asyncio.Event().wait()

    async def dying(self, writer: asyncio.StreamWriter, key: str) -> None:
        whole = reply(b'{"output":{"said":"survived"}}')
        self.peer.executed[key] = 1
        self.deaths += 1
        writer.write(whole if self.deaths > 1 else whole[:-5])
        await writer.drain()


class Both:
    """Sends evil behaviours to the evil server and the others to the good one."""

    def __init__(self, good: HttpAgent, evil: HttpAgent) -> None:
        self._good, self._evil = good, evil

    def _of(self, made: Call) -> HttpAgent:
        return self._evil if hasattr(Evil, made.input_data["behaviour"]) else self._good

    async def send(self, made: Call) -> Outcome:
        return await self._of(made).send(made)

    async def poll(self, made: Call) -> Outcome:
        return await self._of(made).poll(made)

    async def cancel(self, made: Call) -> None:
        await self._of(made).cancel(made)


def agent_at(url: str, **options: Any) -> HttpAgent:
    return HttpAgent(url, client(Guard(allow_private=True)), **options)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def peer(stack: AsyncExitStack) -> Peer:
    made = Peer(agent_at("http://127.0.0.1:9"))
    url = await stack.enter_async_context(serving(Flow(made).app()))
    good = agent_at(f"{url}/run")
    evil = agent_at(await stack.enter_async_context(raw(Evil(made).handle)))
    stack.push_async_callback(good.aclose)
    stack.push_async_callback(evil.aclose)
    made.agent, made.at = Both(good, evil), agent_at

    async def doubled() -> HttpAgent:
        agent = agent_at(f"{await stack.enter_async_context(doubling(url, TWICE))}/run")
        stack.push_async_callback(agent.aclose)
        return agent

    made.doubled = doubled
    return made


@pytest.fixture
async def flow(stack: AsyncExitStack) -> Flow:
    return Flow(Peer(agent_at("http://127.0.0.1:9")))


@pytest.fixture
async def url(stack: AsyncExitStack, flow: Flow) -> str:
    return await stack.enter_async_context(serving(flow.app()))


@pytest.fixture
async def agent(stack: AsyncExitStack, url: str) -> HttpAgent:
    made = agent_at(f"{url}/run")
    stack.push_async_callback(made.aclose)
    return made


class TestHttpAgents(Conformance):
    pass


async def test_the_request_says_everything(agent: HttpAgent, flow: Flow) -> None:
    made = call()
    await agent.send(made)
    (body,) = flow.seen
    assert body["journey_id"] == str(made.journey_id)
    assert body["client_id"] == "medtronic"
    assert body["stage"] == "sandbox"
    assert body["attempt"] == 1
    assert body["now"] == "2026-03-04T12:00:00+00:00"
    assert "callback_url" not in body
    assert flow.headers[0]["idempotency-key"] == made.key == body["idempotency_key"]


async def test_measurements_come_with_the_output(agent: HttpAgent) -> None:
    outcome = await agent.send(call())
    assert isinstance(outcome, Completed)
    assert outcome.measurements == (Measured("search_precision", 0.9, 50),)


async def test_a_bare_object_is_the_output_and_nothing_is_an_empty_one(agent: HttpAgent) -> None:
    assert await agent.send(call("bare")) == Completed({"rows": 3})
    assert await agent.send(call("nothing")) == Completed({})


async def test_waits_come_from_the_agent(agent: HttpAgent) -> None:
    body, header = await agent.send(call("working")), await agent.send(call("late"))
    assert isinstance(body, Working)
    assert body.poll_after == timedelta(seconds=2)
    assert isinstance(header, Working)
    assert header.poll_after == timedelta(seconds=7)
    again = await agent.poll(replace(call("working"), handle=body.handle))
    assert isinstance(again, Working)
    assert again.poll_after == timedelta(seconds=0.2)


async def test_a_retry_waits_as_long_as_the_agent_asks(agent: HttpAgent) -> None:
    outcome = await agent.send(call("retryable"))
    assert outcome == Failed("503 Service Unavailable: try later", True, timedelta(seconds=30))


async def test_a_ticket_without_a_number_is_refused(agent: HttpAgent) -> None:
    outcome = await agent.send(call("lost_ticket"))
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert "names no status_url" in outcome.message


async def test_a_redirect_within_the_origin_is_followed(agent: HttpAgent, flow: Flow) -> None:
    assert await agent.send(call("moved")) == Completed({"stolen": True})
    assert flow.peer.forbidden == ["/forbidden"]


async def test_a_redirect_to_another_port_is_not(agent: HttpAgent) -> None:
    outcome = await agent.send(call("elsewhere"))
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert "redirects to other hosts are not followed" in outcome.message


async def test_an_agent_that_is_not_there_may_come_back() -> None:
    agent = agent_at(f"http://127.0.0.1:{free_port()}/run")
    outcome = await agent.send(call())
    assert isinstance(outcome, Failed)
    assert outcome.retryable
    assert "cannot be reached" in outcome.message
    await agent.aclose()


async def test_a_private_address_is_refused_unless_allowed(url: str) -> None:
    agent = HttpAgent(f"{url}/run", client(Guard()))
    outcome = await agent.send(call())
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert "allow_private" in outcome.message
    await agent.aclose()


async def test_what_cannot_be_repeated_is_asked_of_a_person(url: str, flow: Flow) -> None:
    agent = agent_at(f"{url}/run", idempotent=False)
    before = replace(call(), sent_before=True)
    question = await agent.send(before)
    assert isinstance(question, Needs)
    assert "Was it done?" in question.prompt
    assert flow.seen == []
    asked = replace(before, handle=stored(question.handle))
    assert await agent.poll(asked) == question
    assert await agent.send(replace(asked, answer="perhaps")) == question
    assert await agent.send(replace(asked, answer="yes")) == Completed({})
    assert await agent.send(replace(asked, answer={"rows": 3})) == Completed({"rows": 3})
    assert flow.seen == []
    again = await agent.send(replace(asked, answer="no"))
    assert isinstance(again, Completed)
    assert again.output["said"] == "hello"
    assert len(flow.seen) == 1
    await agent.aclose()


async def test_a_task_declared_idempotent_may_be_repeated(url: str) -> None:
    agent = agent_at(f"{url}/run", idempotent=False)
    outcome = await agent.send(replace(call(), sent_before=True, idempotent=True))
    assert isinstance(outcome, Completed)
    await agent.aclose()


async def test_a_lost_reply_of_what_cannot_be_repeated_is_asked_about() -> None:
    peer = Peer(agent_at("http://127.0.0.1:9"))
    async with raw(Evil(peer).handle) as url:
        agent = agent_at(url, idempotent=False)
        assert isinstance(await agent.send(call("dying")), Needs)
        assert sum(peer.executed.values()) == 1
        await agent.aclose()


async def test_each_answer_has_a_key_of_its_own(agent: HttpAgent, flow: Flow) -> None:
    made = call("needs")
    question = await agent.send(made)
    assert isinstance(question, Needs)
    answered = replace(made, handle=stored(question.handle), answer="ENG")
    await agent.send(answered)
    await agent.send(answered)
    await agent.send(replace(answered, handle={"turn": 2}))
    keys = [h["idempotency-key"] for h in flow.headers]
    assert keys[0] == made.key
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3


async def test_a_status_that_cannot_be_read_is_read_again_and_given_up_in_the_end() -> None:
    agent = agent_at("http://127.0.0.1:9/run")
    made = replace(call(), handle={"status_url": f"http://127.0.0.1:{free_port()}/run/1"})
    outcome = await agent.poll(made)
    assert isinstance(outcome, Working)
    assert outcome.handle["misses"] == 1
    assert outcome.poll_after == timedelta(seconds=1)
    last = await follow(agent, made, outcome)
    assert isinstance(last, Failed)
    assert last.retryable
    assert "could not be read 11 times" in last.message
    await agent.aclose()


async def test_a_status_that_was_read_forgets_the_misses(agent: HttpAgent, url: str) -> None:
    made = replace(call(), handle={"status_url": f"{url}/run/k", "misses": 9})
    outcome = await agent.poll(made)
    assert isinstance(outcome, Working)
    assert outcome.handle == {"status_url": f"{url}/run/k"}


async def test_a_status_url_may_not_lead_to_a_forbidden_address(agent: HttpAgent) -> None:
    made = replace(call(), handle={"status_url": "http://169.254.169.254/latest"})
    outcome = await agent.poll(made)
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert "metadata service" in outcome.message


async def test_callbacks_are_offered_where_the_api_can_be_reached(url: str, flow: Flow) -> None:
    callbacks = Callbacks("https://sojourn.example/api", b"0123456789abcdef")
    agent = agent_at(f"{url}/run", callbacks=callbacks)
    made = call("lost_ticket")
    outcome = await agent.send(made)
    body = flow.seen[0]
    assert body["callback_url"] == (
        f"https://sojourn.example/api/callbacks/{body['callback_token']}"
    )
    assert isinstance(outcome, Working)
    waiting = await agent.poll(replace(made, handle=stored(outcome.handle)))
    assert isinstance(waiting, Working)
    assert waiting.poll_after >= timedelta(minutes=1)
    await agent.aclose()


async def test_an_answer_may_be_as_large_as_the_entry_says(url: str) -> None:
    body = reply(orjson.dumps({"output": {"text": "x" * 2 * LIMIT}}))

    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(body)
        await writer.drain()

    async with raw(large) as there:
        small = agent_at(there)
        assert isinstance(await small.send(call()), Failed)
        guard = Guard(allow_private=True)
        agent = HttpAgent(there, client(guard, 4 * LIMIT), limit=4 * LIMIT)
        assert isinstance(await finish(agent, call()), Completed)
        await small.aclose()
        await agent.aclose()


CALLBACKS = Callbacks("https://sojourn.example", b"0123456789abcdef")
STARTED = b'{"message":"Workflow was started"}'


@dataclass
class Builder:
    """A flow builder: whatever comes, it answers at once with what it always answers."""

    body: bytes = STARTED
    status: str = "200 OK"
    dies: bool = False
    taken: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        self.taken += 1
        writer.write(b"" if self.dies else reply(self.body, self.status, "Connection: close"))


@asynccontextmanager
async def built(builder: Builder, **options: Any) -> AsyncIterator[HttpAgent]:
    given = {"callbacks": CALLBACKS, "by_callback": True, "idempotent": False} | options
    async with raw(builder.handle) as url:
        agent = agent_at(url, **given)
        yield agent
        await agent.aclose()


@pytest.mark.parametrize(
    "body",
    [
        STARTED,
        b"",
        b"Workflow got started.",
        b"[1]",
        b'{"status":"completed","output":{"a":1}}',
        b'{"output":{"a":1}}',
        b'{"status":"ok"}',
    ],
)
async def test_that_a_flow_has_started_does_not_count_as_done(body: bytes) -> None:
    async with built(Builder(body)) as agent:
        outcome = await agent.send(call())
        assert isinstance(outcome, Working), outcome
        assert outcome.handle == {"callback": True}
        waits = await agent.poll(replace(call(), handle=outcome.handle))
        assert waits == Working({"callback": True}, timedelta(minutes=5))
        back = replace(call(), handle=outcome.handle, called_back={"output": {"a": 2}})
        assert await agent.poll(back) == Completed({"a": 2})


async def test_without_the_setting_a_flows_answer_is_its_output() -> None:
    async with built(Builder(), by_callback=False) as agent:
        assert await agent.send(call()) == Completed({"message": "Workflow was started"})


async def test_a_flow_that_refuses_or_asks_at_once_is_heard() -> None:
    async with built(Builder(b'{"message":"not registered"}', "404 Not Found")) as agent:
        assert await agent.send(call()) == Failed("404 Not Found: not registered", retryable=False)
    async with built(Builder(b'{"status":"failed","message":"no space"}')) as agent:
        assert await agent.send(call()) == Failed("no space")
    body = b'{"status":"input-required","prompt":"Which?","answer_url":"/go-on"}'
    async with built(Builder(body)) as agent:
        question = await agent.send(call())
        assert isinstance(question, Needs)
        assert question.handle["answer_url"].endswith("/go-on")


async def test_a_flow_that_may_be_asked_is_asked() -> None:
    async with built(Builder(b'{"status_url":"/status"}')) as agent:
        outcome = await agent.send(call())
        assert isinstance(outcome, Working)
        assert outcome.handle["status_url"].endswith("/status")


async def test_a_flow_that_has_nowhere_to_call_back_is_not_started() -> None:
    builder = Builder()
    async with built(builder, callbacks=None) as agent:
        outcome = await agent.send(call())
    assert isinstance(outcome, Failed)
    assert "set SOJOURN_PUBLIC_URL" in outcome.message
    assert builder.taken == 0


async def test_a_flow_whose_reply_was_lost_has_time_to_call_back_before_a_person_is_asked() -> None:
    builder = Builder(dies=True)
    async with built(builder) as agent:
        made = call()
        waits = await agent.send(made)
        assert isinstance(waits, Working), waits
        assert waits.poll_after == timedelta(minutes=5)
        assert await agent.send(replace(made, sent_before=True)) == waits
        held = replace(made, handle=stored(waits.handle))
        done = {"status": "completed", "output": {"a": 1}}
        assert await agent.poll(replace(held, called_back=done)) == Completed({"a": 1})
        again = replace(made, sent_before=True, called_back=done)
        assert await agent.send(again) == Completed({"a": 1})
        goes_on = await agent.poll(replace(held, called_back={"status": "working"}))
        assert isinstance(goes_on, Working)
        assert goes_on.handle == {"callback": True}
        question = await agent.poll(held)
        assert isinstance(question, Needs)
        assert builder.taken == 1
        builder.dies = False
        told = replace(made, handle=stored(question.handle), answer="no")
        sent = await agent.send(told)
        assert isinstance(sent, Working)
        assert sent.handle == {"callback": True}
        assert builder.taken == 2


async def test_an_answer_that_may_have_been_lost_is_sent_again_though_its_agent_called_back() -> (
    None
):
    builder = Builder(b'{"status":"input-required","prompt":"Which?","status_url":"/status"}')
    async with built(builder, by_callback=False, idempotent=True) as agent:
        question = await agent.send(call())
        assert isinstance(question, Needs)
        builder.body = b'{"status":"working"}'
        # Of an agent that can be asked only the time of its callback is kept.
        back = {"at": "2026-01-01T00:00:00+00:00"}
        made = replace(call(), handle=stored(question.handle), answer="ENG", sent_before=True)
        outcome = await agent.send(replace(made, called_back=back))
        assert isinstance(outcome, Working), outcome
        assert outcome.handle["status_url"].endswith("/status")
        assert builder.taken == 2
