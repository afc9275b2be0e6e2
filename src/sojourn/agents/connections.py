"""Open connections to agents: taken and given back in one step, however many there are.

The HTTP library's own pool goes through all of its connections several times for each request.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any, Final

import httpcore

OPEN: Final = 800
"""Connections of one directory above which unused ones are closed: systems allow 1,024 files."""
KEEP_SECONDS: Final = 15.0
"""How long a connection that nobody uses stays open."""
PARSER: Final = ("_connection", "_h11_state", "trailing_data")
"""Where the HTTP library keeps what came after the end of an answer."""

Line = httpcore.AsyncHTTPConnection
Place = tuple[object, bytes, bytes, int]
"""Whose connection it is, and to which server: scheme, host, port."""


class Lines:
    """The connections of many clients; where there are too many, the one unused longest goes."""

    def __init__(self, most: int = OPEN) -> None:
        """Keep ``most`` open; those in use may be more."""
        self._most = most
        self._open: dict[Line, Place] = {}
        self._idle: OrderedDict[Line, None] = OrderedDict()
        self._kept: dict[Place, list[Line]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def take(self, place: Place) -> Line | None:
        """Return the connection to a place that was used last, if it is still good."""
        while line := self._unkept(place):
            if not line.has_expired():
                return line
            await self.close(line)
        return None

    async def add(self, place: Place, line: Line) -> None:
        """Know of a new connection."""
        self._open[line] = place
        while len(self._open) > self._most and self._idle:
            await self.close(next(iter(self._idle)))

    async def give_back(self, line: Line) -> None:
        """Keep a connection for the next request, or close it where it is of no more use."""
        place = self._open.get(line)
        if place is None or not line.is_idle():
            await self.close(line)
            return
        self._idle[line] = None
        self._kept.setdefault(place, []).append(line)
        if self._sweep is None:
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(KEEP_SECONDS, self._begin_sweep)

    async def close(self, line: Line) -> None:
        """Close a connection."""
        place = self._open.pop(line, None)
        if place is not None and line in self._idle:
            self._kept[place].remove(line)
            self._forget(place, line)
        await line.aclose()

    async def close_all(self, owner: object) -> None:
        """Close what a client has, used or not."""
        for line in [line for line, place in self._open.items() if place[0] is owner]:
            await self.close(line)
        if not self._idle and self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def _unkept(self, place: Place) -> Line | None:
        kept = self._kept.get(place)
        if not kept:
            return None
        line = kept.pop()
        self._forget(place, line)
        return line

    def _forget(self, place: Place, line: Line) -> None:
        del self._idle[line]
        if not self._kept[place]:
            del self._kept[place]

    def _begin_sweep(self) -> None:
        self._sweeping = asyncio.create_task(self._swept())

    async def _swept(self) -> None:
        """Close what nobody has used for long, and come again while anything is kept."""
        while self._idle and (line := next(iter(self._idle))).has_expired():
            await self.close(line)
        self._sweep = None
        if self._idle:
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(KEEP_SECONDS, self._begin_sweep)


class Connections:
    """Does for a client what the HTTP library's pool does, for requests that do not share one."""

    def __init__(self, lines: Lines, most: int, **options: Any) -> None:
        """At most ``most`` are in use at once; ``options`` are those of a connection."""
        self._lines = lines
        self._room = asyncio.Semaphore(most)
        self._options = options

    async def __aenter__(self) -> "Connections":
        """Begin."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections, used or not."""
        await self._lines.close_all(self)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request on a connection of its own; raises ``httpcore.PoolTimeout`` without room.

        The connection is given back when the answer's stream is closed.
        """
        await self._enter(request)
        line = None
        try:
            line = await self._line(request.url.origin)
            response = await line.handle_async_request(request)
        except BaseException:
            self._room.release()
            if line is not None:
                await self._lines.close(line)
            raise
        return httpcore.Response(
            response.status,
            headers=response.headers,
            content=Lent(self, line, response.stream),
            extensions=response.extensions,
        )

    async def give_back(self, line: Line) -> None:
        """Take a connection back and make room for another."""
        self._room.release()
        await self._lines.give_back(line)

    async def _enter(self, request: httpcore.Request) -> None:
        """Wait for room, as long as a request may wait for a connection."""
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                await self._room.acquire()
        except TimeoutError:
            raise httpcore.PoolTimeout("all connections are busy") from None

    async def _line(self, origin: httpcore.Origin) -> Line:
        place = (self, origin.scheme, origin.host, origin.port)
        line = await self._lines.take(place)
        if line is None:
            line = Line(origin, keepalive_expiry=KEEP_SECONDS, **self._options)
            await self._lines.add(place, line)
        return line


class Lent:
    """The body of an answer; closing it gives its connection back."""

    def __init__(self, owner: Connections, line: Line, body: Any) -> None:
        """Read from a body that comes over a connection."""
        self._owner = owner
        self._line: Line | None = line
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes."""
        async for chunk in self._body:
            yield chunk

    async def aclose(self) -> None:
        """End reading. A connection over which more came than was asked for is not used again.

        The library would take what is left over for the answer to the next request.
        """
        line, self._line = self._line, None
        if line is None:
            return
        try:
            if overhang(line):
                await line.aclose()
            await self._body.aclose()
        finally:
            await self._owner.give_back(line)


def overhang(line: Any) -> bool:
    """Say whether something came after the end of an answer, or whether that cannot be known."""
    found = line
    for name in PARSER:
        found = getattr(found, name, None)
    return found is None or bool(found[0])
