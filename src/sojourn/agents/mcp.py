"""Agents that are tools of MCP servers, over streamable HTTP or a program's standard input."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

import anyio
import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    CONNECTION_CLOSED,
    INTERNAL_ERROR,
    REQUEST_TIMEOUT,
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    InputRequiredResult,
    RequestParamsMeta,
    Tool,
)

from sojourn.agents import doubt
from sojourn.agents.about import EXTENSION, about
from sojourn.agents.credentials import secret
from sojourn.agents.guard import Guard
from sojourn.agents.mcp_parts import answers, outcome_of, repeatable
from sojourn.agents.mcp_wire import UNSENT, Credentials, Witness, http_client
from sojourn.agents.redact import redact
from sojourn.agents.reply import retry_after, retryable
from sojourn.agents.shape import LIMIT, BadAnswer
from sojourn.agents.spec import AgentSpec
from sojourn.agents.trouble import FINAL, lost, unreachable
from sojourn.core.outcomes import Call, Failed, Outcome, Working

PAGES: Final = 20
PASSING: Final = (INTERNAL_ERROR, CONNECTION_CLOSED, REQUEST_TIMEOUT)
"""Errors of the protocol that may pass; all others say that the request was wrong."""
VANISHED: Final = (CONNECTION_CLOSED, REQUEST_TIMEOUT)
GONE: Final = (
    TimeoutError,
    OSError,
    httpx2.TransportError,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
)
"""Errors after which nobody knows whether the call arrived."""

Open = Callable[[Witness], AbstractAsyncContextManager[Any]]


class McpAgent:
    """Calls one tool; every call connects, looks the tool up, calls it and disconnects."""

    def __init__(
        self, opening: Open, tool: str, *, idempotent: bool | None = None, limit: int = LIMIT
    ) -> None:
        """``opening`` makes a transport. ``idempotent`` None: as the tool says of itself."""
        self._opening = opening
        self._tool = tool
        self._idempotent = idempotent
        self._limit = limit

    async def send(self, call: Call) -> Outcome:
        """Call the tool, or call it again with a person's answer."""
        if doubt.asked(call):
            decision = doubt.decided(call)
            return await self._call(decision) if isinstance(decision, Call) else decision
        return await self._call(call)

    async def poll(self, call: Call) -> Outcome:
        """Call again where the reply was lost; a tool is done when it answers, or not at all."""
        handle = call.handle or {}
        if doubt.asked(call):
            return doubt.ask(call)
        again = replace(call, answer=handle.get("answer"), sent_before=True)
        return await self._call(again) if "lost" in handle else Working(handle)

    async def cancel(self, call: Call) -> None:
        """Do nothing: a call of a tool ends with the connection, and none is kept."""

    async def tool(self) -> Mapping[str, Any]:
        """Return the server and the tool as they describe themselves; raises what goes wrong."""
        witness = Witness()
        try:
            async with self._connected(witness) as client:
                return described(client, await self._found(client))
        except Exception as error:  # noqa: BLE001 -- a group of errors is told as its first
            raise witnessed(error, witness) from None

    async def _call(self, call: Call) -> Outcome:
        seconds, witness = call.timeout.total_seconds(), Witness()
        safe, limit = self._idempotent or call.idempotent, asyncio.timeout(seconds)
        try:
            async with limit, self._connected(witness) as client:
                tool = await self._found(client)
                safe = safe or (self._idempotent is None and repeatable(tool))
                if call.sent_before and not safe:
                    return doubt.ask(call)
                witness.begin()
                result = await self._asked(client, call)
            return outcome_of(result, call, self._limit)
        except Exception as error:  # noqa: BLE001 -- an SDK may raise anything on a hostile answer
            late = TimeoutError(f"no answer within {seconds:g} s") if limit.expired() else None
            return self._failed(late or witnessed(error, witness), witness, call, safe=bool(safe))

    async def _asked(self, client: Client, call: Call) -> CallToolResult | InputRequiredResult:
        return await client.session.call_tool(
            self._tool,
            dict(call.input_data),
            input_responses=answers(call),
            request_state=(call.handle or {}).get("request_state"),
            meta=_meta(call),
            allow_input_required=True,
        )

    def _failed(self, error: BaseException, witness: Witness, call: Call, *, safe: bool) -> Outcome:
        failed = trouble(error, witness.response)
        if not (witness.calling and vanished(error, witness.response)):
            return failed
        return lost(call, failed.message) if safe else doubt.ask(call)

    async def _found(self, client: Client) -> Tool:
        """Return the tool; raises BadAnswer with what there is if the server lacks it."""
        names: list[str] = []
        cursor = None
        for _ in range(PAGES):
            page = await client.list_tools(cursor=cursor)
            for tool in page.tools:
                if tool.name == self._tool:
                    return tool
                names.append(tool.name)
            cursor = page.next_cursor
            if cursor is None:
                break
        close = get_close_matches(self._tool, names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(names[:20])}"
        raise BadAnswer(f"the server has no tool {self._tool!r}; {hint}")

    @asynccontextmanager
    async def _connected(self, witness: Witness) -> AsyncIterator[Client]:
        async with Client(self._opening(witness), elicitation_callback=_nobody) as client:
            yield client


