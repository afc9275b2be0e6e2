"""Whether the process lives, whether it can do its work, and its figures for Prometheus."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from sojourn.api.auth import forbidden, principal_of, reads
from sojourn.api.context import Context, Finding, context_of
from sojourn.api.routes import StrictRoute
from sojourn.control.door import Door
from sojourn.store import figures
from sojourn.store.errors import DatabaseUnavailable
from sojourn.store.sets import Row

health = APIRouter(tags=["health"], route_class=StrictRoute)
PATIENCE: Final = 3.0
CONTENT: Final = "text/plain; version=0.0.4; charset=utf-8"


class Part(BaseModel):
    """One thing that the work depends on."""

    ok: bool
    message: str


class Health(BaseModel):
    """How this process is: ok, or unfit with the part that is why."""

    status: str = Field(examples=["ok"], description="ok, or unfit.")
    version: str
    parts: dict[str, Part]


UNFIT_DOC: Final[dict[int | str, dict[str, Any]]] = {
    503: {"model": Health, "description": "It is not, and this is why."}
}


@health.get("/healthz", summary="Is the process alive?", responses=UNFIT_DOC)
async def healthz(request: Request, response: Response) -> Health:
    """Return ok while the vital parts run; an absent database is no reason to restart."""
    found = [f for f in await _beside(context_of(request)) if f.vital]
    return _told(context_of(request), response, found)


@health.get("/readyz", summary="Can it do its work?", responses=UNFIT_DOC)
async def readyz(request: Request, response: Response) -> Health:
    """Look at every part; 503 where one is not fit, as a database that cannot be written to."""
    context = context_of(request)
    alive = context.feed.alive
    events = Finding("events", alive, "live" if alive else "not following", needed=False)
    found = [*await _stored(context), events, *await _beside(context)]
    return _told(context, response, found)


def _told(context: Context, response: Response, found: list[Finding]) -> Health:
    fit = all(f.ok for f in found if f.needed)
    response.status_code = 200 if fit else 503
    response.headers["Cache-Control"] = "no-store"
    parts = {f.name: Part(ok=f.ok, message=f.message) for f in found}
    return Health(status="ok" if fit else "unfit", version=context.options.version, parts=parts)


async def _stored(context: Context) -> list[Finding]:
    """Look at the database, and at who works on it."""
    try:
        async with asyncio.timeout(PATIENCE), context.door.db.connection() as connection:
            row = await figures.ready(connection)
    except (DatabaseUnavailable, TimeoutError):
        return [Finding("database", False, "the database does not answer")]
    writable = not row["read_only"]
    told = f"schema {row['version']}" if writable else "the database is read-only"
    # The API serves without a worker too; somebody else's process may be about to start one.
    workers = Finding("workers", row["workers"] > 0, f"{row['workers']} live", needed=False)
    return [Finding("database", writable, told), workers]


async def _beside(context: Context) -> list[Finding]:
    return list(await context.options.probe()) if context.options.probe else []


def _scraper(request: Request) -> None:
    if context_of(request).options.public_metrics:
        return
    principal = principal_of(request)
    if not reads(principal):
        raise forbidden(principal, "reading metrics", "viewer")


@health.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, _: Annotated[None, Depends(_scraper)]) -> Response:
    """Return the figures of the engine, the database and the API."""
    context = context_of(request)
    rows = await context.gauges.get(None, lambda: _count(context.door))
    text = context.instruments.text(rows)
    return Response(text, headers={"Content-Type": CONTENT})


async def _count(door: Door) -> list[Row]:
    async with door.db.connection() as connection:
        return await figures.gauges(connection, door.now())
