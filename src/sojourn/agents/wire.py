"""The HTTP client of an agent: pinned to checked addresses, bounded in size, never redirected."""

import ssl
from collections.abc import AsyncIterator, Iterable
from functools import cache
from typing import Any, Final

import httpcore
import httpx
from opentelemetry import propagate

from sojourn.agents.connections import Connections, Lines
from sojourn.agents.guard import Guard
from sojourn.agents.shape import LIMIT, BadAnswer, too_large

CONNECT_SECONDS: Final = 10.0
CONNECTIONS: Final = 600
"""Connections to one agent that are in use at most: more than a worker has calls under way, unless it is set
otherwise, with A2A's streams beside them. A call does not wait for the end of another client's."""


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

    def __init__(self, guard: Guard, lines: Lines, limit: int, connections: int) -> None:
        """Answers may have ``limit`` bytes; at most that many connections are in use at once."""
        super().__init__(verify=trusted(), trust_env=False)
        self._limit = limit
        pool: Any = Connections(
            lines, connections, ssl_context=trusted(), network_backend=GuardedBackend(guard)
        )
        self._pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; an answer that is compressed or says that it is too large is refused."""
        response = await super().handle_async_request(request)
        stream = response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous stream")
        response.stream = BoundedStream(stream, self._limit)
        try:
            bounded(response.headers, self._limit)
        except BaseException:
            await response.stream.aclose()
            raise
        return response


class BoundedStream(httpx.AsyncByteStream):
    """The body of an answer; reading stops with an error where the limit is passed."""

    def __init__(self, inner: httpx.AsyncByteStream, limit: int) -> None:
        """Read from a stream, ``limit`` bytes at most."""
        self._inner = inner
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; raises :class:`~sojourn.agents.shape.BadAnswer`."""
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > self._limit:
                raise too_large(size, self._limit)
            yield chunk

    async def aclose(self) -> None:
        """Close the stream."""
        await self._inner.aclose()


@cache
def trusted() -> ssl.SSLContext:
    """Return whom we trust: read once, for it takes long and much room."""
    return httpx.create_ssl_context(trust_env=False)


def client(
    guard: Guard,
    limit: int = LIMIT,
    connections: int = CONNECTIONS,
    auth: httpx.Auth | None = None,
    lines: Lines | None = None,
) -> httpx.AsyncClient:
    """Return the one client of an agent; its time limits are set anew for each request.

    ``lines`` are the open connections that it shares room with.
    """
    return httpx.AsyncClient(
        transport=PinnedTransport(guard, lines or Lines(), limit, connections),
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
