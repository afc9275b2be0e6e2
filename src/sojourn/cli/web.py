"""The HTTP server of `sojourn serve`: bound before anything else, in the engine's own loop."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import Any, Final

from sojourn.cli.failures import Failure, Status, bad

BACKLOG: Final = 2048


@contextmanager
def listening(host: str, port: int, named: str = "SOJOURN_PORT") -> Iterator[socket.socket]:
    """Hold a socket bound to a host and port (0: a free one).

    Raises Failure, with the fix; ``named`` is what sets the port.
    """
    family, address = _address(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
            bound.listen(BACKLOG)
        except OSError as error:
            raise _refused(host, port, named, error) from None
        bound.setblocking(False)
        yield bound


def _address(host: str, port: int) -> tuple[int, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise bad(f"SOJOURN_HOST: {host} is no address of this machine") from None
    family, _, _, _, address = found[0]
    return family, (str(address[0]), int(address[1]))


def _refused(host: str, port: int, named: str, error: OSError) -> Failure:
    if error.errno == errno.EADDRINUSE:
        told = f"port {port} of {host} is taken by another process"
        return Failure("conflict", told, f"set {named} to another port, or to 0 for a free one")
    told = f"cannot listen on port {port} of {host}: {error.strerror}"
    return Failure("conflict", told, "set SOJOURN_HOST and SOJOURN_PORT")


def url(bound: socket.socket) -> str:
    """Return the address that a bound socket is reached at."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def alone(bound: socket.socket) -> bool:
    """Say whether a bound socket is reached from this machine only."""
    return ip_address(bound.getsockname()[0]).is_loopback


@asynccontextmanager
async def serving(bound: socket.socket, application: Any) -> AsyncIterator[asyncio.Task[None]]:
    """Answer HTTP requests on a bound socket; the signals stay with whoever has them.

    Raises Failure at the end of the block where the server has ended before it.
    """
    # Imported here: commands that serve nothing should not wait for it.
    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            try:
                await super().startup(sockets=sockets)
            except SystemExit:  # it would end the whole process in the middle of its work
                self.should_exit = True

    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        lifespan="auto",
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    running = asyncio.create_task(server.serve([bound]))
    try:
        yield running
        early = running.done()
    finally:
        server.should_exit = True
        await running
    if early:
        told = "the HTTP server has ended by itself"
        raise Failure("internal", told, "the log says why", Status.INTERNAL)
