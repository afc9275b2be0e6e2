"""Agents over A2A, through the official SDK: sent without blocking, found again by their context."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeVar

import httpx
from a2a.client import A2ACardResolver, Client, ClientCallContext, ClientConfig, ClientFactory
from a2a.client.errors import A2AClientTimeoutError
from a2a.client.service_parameters import ServiceParametersFactory, with_a2a_extensions
from a2a.types import (
    AgentCard,
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskState,
)
from a2a.utils.errors import (
    A2AError,
    InternalError,
    MethodNotFoundError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from google.protobuf.json_format import Error as ProtobufError
from google.protobuf.json_format import MessageToDict

from sojourn.agents import doubt
from sojourn.agents.a2a_parts import mark, outcome_of, replied, request, wanted_skill
from sojourn.agents.a2a_stream import Streams, task_id
from sojourn.agents.about import EXTENSION
from sojourn.agents.callbacks import Callbacks
from sojourn.agents.guard import checked_url
from sojourn.agents.redact import redact
from sojourn.agents.reply import refusal
from sojourn.agents.shape import LIMIT, BadAnswer
from sojourn.agents.trouble import FINAL, UNSENT, Lost, lost, missed, unreachable
from sojourn.core.outcomes import Call, Failed, Outcome

BINDINGS: Final = ["JSONRPC", "HTTP+JSON"]
WELL_KNOWN: Final = "/.well-known/agent-card.json"
CARD_SECONDS: Final = 300.0
"""How long a card is believed before it is fetched anew."""
POLL_SECONDS: Final = 30.0
CANCEL_SECONDS: Final = 5.0
UNLISTED: Final = (UnsupportedOperationError, MethodNotFoundError, NotImplementedError)
UNSERVED: Final = (404, 405, 501)
"""How an agent says that it cannot list its tasks: by its error, or by HTTP's."""
ASKING: Final = (TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED)

Found = TypeVar("Found")


class Opened(NamedTuple):
    """What is known of an agent from its card, until when; clients that answer and that stream."""

    until: float
    card: AgentCard
    client: Client
    streaming: Client


