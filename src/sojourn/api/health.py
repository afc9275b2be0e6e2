"""Whether the process lives, whether it can do its work, and its figures for Prometheus."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from sojourn.api.auth import forbidden, principal_of, reads
from sojourn.api.context import context_of
from sojourn.api.routes import StrictRoute
from sojourn.control.door import Door
from sojourn.store import figures
from sojourn.store.errors import DatabaseUnavailable
from sojourn.store.sets import Row

health = APIRouter(tags=["health"], route_class=StrictRoute)
PATIENCE: Final = 3.0
CONTENT: Final = "text/plain; version=0.0.4; charset=utf-8"


class Alive(BaseModel):
    """The process answers."""

    status: str = Field(examples=["ok"])
    version: str


@health.get("/healthz", summary="Is the process alive?")
async def healthz(request: Request) -> Alive:
    """Return ok whenever the process can answer at all; it says nothing of the database."""
    return Alive(status="ok", version=context_of(request).options.version)


class Part(BaseModel):
    """One thing that the work depends on."""

    ok: bool
    message: str


class Ready(BaseModel):
    """Whether the API can do its work, and if not, why."""

    ready: bool
    database: Part
    engine: Part = Field(description="Whether any worker lives; the API serves without one too.")
    events: Part


@health.get(
    "/readyz",
    summary="Can it do its work?",
    responses={503: {"model": Ready, "description": "It cannot, and this is why."}},
)
async def readyz(request: Request, response: Response) -> Ready:
    """Try the database; 503 where it is away or cannot be written to."""
    context = context_of(request)
    events = Part(ok=context.feed.alive, message="live" if context.feed.alive else "not following")
    try:
        async with asyncio.timeout(PATIENCE), context.door.db.connection() as connection:
            row = await figures.ready(connection)
    except (DatabaseUnavailable, TimeoutError):
        gone = Part(ok=False, message="the database does not answer")
        found = Ready(ready=False, database=gone, engine=gone, events=events)
    else:
        writable = not row["read_only"]
        told = f"schema {row['version']}" if writable else "the database is read-only"
        workers = Part(ok=row["workers"] > 0, message=f"{row['workers']} workers")
        database = Part(ok=writable, message=told)
        found = Ready(ready=writable, database=database, engine=workers, events=events)
    response.status_code = 200 if found.ready else 503
    return found


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
