"""Before anything else: an id for every request, a bound for its body, and a line in the log."""

import re
import secrets
from time import perf_counter
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn.api.instruments import Instruments
from sojourn.api.problems import ProblemError, answer, shown

HEADER: Final = "X-Request-Id"
HEADERS: Final = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
"""What every answer says unless it says otherwise itself."""
_GIVEN = re.compile(r"[A-Za-z0-9._:-]{1,64}")
log = structlog.get_logger()


class Bounds:
    """The outermost of all: what comes in is bounded, what goes out is counted."""

    def __init__(
        self, app: ASGIApp, instruments: Instruments, body: int, bulk: tuple[str, int]
    ) -> None:
        """Let bodies of ``body`` bytes pass, and for one path of more: ``bulk``."""
        self._app = app
        self._instruments = instruments
        self._body = body
        self._bulk = bulk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within its bounds."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        given = request.headers.get(HEADER, "")
        request_id = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        request.state.request_id = request_id
        served = _Served(scope, send, request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            limited = self._limited(request, receive)
            await self._serve(request, limited, served)
            served.note(self._instruments)
        return None

    async def _serve(self, request: Request, receive: Receive, served: "_Served") -> None:
        try:
            await self._app(request.scope, receive, served.send)
        except ProblemError as error:
            if served.status:
                raise
            await answer(request, error)(request.scope, receive, served.send)

    def _limited(self, request: Request, receive: Receive) -> Receive:
        path, most = self._bulk
        limit = most if request.url.path == path else self._body
        told = request.headers.get("content-length", "")
        announced = int(told) if told.isdigit() and len(told) < 19 else 0
        size = 0

        async def bounded() -> Message:
            nonlocal size
            if announced > limit:
                raise too_large(limit)
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise too_large(limit)
            return message

        return bounded


def too_large(limit: int) -> ProblemError:
    """Return the problem of a body that is over its bound."""
    told = f"the body is over {limit} bytes"
    return ProblemError(413, told, remedy="send less at once", headers={"Connection": "close"})


class _Served:
    """One request while it is served."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope = scope
        self._send = send
        self._id = request_id
        self._begun = perf_counter()
        self.status = 0

    async def send(self, message: Message) -> None:
        """Pass a message on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[HEADER] = self._id
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    def note(self, instruments: Instruments) -> None:
        """Count the request and write its line."""
        seconds = perf_counter() - self._begun
        route = getattr(self._scope.get("route"), "path", "unknown")
        instruments.served(self._scope["method"], route, self.status, seconds)
        principal = getattr(Request(self._scope).state, "principal", None)
        log.info(
            "request",
            method=self._scope["method"],
            path=shown(self._scope),
            status=self.status,
            ms=round(seconds * 1000, 1),
            actor=principal.actor if principal else None,
        )