class A2aAgent:
    """Sends messages whose ids are functions of the attempt, and polls the tasks they become."""

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        idempotent: bool = False,
        skill: str | None = None,
        callbacks: Callbacks | None = None,
        limit: int = LIMIT,
        streams: Streams | None = None,
    ) -> None:
        """``url`` is the agent's base URL or that of its card.

        ``idempotent``: a message sent twice under one id is worked on once.
        """
        self._url = url
        self._http = client
        self._idempotent = idempotent
        self._skill = skill
        self._callbacks = callbacks
        self._limit = limit
        self._streams = streams or Streams()
        self._opened: Opened | None = None

    async def send(self, call: Call) -> Outcome:
        """Send the work or an answer; what may have been sent before is looked for first."""
        if doubt.asked(call):
            decision = doubt.decided(call)
            return await self._send(decision) if isinstance(decision, Call) else decision
        if call.sent_before or (call.handle or {}).get("asked"):
            return await self._again(call)
        return await self._send(call)

    async def poll(self, call: Call) -> Outcome:
        """Read the remote task; where the reply was lost, look for it and send again if need be."""
        handle = call.handle or {}
        if doubt.asked(call):
            return doubt.ask(call)
        if "lost" in handle or "remote_id" not in handle:
            return await self._again(replace(call, answer=handle.get("answer")))
        return await self._guarded(call, self._polled(call))

    async def cancel(self, call: Call) -> None:
        """Cancel the remote task, looked for by its context where its id is not known."""
        handle = call.handle or {}
        with suppress(Exception):
            async with asyncio.timeout(CANCEL_SECONDS):
                remote = handle.get("remote_id")
                if remote is None and (call.sent_before or "lost" in handle):
                    listed = await self._listed(call)
                    remote = listed.id if listed else None
                if remote:
                    client = (await self._open()).client
                    await client.cancel_task(CancelTaskRequest(id=remote))

    async def card(self) -> AgentCard:
        """Return the agent's card; raises what fetching it raises."""
        resolver = A2ACardResolver(self._http, self._url.removesuffix(WELL_KNOWN))
        path = "/" if self._url.endswith(".json") and WELL_KNOWN not in self._url else None
        return await resolver.get_agent_card(relative_card_path=path)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _send(self, call: Call) -> Outcome:
        """Send a message; a reply that is lost leaves the attempt to be looked for."""
        seconds = call.timeout.total_seconds()
        try:
            opened = await _within(seconds, self._open())
        except Lost as error:
            return Failed(redact(f"its card could not be read: {error}"))
        except Exception as error:  # noqa: BLE001 -- an SDK may raise anything on a hostile answer
            return trouble(error)
        try:
            return await _within(seconds, self._sent(call, opened))
        except Lost as error:
            return lost(call, str(error))
        except Exception as error:  # noqa: BLE001 -- an SDK may raise anything on a hostile answer
            return trouble(error)

    async def _again(self, call: Call) -> Outcome:
        """Look for what may have been sent; send it only if it is not there."""
        known = await self._guarded(call, self._adopted(call))
        return await self._send(call) if known is None else known

    async def _guarded(self, call: Call, work: Awaitable[Found]) -> Found | Outcome:
        """Return the outcome of looking something up; trouble means looking again later."""
        seconds = min(call.timeout.total_seconds(), POLL_SECONDS)
        try:
            return await _within(seconds, work)
        except TaskNotFoundError:
            return Failed("the agent no longer knows the task")
        except Lost as error:
            return _later(call, Failed(str(error)))
        except Exception as error:  # noqa: BLE001 -- an SDK may raise anything on a hostile answer
            failed = trouble(error)
            return _later(call, failed) if failed.retryable else failed

    async def _sent(self, call: Call, opened: Opened) -> Outcome:
        asked = request(call, opened.card, self._callbacks)
        context = self._context(opened.card, call.timeout.total_seconds())
        if self._streams.offered(opened.card):
            try:
                return await self._watched(
                    call, opened.streaming.send_message(asked, context=context)
                )
            except Exception as error:
                if garbled(error):
                    self._streams.distrust()
                    raise Lost(f"its stream cannot be read: {error}") from None
                if not unlisted(error):
                    raise
        return self._outcome(await first(opened.client, asked, context), call)

    async def _polled(self, call: Call) -> Outcome:
        """Watch the task for a while where the agent streams; else, and where that fails, read it."""
        remote = str((call.handle or {})["remote_id"])
        opened = await self._open()
        if self._streams.offered(opened.card):
            asked = SubscribeToTaskRequest(id=remote)
            context = self._context(opened.card, POLL_SECONDS)
            with suppress(Exception):  # an agent refuses it for a task that has ended
                return await self._watched(call, opened.streaming.subscribe(asked, context=context))
        return outcome_of(await self._task(remote), call, self._limit)

    async def _watched(self, call: Call, events: AsyncIterator[StreamResponse]) -> Outcome:
        """Return the outcome of a task that a stream tells of; its end is read, not believed."""
        told, more = await self._streams.watch(events, call.timeout.total_seconds())
        if told.HasField("message"):
            return replied(told.message, call, self._limit)
        if more:
            with suppress(Exception):  # it is polled instead
                return outcome_of(await self._task(task_id(told)), call, self._limit)
        task = told.task if told.HasField("task") else await self._task(task_id(told))
        return outcome_of(task, call, self._limit)

    async def _adopted(self, call: Call) -> Outcome | None:
        """Return what became of what may have been sent; None where it is to be sent."""
        remote = (call.handle or {}).get("remote_id")
        if remote is not None:
            return await self._answered(call, await self._task(remote))
        try:
            listed = await self._listed(call)
        except (A2AError, NotImplementedError) as error:
            if not unlisted(error):
                raise
            repeatable = self._idempotent or call.idempotent
            return None if repeatable else doubt.ask(call)
        if listed is None:
            return None
        return outcome_of(await self._task(listed.id), call, self._limit)

    async def _answered(self, call: Call, task: Task) -> Outcome | None:
        """Let an answer be sent only while its own question is open, not once the task moved on."""
        same = mark(task) == (call.handle or {}).get("asked")
        if task.status.state in ASKING and same and call.answer is not None:
            return None
        return outcome_of(task, call, self._limit)

    async def _task(self, remote: str) -> Task:
        client = (await self._open()).client
        return await client.get_task(GetTaskRequest(id=remote, history_length=0))

    async def _listed(self, call: Call) -> Task | None:
        """Return the newest task of the attempt's context, if there is one."""
        client = (await self._open()).client
        wanted = ListTasksRequest(context_id=call.context_id, page_size=10, history_length=0)
        tasks = [
            t for t in (await client.list_tasks(wanted)).tasks if t.context_id == call.context_id
        ]
        return max(tasks, key=lambda t: t.status.timestamp.ToNanoseconds(), default=None)

    def _outcome(self, event: StreamResponse, call: Call) -> Outcome:
        if event.HasField("message"):
            return replied(event.message, call, self._limit)
        return outcome_of(event.task, call, self._limit)

    def _context(self, card: AgentCard, seconds: float) -> ClientCallContext:
        known = any(extension.uri == EXTENSION for extension in card.capabilities.extensions)
        headers = ServiceParametersFactory.create(
            [with_a2a_extensions([EXTENSION] if known else [])]
        )
        return ClientCallContext(timeout=seconds, service_parameters=headers)

    async def _open(self) -> Opened:
        """Return the card and clients made after it, all anew every few minutes."""
        now = asyncio.get_running_loop().time()
        if self._opened is None or now > self._opened.until:
            card = await self.card()
            wanted_skill(card, self._skill)
            clients = connect(card, self._http), connect(card, self._http, streaming=True)
            self._opened = Opened(now + CARD_SECONDS, card, *clients)
        return self._opened


