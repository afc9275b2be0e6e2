"""The service as a web application."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn.sandbox.search_service import (
    client_api,
    connectors_api,
    indexing_api,
    steering_api,
    tracker_api,
)
from sojourn.sandbox.search_service.access import answer
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.service import Options, Service

HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
APIS = (indexing_api, client_api, steering_api, tracker_api, connectors_api)


class Hardened:
    """Adds headers that keep browsers from guessing and caches from keeping."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, hardened)


def application(options: Options) -> FastAPI:
    """Return the application; its file is opened now and closed when it ends."""
    service = Service(options)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(title="Sandbox search service", lifespan=lifespan)
    app.state.service = service
    app.add_middleware(Hardened)
    app.add_exception_handler(Refused, _refused)
    for api in APIS:
        app.include_router(api.router)
    return app


def from_config(config: Mapping[str, Any], _: str) -> FastAPI:
    """Return the application of a process, from the configuration that its parent gives it."""
    path = config.get("path")
    return application(
        Options(
            config["secret"],
            float(config.get("wait", 0.0)),
            float(config.get("crawl_seconds", 0.0)),
            float(config.get("speed", 1.0)),
            Path(path) if path else None,
            bool(config.get("steady", False)),
        )
    )


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Refused) else 500
    response = answer({"message": str(error)}, status)
    if status == 401:
        response.headers["www-authenticate"] = "Bearer"
    return response
