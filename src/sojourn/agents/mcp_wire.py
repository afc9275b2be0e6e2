"""MCP's HTTP client, which is httpx2: pinned, bounded and signed like all others, and witnessed."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpcore2
import httpx2
from opentelemetry import propagate

from sojourn.agents.credentials import Tokens, static_headers
from sojourn.agents.guard import Guard, origin
from sojourn.agents.shape import LIMIT, BadAnswer, too_large
from sojourn.agents.spec import SpecAuth
from sojourn.agents.wire import CONNECT_SECONDS, client

UNSENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(slots=True)
class Witness:
    """What happened below the SDK, which turns it into errors that do not tell."""

    error: BaseException | None = None
    response: httpx2.Response | None = None
    calling: bool = False
    """Whether the tool has been called, so that a reply may have been lost."""

    def begin(self) -> None:
        """Forget what connecting took; from now on the tool is being called."""
        self.error, self.response, self.calling = None, None, True


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections to addresses that the guard has let through, and to no others."""

    def __init__(self, guard: Guard) -> None:
        """Connect under a guard."""
        self._guard = guard
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of the host that answers."""
        failed: Exception = httpcore2.ConnectError(f"{host} cannot be reached")
        try:
            addresses = await self._guard.addresses(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore asks for it between retries."""
        await self._inner.sleep(seconds)


class PinnedTransport(httpx2.AsyncHTTPTransport):
    """An HTTP transport with guarded connections, bounded answers, and a witness."""

    def __init__(self, guard: Guard, witness: Witness, limit: int = LIMIT) -> None:
        """Answers may have ``limit`` bytes; the witness remembers what went wrong."""
        super().__init__(verify=trusted(), trust_env=False)
        self._limit = limit
        self._witness = witness
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trusted(),
            network_backend=GuardedBackend(guard),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, in its trace; an answer that is compressed is refused."""
        propagate.inject(request.headers)
        try:
            response = await super().handle_async_request(request)
        except Exception as error:
            self._witness.error = error
            raise
        if response.status_code >= httpx2.codes.MULTIPLE_CHOICES:
            self._witness.response = response
        stream = response.stream
        if isinstance(stream, httpx2.AsyncByteStream):
            response.stream = BoundedStream(stream, self._witness, self._limit, _packed(response))
        return response


class BoundedStream(httpx2.AsyncByteStream):
    """The body of an answer; reading stops with an error where the limit is passed."""

    def __init__(
        self, inner: httpx2.AsyncByteStream, witness: Witness, limit: int, packed: str
    ) -> None:
        """Read from a stream, ``limit`` bytes at most, and not at all where it is ``packed``."""
        self._inner = inner
        self._witness = witness
        self._limit = limit
        self._packed = packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; raises :class:`~sojourn.agents.shape.BadAnswer`."""
        try:
            async for chunk in self._bounded():
                yield chunk
        except Exception as error:
            self._witness.error = error
            raise

    async def aclose(self) -> None:
        """Close the connection's stream."""
        await self._inner.aclose()

    async def _bounded(self) -> AsyncIterator[bytes]:
        if self._packed:
            raise BadAnswer(f"it is compressed ({self._packed:.20}), which was not asked for")
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > self._limit:
                raise too_large(size, self._limit)
            yield chunk


class Credentials(httpx2.Auth):
    """Adds an agent's credentials to requests to the agent's own origins, and to no others."""

    def __init__(self, auth: SpecAuth, url: str, guard: Guard) -> None:
        """``url`` is the server's; tokens are fetched under the guard."""
        self._auth = auth
        self._origins = {origin(known) for known in (url, *auth.origins)}
        self._tokens = Tokens(auth.oauth2) if auth.oauth2 else None
        self._guard = guard

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Add headers; a refused OAuth2 token is fetched anew once."""
        if origin(str(request.url)) not in self._origins:
            yield request
            return
        request.headers.update(static_headers(self._auth))
        await self._sign(request)
        response = yield request
        if self._tokens and response.status_code == httpx2.codes.UNAUTHORIZED:
            self._tokens.forget()
            await self._sign(request)
            yield request

    async def _sign(self, request: httpx2.Request) -> None:
        if self._tokens is None:
            return
        if not self._tokens.fresh():
            async with client(self._guard) as asking:
                await self._tokens.take(await asking.send(self._tokens.request()))
        request.headers["Authorization"] = self._tokens.header


@cache
def trusted() -> ssl.SSLContext:
    """Return whom we trust: read once, for it takes long and every call has its own client."""
    return httpx2.create_ssl_context(trust_env=False)


def http_client(
    guard: Guard, witness: Witness, limit: int, auth: httpx2.Auth | None = None
) -> httpx2.AsyncClient:
    """Return the client of one call; the call as a whole is bounded by its own time limit."""
    return httpx2.AsyncClient(
        transport=PinnedTransport(guard, witness, limit),
        auth=auth,
        trust_env=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "sojourn"},
        timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
    )


def _packed(response: httpx2.Response) -> str:
    encoding = response.headers.get("content-encoding", "").lower()
    return "" if encoding in ("", "identity") else encoding