def connect(card: AgentCard, client: httpx.AsyncClient, *, streaming: bool = False) -> Client:
    """Return a client for a binding that the card and we know; raises BadAnswer if there is none."""
    config = ClientConfig(
        httpx_client=client,
        streaming=streaming,
        polling=not streaming,
        supported_protocol_bindings=BINDINGS,
    )
    for interface in card.supported_interfaces:
        if interface.protocol_binding in BINDINGS:
            checked_url(interface.url)
    try:
        return ClientFactory(config).create(card)
    except ValueError as error:
        offered = ", ".join(i.protocol_binding for i in card.supported_interfaces) or "none"
        raise BadAnswer(f"its card offers {offered}; we speak {', '.join(BINDINGS)}") from error


def unlisted(error: Exception) -> bool:
    """Say whether an error means that an agent cannot list its tasks."""
    cause = error.__cause__
    if isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code in UNSERVED:
        return True
    return isinstance(error, UNLISTED)


def garbled(error: BaseException) -> bool:
    """Say whether an error means that what came cannot be read, though it may well be at work."""
    return any(
        isinstance(e, json.JSONDecodeError | ProtobufError) for e in (error, error.__cause__)
    )


async def first(
    client: Client, asked: SendMessageRequest, context: ClientCallContext
) -> StreamResponse:
    """Return the one event that answers a message sent without blocking."""
    async for event in client.send_message(asked, context=context):
        return event
    raise BadAnswer("the agent answered with nothing")


def trouble(error: BaseException) -> Failed:
    """Return the failure that an error of the SDK stands for.

    What HTTP said counts first; InternalError is JSON-RPC's 500; all else is final.
    """
    cause = error.__cause__ or error
    if isinstance(cause, httpx.HTTPStatusError):
        return refusal(cause.response)
    if isinstance(cause, UNSENT):
        return unreachable(cause)
    if isinstance(error, FINAL):
        return Failed(redact(str(error)), retryable=False)
    if isinstance(error, A2AError):
        return Failed(redact(str(error)), retryable=isinstance(error, InternalError))
    if isinstance(error, ProtobufError | ValueError | LookupError | TypeError | RecursionError):
        kind = type(error).__name__
        return Failed(redact(f"the answer cannot be used: {kind}: {error}"), retryable=False)
    return Failed(redact(f"{type(error).__name__}: {error}"))


def _later(call: Call, failed: Failed) -> Outcome:
    """Return that looking something up is tried again; an answer on its way is kept."""
    if call.answer is not None:
        return lost(call, failed.message)
    return missed(call, failed.message, failed.retry_after)


async def _within(seconds: float, work: Awaitable[Found]) -> Found:
    """Await work for so long; raises Lost where a reply may be on its way that will not be read."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except (TimeoutError, A2AClientTimeoutError) as error:
        if isinstance(error.__cause__, UNSENT):
            raise
        raise Lost(f"no answer within {seconds:g} s") from None
    except A2AError as error:
        cause = error.__cause__
        if isinstance(cause, httpx.TransportError) and not isinstance(cause, UNSENT):
            raise Lost(f"{type(cause).__name__}: {cause}") from None
        raise


async def examined(url: str, client: httpx.AsyncClient, skill: str | None) -> Mapping[str, Any]:
    """Return an agent's card as plain data; raises what makes the agent unusable."""
    card = await A2aAgent(url, client).card()
    wanted_skill(card, skill)
    connect(card, client)
    found: Mapping[str, Any] = MessageToDict(card)
    return found
