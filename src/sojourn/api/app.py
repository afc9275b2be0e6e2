"""The application: every router under its conventions, and what runs while it serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from sojourn.agents.directory import Directory
from sojourn.api import (
    accounts,
    actions,
    agents,
    alerts,
    gates,
    health,
    journal,
    journeys,
    measurements,
    paths,
    portfolio,
    stream,
    tasks,
    webhooks,
    work,
)
from sojourn.api.auth import Authentication, note
from sojourn.api.bounds import HEADER, Bounds
from sojourn.api.context import Context, Engine, Options, context_of
from sojourn.api.feed import Feed
from sojourn.api.instruments import Instruments
from sojourn.api.keyring import Keyring
from sojourn.api.once import Once
from sojourn.api.problems import handle
from sojourn.api.schema import describe, methods_at
from sojourn.api.tracing import Traced
from sojourn.control.door import Door, NotFoundError, RefusedError
from sojourn.core.work import InvalidWork
from sojourn.paths import PathError
from sojourn.store.errors import DatabaseUnavailable
from sojourn.store.idempotency import LostPlace
from sojourn.store.stopping import stopped

ROUTERS = (
    journeys.journeys,
    actions.actions,
    gates.gates,
    work.work,
    tasks.tasks,
    measurements.measurements,
    stream.stream,
    journal.journal,
    alerts.alerts,
    portfolio.portfolio,
    paths.paths,
    agents.agents,
    webhooks.webhooks,
    accounts.accounts,
    accounts.pages,
    health.health,
)
FORESEEN = (
    HTTPException,
    RequestValidationError,
    RefusedError,
    NotFoundError,
    InvalidWork,
    PathError,
    DatabaseUnavailable,
    LostPlace,
    Exception,
)
BULK = "/api/v1/measurements"
log = structlog.get_logger()


def create_app(
    door: Door, agents: Directory, options: Options | None = None, engine: Engine | None = None
) -> FastAPI:
    """Return the API of an open application.

    ``engine`` runs beside it while it serves (None: elsewhere), and is cancelled at the end. A
    server should be given a limit for its graceful shutdown, for streams last until then.
    """
    options = options or Options()
    context = Context(door, agents, options, Feed(door.db), Keyring(), Instruments())
    app = FastAPI(
        title="Sojourn",
        version=options.version,
        lifespan=partial(_lifespan, engine=engine),
        redoc_url=None,
        docs_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.state.context = context
    for router in ROUTERS:
        app.include_router(router)
    for kind in FORESEEN:
        app.add_exception_handler(kind, _answer)
    _stand_before(app, context)
    describe(app)
    return app


def _stand_before(app: FastAPI, context: Context) -> None:
    """Put what stands before the routes in its order: the one added last comes first."""
    options = context.options
    app.add_middleware(Once)
    app.add_middleware(Authentication)
    if options.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(options.cors_origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
            expose_headers=["ETag", "Location", HEADER],
        )
    app.add_middleware(
        Bounds,
        instruments=context.instruments,
        body=options.body,
        bulk=(BULK, options.bulk_body),
    )
    app.add_middleware(Traced)


async def _answer(request: Request, error: Exception) -> Response:
    """Answer an exception; that somebody lacks a role goes into the journey's journal as well."""
    response = await handle(request, error)
    if response.status_code == 405:
        response.headers["Allow"] = ", ".join(methods_at(request.app.openapi(), request.url.path))
    journey_id = getattr(request.state, "journey_id", None)
    principal = getattr(request.state, "principal", None)
    role = isinstance(error, RefusedError) and error.refusal.code == "role"
    if role and journey_id is not None and principal is not None:
        asked = request.url.path.rsplit("/", 1)[-1]
        await note(context_of(request), journey_id, principal, asked, str(error))
    return response


@asynccontextmanager
async def _lifespan(app: FastAPI, engine: Engine | None) -> AsyncIterator[None]:
    context: Context = app.state.context
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stopped, asyncio.create_task(context.feed.run()))
        if engine is not None:
            stack.push_async_callback(stopped, asyncio.create_task(_run(engine)))
        stack.callback(context.feed.close)
        yield


async def _run(engine: Engine) -> None:
    try:
        await engine()
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("the engine has ended")