def witnessed(error: BaseException, witness: Witness) -> BaseException:
    """Return what really went wrong: what was seen below the SDK, or the first of its errors."""
    return witness.error or innermost(error)


def trouble(error: BaseException, refused: httpx2.Response | None) -> Failed:
    """Return the failure that an error stands for; a refusal by HTTP counts before the SDK's."""
    if isinstance(error, FINAL):
        return Failed(redact(str(error)), retryable=False)
    if isinstance(error, UNSENT):
        return unreachable(error)
    if isinstance(error, FileNotFoundError | PermissionError):
        return Failed(redact(f"the program cannot be started: {error}"), retryable=False)
    if refused is not None:
        return _refused(refused)
    if isinstance(error, GONE):
        return Failed(redact(str(error) or f"the connection broke: {type(error).__name__}"))
    if isinstance(error, MCPError):
        return Failed(redact(error.message), retryable=error.code in PASSING)
    return Failed(redact(f"the answer cannot be used: {type(error).__name__}: {error}"), False)


def vanished(error: BaseException, refused: httpx2.Response | None) -> bool:
    """Say whether a call may have arrived though its reply did not."""
    if refused is not None or isinstance(error, (*FINAL, *UNSENT)):
        return False
    if isinstance(error, MCPError):
        return error.code in VANISHED
    return isinstance(error, GONE)


def innermost(error: BaseException) -> BaseException:
    """Return the first error of a group, or the error itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def described(client: Client, tool: Tool) -> Mapping[str, Any]:
    """Return a server and one of its tools as plain data."""
    server = client.server_info
    return {
        "server": server.model_dump(exclude_none=True) if server else {},
        "protocol_version": client.protocol_version,
        "tool": tool.model_dump(by_alias=True, exclude_none=True, mode="json"),
    }


def over_http(spec: AgentSpec, guard: Guard) -> Open:
    """Return what opens a connection to a server over streamable HTTP."""
    url = spec.url or ""
    auth = Credentials(spec.auth, url, guard) if spec.auth else None

    @asynccontextmanager
    async def opening(witness: Witness) -> AsyncIterator[Any]:
        limit = spec.max_answer_bytes
        async with (
            http_client(guard, witness, limit, auth) as web,
            streamable_http_client(url, http_client=web, max_sse_event_size=limit) as streams,
        ):
            yield streams

    return opening


def over_stdio(spec: AgentSpec) -> Open:
    """Return what starts a program and talks to it; it sees only the variables that are named."""
    command, *arguments = spec.command or ("",)

    @asynccontextmanager
    async def opening(_: Witness) -> AsyncIterator[Any]:
        seen = {name: secret(name) for name in spec.env}
        program = StdioServerParameters(command=command, args=arguments, env=seen)
        with Path(os.devnull).open("w") as nowhere:  # noqa: ASYNC230 -- the null device
            async with stdio_client(program, errlog=nowhere) as streams:
                yield streams

    return opening


def build(spec: AgentSpec, guard: Guard) -> McpAgent:
    """Return the agent of an entry."""
    opening = over_http(spec, guard) if spec.url else over_stdio(spec)
    return McpAgent(
        opening, spec.tool or "", idempotent=spec.idempotent, limit=spec.max_answer_bytes
    )


async def _nobody(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG001
    """Answer a question asked while a tool runs: nobody can wait for a person that long."""
    return ElicitResult(action="cancel")


def _meta(call: Call) -> RequestParamsMeta:
    told: Any = {EXTENSION: about(call)}
    return cast("RequestParamsMeta", told)


def _refused(response: httpx2.Response) -> Failed:
    code = response.status_code
    if response.has_redirect_location:
        where = response.headers["location"]
        return Failed(redact(f"redirected to {where}, which is not followed"), retryable=False)
    message = redact(f"{code} {response.reason_phrase}")
    return Failed(message, retryable(code), retry_after(response.headers))
