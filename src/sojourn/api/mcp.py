"""Sojourn as an MCP server: the errands as tools, over streamable HTTP without sessions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from sojourn.api.auth import unauthenticated
from sojourn.api.callers import Caller
from sojourn.api.context import context_of, door_of
from sojourn.api.errands import ERRANDS, Errand
from sojourn.api.problems import ProblemError, problem_of
from sojourn.api.repeats import once_only
from sojourn.control.keys import Principal
from sojourn.core.work import hint

PATH: Final = "/mcp"
KEY: Final = "idempotency_key"
LONGEST_KEY: Final = 200
LEFT_OUT: Final = ("until",)
"""Arguments that only a protocol with tasks can heed."""
UNDOES: Final = ("initiate_rollback",)
INSTRUCTIONS: Final = (
    "Onboarding of client companies, stage by stage. Begin with list_stuck or explain. Tools that "
    "change something need a reason, and take an idempotency_key: with the same key a thing is done "
    "once, however often it is asked for. You act within the roles of your key."
)
WhoAsks = Callable[[Request], Principal | None]
log = structlog.get_logger()


class McpFace:
    """The server and its route; it serves while :meth:`running` is open."""

    def __init__(self, who_asks: WhoAsks, version: str) -> None:
        """``who_asks`` says whose a request is, None for a stranger, who is refused."""
        self._who_asks = who_asks
        self._version = version
        self._manager: StreamableHTTPSessionManager | None = None

    @property
    def routes(self) -> list[BaseRoute]:
        """Return the route of the server, with and without a slash at its end."""
        methods = ["GET", "POST", "DELETE"]
        return [Route(p, _Endpoint(self), methods=methods) for p in (PATH, f"{PATH}/")]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the end of the block."""
        ready, stop = asyncio.Event(), asyncio.Event()
        # In a task of its own: the SDK's scopes are left by whoever entered them.
        serving = asyncio.create_task(self._serve(ready, stop))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            yield
        finally:
            stop.set()
            await serving

    async def _serve(self, ready: asyncio.Event, stop: asyncio.Event) -> None:
        # Whoever asks has shown a key: a name that leads elsewhere gains nothing by it.
        hosts = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self._manager = StreamableHTTPSessionManager(
            server(self._version, self._caller),
            json_response=True,
            stateless=True,
            security_settings=hosts,
        )
        async with self._manager.run():
            ready.set()
            await stop.wait()
        self._manager = None

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; refuses strangers."""
        if self._who_asks(Request(scope)) is None:
            raise unauthenticated("MCP needs a key")
        if self._manager is None:
            raise ProblemError(503, "the server is starting or stopping")
        await self._manager.handle_request(scope, receive, send)

    def _caller(self, request: Request) -> Caller:
        principal = self._who_asks(request)
        if principal is None:
            raise unauthenticated("MCP needs a key")
        return Caller(principal, context_of(request), door_of(request), request)


class _Endpoint:
    """A route's endpoint that is an ASGI application."""

    def __init__(self, face: McpFace) -> None:
        self._face = face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._face.serve(scope, receive, send)


def server(version: str, caller_of: Callable[[Request], Caller]) -> Server[dict[str, Any]]:
    """Return the MCP server; ``caller_of`` says who made a request."""

    async def list_tools(
        _: ServerRequestContext[dict[str, Any]], __: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[tool(errand) for errand in ERRANDS.values()])

    async def call_tool(
        context: ServerRequestContext[dict[str, Any]], params: CallToolRequestParams
    ) -> CallToolResult:
        if context.request is None:
            raise RuntimeError("a call without a request has no caller")
        return await called(caller_of(context.request), params.name, params.arguments or {})

    return Server(
        "sojourn",
        version=version,
        title="Sojourn",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def tool(errand: Errand) -> Tool:
    """Return an errand as a tool."""
    return Tool(
        name=errand.name,
        title=errand.title,
        description=errand.description,
        input_schema=_input(errand),
        output_schema=errand.gives.model_json_schema(mode="serialization"),
        annotations=ToolAnnotations(
            read_only_hint=not errand.writes,
            destructive_hint=errand.name in UNDOES,
            idempotent_hint=not errand.writes,
            open_world_hint=False,
        ),
    )


def _input(errand: Errand) -> dict[str, Any]:
    schema = errand.takes.model_json_schema()
    for name in LEFT_OUT:
        schema["properties"].pop(name, None)
    if errand.writes:
        told = "With the same key this is done once, however often it is asked for."
        given = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "description": told}
        schema["properties"][KEY] = given
    return schema


async def called(caller: Caller, name: str, arguments: dict[str, Any]) -> CallToolResult:
    """Carry a tool's errand out; whatever goes wrong is told in the result, for the model to read."""
    try:
        return await _carried_out(caller, name, dict(arguments))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        told = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults)
        return _failed(ProblemError(422, told))
    except Exception as error:
        problem = problem_of(error)
        if problem.code == "internal":
            log.error("a tool failed", tool=name, exc_info=error)
        return _failed(problem)


async def _carried_out(caller: Caller, name: str, arguments: dict[str, Any]) -> CallToolResult:
    errand = ERRANDS.get(name)
    if errand is None:
        raise ProblemError(404, f"there is no tool {name!r:.60}{hint(name, ERRANDS)}")
    key = arguments.pop(KEY, None) if errand.writes else None
    asked = errand.takes.model_validate(arguments)
    if key is None:
        return _told(errand, _document(await errand.run(caller, asked)))
    if not (isinstance(key, str) and 0 < len(key) <= LONGEST_KEY and key.isprintable()):
        raise ProblemError(422, f"{KEY} has 1 to {LONGEST_KEY} printable characters")

    async def work(own: Caller) -> dict[str, Any]:
        return _document(await errand.run(own, asked))

    told = {"errand": name, "arguments": asked.model_dump(mode="json")}
    return _told(errand, await once_only(caller, f"mcp:{key}", told, work))


def _document(given: BaseModel) -> dict[str, Any]:
    return given.model_dump(mode="json")


def _told(errand: Errand, document: dict[str, Any]) -> CallToolResult:
    text = str(document.get("text") or " ".join(document.get("sentences", ()))) or errand.title
    return CallToolResult(content=[TextContent(text=text)], structured_content=document)


def _failed(problem: ProblemError) -> CallToolResult:
    text = ". ".join(part.rstrip(".") for part in (problem.detail, problem.remedy) if part) + "."
    return CallToolResult(content=[TextContent(text=text)], is_error=True)
