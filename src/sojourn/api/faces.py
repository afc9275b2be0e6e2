"""What other agents see of us beside the API: an A2A agent and an MCP server, on the same port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from fastapi import FastAPI
from starlette.requests import Request

from sojourn.api import a2a
from sojourn.api.mcp import McpFace
from sojourn.control.keys import Principal

WhoAsks = Callable[[Request], Principal | None]


def authenticated(request: Request) -> Principal | None:
    """Return whose key it is that asks; None for a stranger.

    A browser's session does not count: any page could make its browser ask.
    """
    found = cast(Principal | None, getattr(request.state, "principal", None))
    return None if found is None or found.csrf else found


def add_faces(
    app: FastAPI,
    *,
    version: str,
    base: str | None = None,
    who_asks: WhoAsks = authenticated,
    guest: Principal | None = None,
) -> None:
    """Add both faces to the API's application.

    ``base`` is the server's public URL, for the card. ``guest`` is who strangers are taken for, for
    conformance kits that bring no key; without it they are refused.
    """

    def asks(request: Request) -> Principal | None:
        return who_asks(request) or guest

    mcp = McpFace(asks, version)
    app.router.routes += [*a2a.routes(asks, version=version, base=base), *mcp.routes]
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[None]:
        async with inner(served), mcp.running():
            yield

    app.router.lifespan_context = lifespan
