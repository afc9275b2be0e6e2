"""Server-sent events: the journal live, resumable by Last-Event-ID, without gaps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sojourn.api.auth import principal_of, reads
from sojourn.api.context import Context, context_of
from sojourn.api.documents import Line
from sojourn.api.feed import Told, Wanted
from sojourn.api.journal import Types
from sojourn.api.problems import ProblemError
from sojourn.api.routes import BIGGEST, router
from sojourn.control.door import NotFoundError, resolve
from sojourn.control.keys import Principal
from sojourn.store import portfolio
from sojourn.store.errors import DatabaseUnavailable
from sojourn.store.stopping import stopped

stream: APIRouter = router("events")
PATIENCE: Final = 30.0
"""Seconds that a reader may take for a message before it is left."""
PARTING: Final = 1.0
"""Seconds that it may take for the last one."""
RETRY: Final = 2000
"""Milliseconds after which a reader that lost its connection should try again."""
log = structlog.get_logger()
_DOC: Final = {
    "responses": {
        "200": {
            "description": "Each message has `id` (for Last-Event-ID) and an event as `data`. "
            "Comments are heartbeats.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "examples": {
                        "event": {"value": 'id: 41\ndata: {"event_id":41,"type":"transition"}\n\n'}
                    },
                }
            },
        }
    }
}


@stream.get("/events/stream", response_class=Response, openapi_extra=_DOC, summary="Live events")
async def follow(
    request: Request,
    principal: Annotated[Principal, Depends(principal_of)],
    journey: Annotated[Line | None, Query(description="One journey only.")] = None,
    type: Types = None,  # noqa: A002
    after: Annotated[
        int | None, Query(ge=0, le=BIGGEST, description="Begin after this event id.")
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> Response:
    """Follow the journal: what comes after Last-Event-ID (or `after`), then everything live.

    Without either it begins now. No event is left out and none comes twice.
    """
    context = context_of(request)
    wanted = await _wanted(context, principal, journey, type)
    if context.feed.followers >= context.options.streams:
        told = f"{context.options.streams} readers follow already"
        raise ProblemError(503, told, headers={"Retry-After": "10"})
    return EventStream(context, wanted, _place(last_event_id, after), request)


async def _wanted(
    context: Context, principal: Principal, journey: str | None, types: list[str] | None
) -> Wanted:
    if not (reads(principal) or principal.client_id):
        raise ProblemError(403, "an agent's key may only report on its own tasks")
    own = frozenset(types) if types else None
    if journey is None:
        return Wanted(None, principal.client_id, own)
    unknown = ProblemError(404, f"there is no journey {journey!r}")
    try:
        journey_id = await resolve(context.door, journey)
    except NotFoundError:
        raise unknown from None
    async with context.door.db.connection() as connection:
        row = await portfolio.journey(connection, journey_id)
    if row is None or principal.client_id not in (None, row["client_id"]):
        raise unknown
    return Wanted(journey_id, principal.client_id, own)


def _place(last_event_id: str | None, after: int | None) -> int | None:
    if not last_event_id:
        return after
    if not (last_event_id.isascii() and last_event_id.isdecimal()):
        raise ProblemError(400, "Last-Event-ID is a number that a message had as its id")
    return min(int(last_event_id), BIGGEST)


class EventStream(Response):
    """A response that lasts: it ends when its reader goes, does not read, or loses the right."""

    media_type = "text/event-stream"

    def __init__(
        self, context: Context, wanted: Wanted, after: int | None, request: Request
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._context = context
        self._wanted = wanted
        self._after = after
        self._authorization = request.headers.get("authorization", "").partition(" ")[2]
        self._cookies = request.cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send events until one side has had enough."""
        headers = [(k, v) for k, v in self.raw_headers if k != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        feed, gauge = self._context.feed, self._context.instruments.streams
        feed.followers += 1
        gauge.set(feed.followers)
        pumping = asyncio.create_task(self._pump(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({pumping, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            feed.followers -= 1
            gauge.set(feed.followers)
            await stopped(pumping)
            await stopped(leaving)

    async def _pump(self, send: Send) -> None:
        try:
            await self._tell(send)
        except (TimeoutError, DatabaseUnavailable) as error:
            log.info("a reader of events is left", why=str(error) or "it does not read")
        except Exception:
            log.exception("a stream of events broke off")
        # A reader that does not read does not take this either.
        with suppress(Exception):
            async with asyncio.timeout(PARTING):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        await _send(send, f"retry: {RETRY}\n\n")
        events = self._context.feed.follow(
            self._after, self._wanted, self._context.options.heartbeat, self._still_good
        )
        async with aclosing(events) as told:  # type: ignore[type-var]
            async for text in _messages(told):
                await _send(send, text)

    async def _still_good(self) -> bool:
        ring, door = self._context.keyring, self._context.door
        if self._authorization:
            return await ring.of_key(door, self._authorization.strip()) is not None
        cookie = self._cookies.get(self._context.options.cookie, "")
        return await ring.of_session(door, cookie) is not None


async def _messages(events: AsyncIterator[Told | None]) -> AsyncIterator[str]:
    async for event in events:
        yield f"id: {event.event_id}\ndata: {event.data}\n\n" if event else ": still here\n\n"


async def _send(send: Send, text: str) -> None:
    """Send a message; raises TimeoutError where the reader does not read."""
    message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
    async with asyncio.timeout(PATIENCE):
        await send(message)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
