"""Idempotency-Key: a POST that is repeated is answered as the first time, and done only once."""

from collections.abc import MutableMapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn.api.context import context_of
from sojourn.api.problems import MEDIA_TYPE, ProblemError, answer, problem_of
from sojourn.control.keys import Principal
from sojourn.store import idempotency
from sojourn.store.idempotency import Place, once
from sojourn.store.sets import Row

HEADER: Final = "idempotency-key"
REPLAYED: Final = "idempotency-replayed"
LONGEST: Final = 255
BUSY: Final = timedelta(minutes=2)
"""How long a request may take before another may be made in its place, if it changed nothing."""
LASTS: Final = timedelta(hours=24)
KEPT_HEADERS: Final = ("content-type", "etag", "location", "link")
SECRETIVE: Final = ("keys", "webhooks", "rotate", "session")
"""Last parts of the paths whose answers show a secret."""
UNKEPT: Final = (401, 403, 408, 413, 415, 429)
"""Answers that say nothing of the request itself: the same request may be made again."""


class Once:
    """Stands before the routes and answers repeated requests from what was kept."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry a request out, or answer it as it was answered before."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        request = Request(scope, receive)
        principal = getattr(request.state, "principal", None)
        if HEADER not in request.headers or principal is None:
            return await self._app(scope, receive, send)
        try:
            response = await self._answered(request, principal)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is answered
            response = answer(request, problem_of(error))
        return await response(scope, receive, send)

    async def _answered(self, request: Request, principal: Principal) -> Response:
        key = request.headers[HEADER]
        if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable() and " " not in key):
            told = f"an Idempotency-Key has 1 to {LONGEST} printable ASCII characters, no spaces"
            raise ProblemError(400, told)
        body = await request.body()
        digest = _digest(request, body)
        place = Place(principal.identity, key)
        door = context_of(request).door
        async with door.db.connection() as connection:
            attempt = await idempotency.begin(connection, place, digest, BUSY, LASTS)
            known = None if attempt else await idempotency.find(connection, place)
        if attempt is None:
            return _kept(known, digest)
        place = replace(place, attempt=attempt)
        request.state.door = replace(door, db=once(door.db, place))
        return await self._carried_out(request, body, place)

    async def _carried_out(self, request: Request, body: bytes, place: Place) -> Response:
        sent = _Sent()
        try:
            await self._app(request.scope, _replayed(body), sent.take)
        finally:
            await self._keep(request, place, sent)
        return sent.response()

    async def _keep(self, request: Request, place: Place, sent: "_Sent") -> None:
        async with context_of(request).door.db.connection() as connection:
            if sent.status and sent.status < 500 and sent.status not in UNKEPT:
                status, headers, body = _to_keep(request, sent)
                await idempotency.answer(connection, place, status, headers, body)
            else:
                await idempotency.release(connection, place)


def _to_keep(request: Request, sent: "_Sent") -> tuple[int, dict[str, str], bytes]:
    """Return the answer as it is kept; one that shows a secret is shown once and kept nowhere."""
    headers = {k: v for k, v in sent.headers.items() if k in KEPT_HEADERS}
    if sent.status >= 300 or request.url.path.rsplit("/", 1)[-1] not in SECRETIVE:
        return sent.status, headers, bytes(sent.body)
    told = "this request was carried out; the secret that it made is shown once"
    error = ProblemError(409, told, code="done_already", remedy="make another, revoke this one")
    instead = answer(request, error)
    return 409, {"content-type": MEDIA_TYPE}, bytes(instead.body)


def _digest(request: Request, body: bytes) -> bytes:
    told = [request.method, request.url.path, request.url.query]
    told += [request.headers.get(name, "") for name in ("content-type", "if-match")]
    return sha256("\n".join(told).encode() + b"\n\n" + body).digest()


def _kept(known: Row | None, digest: bytes) -> Response:
    """Return the answer that was kept, or say why there is none."""
    if known is not None and bytes(known["request"]) != digest:
        told = "this Idempotency-Key was used for another request"
        raise ProblemError(422, told, code="key_reused", remedy="use a new key for a new request")
    if known is not None and known["status"] is not None:
        headers = {**known["headers"], REPLAYED: "true"}
        return Response(bytes(known["body"]), known["status"], headers)
    if known is not None and known["done"] and not known["busy"]:
        told = "this request was carried out, but its answer was lost"
        raise ProblemError(409, told, code="done_already", remedy="look at the resource")
    told = "a request with this Idempotency-Key is being carried out"
    raise ProblemError(409, told, code="in_flight", headers={"Retry-After": "1"})


def _replayed(body: bytes) -> Receive:
    """Return the channel of a request whose body was read already."""
    messages: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": body}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


class _Sent:
    """What an application sends, gathered."""

    def __init__(self) -> None:
        self.status = 0
        self.raw: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    async def take(self, message: Message) -> None:
        """Take a message that would go to the client."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.raw = list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers by their names in small letters."""
        return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in self.raw}

    def response(self) -> Response:
        """Return it as one response."""
        response = Response(bytes(self.body), self.status)
        response.raw_headers = self.raw
        return response
