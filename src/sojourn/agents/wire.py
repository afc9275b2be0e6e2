"""The HTTP client of an agent: pinned to checked addresses, bounded in size, never redirected."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from functools import cache
from typing import Any, Final

import httpcore
import httpx
from opentelemetry import propagate

from sojourn.agents.guard import Guard
from sojourn.agents.shape import LIMIT, BadAnswer, too_large

CONNECT_SECONDS: Final = 10.0
CONNECTIONS: Final = 600
"""Open connections to one agent at most: more than a worker has calls under way, unless it is set
otherwise, with A2A's streams beside them. A call does not wait for the end of another client's."""
PARSER: Final = ("_httpcore_stream", "_stream", "_connection", "_h11_state", "trailing_data")
"""Where the HTTP library keeps what came after the end of an answer."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that the guard has let through, and to no others."""

    def __init__(self, guard: Guard) -> None:
        """Connect under a guard."""
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of the host that answers."""
        failed: Exception = OSError(f"{host} cannot be reached")
        for address in await resolved(self._guard, host, port):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore asks for it between retries."""
        await self._inner.sleep(seconds)


class PinnedTransport(httpx.AsyncHTTPTransport):
    """An HTTP transport with guarded connections and bounded answers."""

    def __init__(self, guard: Guard, limit: int = LIMIT, connections: int = CONNECTIONS) -> None:
        """Answers may have ``limit`` bytes; at most that many connections are open at once."""
        super().__init__(verify=trusted(), trust_env=False)
        self._limit = limit
        # The library's own queue goes through all connections for each that waits, at every change.
        self._room = asyncio.Semaphore(connections)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted(),
            max_connections=connections,
            max_keepalive_connections=min(connections, 20),
            keepalive_expiry=15.0,
            network_backend=GuardedBackend(guard),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; an answer that is compressed or says that it is too large is refused."""
        await self._enter(request)
        try:
            response = await super().handle_async_request(request)
        except BaseException:
            self._room.release()
            raise
        stream = response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous stream")
        wire = response.extensions.get("network_stream")
        response.stream = BoundedStream(stream, self._limit, wire, self._room.release)
        try:
            bounded(response.headers, self._limit)
        except BaseException:
            await response.stream.aclose()
            raise
        return response

    async def _enter(self, request: httpx.Request) -> None:
        """Wait for room, as long as a request may wait for a connection."""
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                await self._room.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("all connections are busy", request=request) from None


class BoundedStream(httpx.AsyncByteStream):
    """The body of an answer; reading stops with an error where the limit is passed."""

    def __init__(
        self,
        inner: httpx.AsyncByteStream,
        limit: int,
        wire: httpcore.AsyncNetworkStream | None = None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """Read from a stream, ``limit`` bytes at most; ``wire`` is its connection.

        ``done`` is called once, when nothing more is read.
        """
        self._done: Callable[[], None] | None = done
        self._inner = inner
        self._limit = limit
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; raises :class:`~sojourn.agents.shape.BadAnswer`."""
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > self._limit:
                raise too_large(size, self._limit)
            yield chunk

    async def aclose(self) -> None:
        """Close the connection's stream; the connection too where more came than was asked for.

        The library would take what is left over for the answer to the next request.
        """
        done, self._done = self._done, None
        try:
            if self._wire is not None and overhang(self._inner):
                await self._wire.aclose()
            await self._inner.aclose()
        finally:
            if done is not None:
                done()


def overhang(stream: Any) -> bool:
    """Say whether something came after the end of an answer, or whether that cannot be known."""
    found = stream
    for name in PARSER:
        found = getattr(found, name, None)
    return found is None or bool(found[0])


@cache
def trusted() -> ssl.SSLContext:
    """Return whom we trust: read once, for it takes long and much room."""
    return httpx.create_ssl_context(trust_env=False)


def client(
    guard: Guard, limit: int = LIMIT, connections: int = CONNECTIONS, auth: httpx.Auth | None = None
) -> httpx.AsyncClient:
    """Return the one client of an agent; its time limits are set anew for each request."""
    return httpx.AsyncClient(
        transport=PinnedTransport(guard, limit, connections),
        auth=auth,
        follow_redirects=False,
        trust_env=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "sojourn"},
        timeout=patience(60.0),
        event_hooks={"request": [traced]},
    )


async def traced(request: httpx.Request) -> None:
    """Tell an agent which trace a request belongs to, where somebody traces (W3C traceparent)."""
    propagate.inject(request.headers)


def patience(seconds: float) -> httpx.Timeout:
    """Return a request's time limits: all of it may take that long, connecting ten seconds.

    Waiting for a connection ends earlier, so that what was never sent is not taken for lost.
    """
    return httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS), pool=seconds * 0.8)


async def resolved(guard: Guard, host: str, port: int) -> Iterable[str]:
    """Return a host's addresses, a failure to resolve as the connection's failure."""
    try:
        return await guard.addresses(host, port)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from None


def bounded(headers: httpx.Headers, limit: int) -> None:
    """Raise :class:`~sojourn.agents.shape.BadAnswer` if headers announce what is refused."""
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise too_large(int(length), limit)
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity"):
        raise BadAnswer(f"it is compressed ({encoding:.20}), which was not asked for")
