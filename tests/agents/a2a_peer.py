"""An agent made with the A2A SDK's server, and what can go wrong between it and its caller."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from a2a.helpers import new_data_part, new_task_from_user_message, new_text_message, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.server.tasks import (
    BasePushNotificationSender,
    InMemoryPushNotificationConfigStore,
    InMemoryTaskStore,
    TaskUpdater,
)
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentExtension,
    AgentInterface,
    AgentSkill,
    Part,
)
from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn.agents.about import EXTENSION
from tests.agents.conformance import Peer
from tests.agents.servers import serving

BEHAVIOURS = ("garbage", "deep", "huge", "slow", "silent", "redirect", "dying")


class Executor(AgentExecutor):
    """Works as the message's ``behaviour`` says."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.messages: list[dict[str, Any]] = []
        self.login = asyncio.Event()
        self.go = asyncio.Event()

    async def execute(self, context: RequestContext, queue: EventQueue) -> None:
        assert context.message is not None
        said = MessageToDict(context.message)
        self.messages.append(said)
        if context.current_task is not None:
            await self.resumed(context, queue)
            return
        data = next(p["data"] for p in said["parts"] if "data" in p)
        about = said["metadata"][EXTENSION]
        self.peer.executed[said["messageId"]] += 1
        behaviour = getattr(self, data["behaviour"])
        if data["behaviour"] == "message":
            await queue.enqueue_event(
                new_text_message("plain words", context_id=context.context_id)
            )
            return
        task = new_task_from_user_message(context.message)
        await queue.enqueue_event(task)
        await behaviour(TaskUpdater(queue, task.id, task.context_id), about)

    async def cancel(self, context: RequestContext, queue: EventQueue) -> None:
        """Answer as if nobody had cancelled."""
        assert context.task_id is not None
        assert context.context_id is not None
        updater = TaskUpdater(queue, context.task_id, context.context_id)
        await finish(updater, {"said": "too late"})

    async def resumed(self, context: RequestContext, queue: EventQueue) -> None:
        task = context.current_task
        assert task is not None
        updater = TaskUpdater(queue, task.id, task.context_id)
        answer = context.get_user_input()
        if answer == "again":
            await updater.requires_input(updater.new_agent_message([Part(text="which one now?")]))
            return
        await finish(updater, {"space": answer})

    async def success(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        output = {"said": "hello", "count": 3, "fence": about["fence"], "task_id": about["task_id"]}
        await finish(updater, output)

    twice = success

    async def working(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await updater.start_work()
        await asyncio.sleep(0.15)
        await finish(updater, {"said": "at last"})

    async def waiting(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        """Work until the test says go."""
        await updater.start_work()
        await self.go.wait()
        await finish(updater, {"said": "gone"})

    async def dying(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await finish(updater, {"said": "survived"})

    async def late(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await updater.start_work()
        await asyncio.Event().wait()

    async def needs(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await updater.requires_input(updater.new_agent_message([Part(text="which space?")]))

    async def auth(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await updater.requires_auth(updater.new_agent_message([Part(text="please log in")]))

    async def login_elsewhere(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await updater.requires_auth(updater.new_agent_message([Part(text="please log in")]))
        await self.login.wait()
        await finish(updater, {"said": "logged in"})

    async def retryable(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await updater.failed(updater.new_agent_message([Part(text="try later")]))

    async def terminal(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await updater.reject(updater.new_agent_message([Part(text="no such space")]))

    async def final(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        message = updater.new_agent_message([Part(text="never")], metadata={"retryable": False})
        await updater.failed(message)

    async def secret(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        raise ValueError("password=hunter2 was refused")

    async def message(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        raise AssertionError("answered without a task")

    async def parts(self, updater: TaskUpdater, about: dict[str, Any]) -> None:
        await updater.add_artifact([new_data_part({"documents": 120, "rate": 0.5})], name="counts")
        await updater.add_artifact([new_text_part("all well"), new_data_part([1, 2])], name="notes")
        await updater.complete()


async def finish(updater: TaskUpdater, output: dict[str, Any]) -> None:
    await updater.add_artifact([new_data_part(output)], name="result")
    await updater.complete()


class Between:
    """Stands between caller and agent, and breaks what the behaviour says."""

    def __init__(self, app: ASGIApp, peer: Peer) -> None:
        self.app = app
        self.peer = peer
        self.deaths = 0
        self.unlisted = False
        self.cut = False
        """Whether streams break off after their first event."""
        self.garble = False
        """Whether streams cannot be read."""
        self.flood = False
        """Whether streams go on for ever after their first event, and say nothing."""
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/.well-known"):
            await self.app(scope, receive, send)
            return
        body = await whole(receive)
        self.headers.append({k.decode(): v.decode() for k, v in scope["headers"]})
        self.asked.append(method_of(scope, body))
        behaviour = next((b for b in BEHAVIOURS if f'"{b}"'.encode() in body), None)
        if self.unlisted and (b"ListTasks" in body or scope["path"].endswith("/tasks")):
            await answer(send, 501, b"{}")
        elif self.cut and "stream" in self.asked[-1].lower():
            await self.app(scope, again(body, receive), cutting(send))
        elif self.garble and "stream" in self.asked[-1].lower():
            await self.app(scope, again(body, receive), garbling(send))
        elif self.flood and "stream" in self.asked[-1].lower():
            await self.app(scope, again(body, receive), flooding(send, self.peer))
        elif behaviour and self.sends(scope, body):
            await getattr(self, behaviour)(scope, again(body, receive), send)
        else:
            await self.app(scope, again(body, receive), send)

    def sends(self, scope: Scope, body: bytes) -> bool:
        called = (b'"SendMessage"', b'"SendStreamingMessage"')
        paths = ("message:send", "message:stream")
        return any(name in body for name in called) or scope["path"].endswith(paths)

    async def garbage(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"<html>hello</html>")

    async def deep(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 200_000)

    async def huge(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(head(200))
        await receive()
        gone = asyncio.ensure_future(receive())
        while not gone.done() and self.peer.sent_bytes < 50 << 20:
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            self.peer.sent_bytes += 65536
            await asyncio.sleep(0)
        gone.cancel()

    async def slow(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(head(200))
        while True:
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.02)

    async def silent(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async def redirect(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 307, b"", location=b"http://169.254.169.254/latest")

    async def dying(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the agent work, and lose all but a part of its first reply."""
        self.deaths += 1
        if self.deaths > 1:
            await self.app(scope, receive, send)
            return
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.app(scope, receive, keep)
        await send(kept[0])
        await send({"type": "http.response.body", "body": b'{"jso', "more_body": True})
        raise ConnectionError("the reply was lost")


def method_of(scope: Scope, body: bytes) -> str:
    """Return the method of a request: JSON-RPC's name for it, or the end of the path."""
    if scope["path"] == "/":
        return str(orjson.loads(body).get("method"))
    return str(scope["path"].rpartition("/")[2])


def cutting(send: Send) -> Send:
    """Return what passes on the beginning of a stream, and then breaks."""

    async def cut(message: Message) -> None:
        await send(message)
        if message.get("body"):
            raise ConnectionError("the stream was cut")

    return cut


def garbling(send: Send) -> Send:
    """Return what passes nonsense on instead of what is said."""

    async def garble(message: Message) -> None:
        nonsense = {"body": b"data: {nonsense\n\n"} if message.get("body") else {}
        await send({**message, **nonsense})

    return garble


def flooding(send: Send, peer: Peer) -> Send:
    """Return what passes on the beginning of a stream, and then pours."""

    async def pour(message: Message) -> None:
        await send(message)
        if message.get("body"):
            for _ in range(1000):
                await send({**message, "body": b": " + b"x" * 65536 + b"\n", "more_body": True})
                peer.sent_bytes += 65536
                await asyncio.sleep(0)
            await asyncio.Event().wait()

    return pour


def head(status: int, **headers: bytes) -> Message:
    named = [(k.encode(), v) for k, v in headers.items()]
    fields = [(b"content-type", b"application/json"), *named]
    return {"type": "http.response.start", "status": status, "headers": fields}


async def answer(send: Send, status: int, body: bytes, **headers: bytes) -> None:
    await send(head(status, **headers))
    await send({"type": "http.response.body", "body": body})


async def whole(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def again(body: bytes, rest: Receive) -> Receive:
    """Return what lets an application read a body that has been read, and what follows it."""
    messages = [{"type": "http.request", "body": body}]

    async def receive() -> Message:
        return messages.pop() if messages else await rest()

    return receive


def card_of(url: str, bindings: list[str], **fields: Any) -> AgentCard:
    versions = {"JSONRPC": "1.0", "HTTP+JSON": "1.0"}
    return AgentCard(
        **{
            "name": "Peer",
            "description": "Behaves as it is told.",
            "version": "1.0.0",
            "capabilities": AgentCapabilities(extensions=[AgentExtension(uri=EXTENSION)]),
            "default_input_modes": ["application/json", "text/plain"],
            "default_output_modes": ["application/json"],
            "skills": [AgentSkill(id="behave", name="Behave", description="As told", tags=["x"])],
            "supported_interfaces": [
                AgentInterface(url=url, protocol_binding=b, protocol_version=versions[b])
                for b in bindings
            ],
            **fields,
        }
    )


class Served:
    """A running agent: its URL, its executor and what stands in between."""

    def __init__(self, url: str, executor: Executor, between: Between, card: AgentCard) -> None:
        self.url = url
        self.executor = executor
        self.between = between
        self.card = card


@asynccontextmanager
async def served(
    peer: Peer,
    bindings: list[str],
    push: httpx.AsyncClient | None = None,
    lies: bool = False,
    **fields: Any,
) -> AsyncIterator[Served]:
    """Serve an agent over the given bindings; ``push`` is what it sends its notifications with.

    One that ``lies`` can do nothing of what its card says that it can do beside the least.
    """
    executor = Executor(peer)
    card = card_of("http://placeholder", bindings, **fields)
    configs = InMemoryPushNotificationConfigStore()
    sender = BasePushNotificationSender(push, configs) if push else None
    own = card_of("", bindings) if lies else card
    handler = DefaultRequestHandler(
        executor, InMemoryTaskStore(), own, push_config_store=configs, push_sender=sender
    )
    routes = [
        *create_agent_card_routes(card),
        *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=True),
        *create_rest_routes(handler),
    ]
    between = Between(Starlette(routes=routes), peer)
    async with serving(between) as url:
        for interface in card.supported_interfaces:
            if interface.url == "http://placeholder":
                interface.url = f"{url}/" if interface.protocol_binding == "JSONRPC" else url
        try:
            yield Served(url, executor, between, card)
        finally:
            await handler.aclose()


def sent(served_: Served) -> list[Any]:
    """Return the metadata that came with each message."""
    return [orjson.loads(orjson.dumps(m["metadata"][EXTENSION])) for m in served_.executor.messages]
