"""An MCP server whose one tool behaves as it is told; run as a program it speaks over stdio."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, RequestStateSecurity
from mcp_types import (
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
    TextContent,
    ToolAnnotations,
)
from starlette.types import Scope

from sojourn.agents.about import EXTENSION
from tests.agents.a2a_peer import Between
from tests.agents.conformance import Peer
from tests.agents.servers import serving

Result = CallToolResult | InputRequiredResult


def text(said: str, *, error: bool = False, **meta: Any) -> CallToolResult:
    content: list[Any] = [TextContent(type="text", text=said)]
    told = {EXTENSION: meta} if meta else None
    return CallToolResult(content=content, is_error=error, _meta=told)


def structure(value: Any) -> CallToolResult:
    return CallToolResult(content=[], structured_content=value)


class Tool:
    """The tool's behaviours by name."""

    def __init__(self, peer: Peer | None) -> None:
        self.peer = peer
        self.told: list[dict[str, Any]] = []

    async def behave(self, behaviour: str, ctx: Context) -> Result:
        """Behave as told."""
        meta: Any = ctx.request_context.meta or {}
        told = dict(meta[EXTENSION])
        self.told.append(told)
        if self.peer is not None and ctx.input_responses is None:
            self.peer.executed[told["idempotency_key"]] = 1
        result: Result = await getattr(self, behaviour)(told, ctx)
        return result

    async def success(self, told: dict[str, Any], ctx: Context) -> Result:
        kept = {name: told[name] for name in ("fence", "task_id")}
        return structure({"said": "hello", "count": 3, **kept})

    twice = success

    async def dying(self, told: dict[str, Any], ctx: Context) -> Result:
        return structure({"said": "survived"})

    async def needs(self, told: dict[str, Any], ctx: Context) -> Result:
        answered = (ctx.input_responses or {}).get("space")
        if isinstance(answered, ElicitResult):
            assert ctx.request_state == "half-way"
            return structure({"space": (answered.content or {})["space"]})
        schema: Any = {"type": "object", "properties": {"space": {"type": "string"}}}
        params = ElicitRequestFormParams(message="which space?", requested_schema=schema)
        asked: Any = {"space": ElicitRequest(params=params)}
        return InputRequiredResult(input_requests=asked, request_state="half-way")

    async def auth(self, told: dict[str, Any], ctx: Context) -> Result:
        params = ElicitRequestURLParams(message="please log in", url="https://login.example/")
        asked: Any = {"login": ElicitRequest(params=params)}
        return InputRequiredResult(input_requests=asked)

    async def retryable(self, told: dict[str, Any], ctx: Context) -> Result:
        return text("try later", error=True)

    async def terminal(self, told: dict[str, Any], ctx: Context) -> Result:
        return text("no such space", error=True, retryable=False)

    async def secret(self, told: dict[str, Any], ctx: Context) -> Result:
        return text("password=hunter2 was refused", error=True)

    async def large(self, told: dict[str, Any], ctx: Context) -> Result:
        return text("x" * (3 << 20))

    async def silent(self, told: dict[str, Any], ctx: Context) -> Result:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def plain(self, told: dict[str, Any], ctx: Context) -> Result:
        return text("plain words")

    async def crash(self, told: dict[str, Any], ctx: Context) -> Result:
        os._exit(3)

    async def environment(self, told: dict[str, Any], ctx: Context) -> Result:
        return structure({name: os.environ.get(name) for name in ("PEER_TOKEN", "PEER_OTHER")})


def server_of(tool: Tool, *, idempotent: bool | None = True) -> MCPServer:
    sealed = RequestStateSecurity(keys=["0123456789abcdef0123456789abcdef"])
    server = MCPServer("peer", log_level="CRITICAL", request_state_security=sealed)
    hints = ToolAnnotations(idempotent_hint=idempotent)
    server.add_tool(tool.behave, name="behave", annotations=hints, structured_output=False)
    return server


class BetweenMcp(Between):
    """Breaks calls of the tool, and lets through what goes before."""

    def sends(self, scope: Scope, body: bytes) -> bool:
        return b"tools/call" in body


class Served:
    """A running server: its URL, its tool and what stands in between."""

    def __init__(self, url: str, tool: Tool, between: BetweenMcp) -> None:
        self.url = url
        self.tool = tool
        self.between = between


@asynccontextmanager
async def served(
    peer: Peer, *, idempotent: bool | None = True, json: bool = True
) -> AsyncIterator[Served]:
    """Serve the tool over streamable HTTP, its answers as JSON or as events."""
    tool = Tool(peer)
    server = server_of(tool, idempotent=idempotent)
    app = server.streamable_http_app(
        streamable_http_path="/mcp", stateless_http=True, json_response=json
    )
    between = BetweenMcp(app, peer)
    async with serving(between) as url:
        yield Served(f"{url}/mcp", tool, between)


if __name__ == "__main__":
    server_of(Tool(None)).run("stdio")
