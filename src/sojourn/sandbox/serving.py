"""Serving an application on loopback: in this event loop, or as a process that its parent watches."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

HOST: Final = "127.0.0.1"
GRACE: Final = 1
"""Seconds that requests get to end when a server stops."""


def listen(port: int = 0) -> socket.socket:
    """Return a socket that listens on loopback; port 0 takes a free one."""
    # The protocol is named so that asyncio turns Nagle's algorithm off on what is accepted.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError:
        sock.close()
        raise
    return sock


def url_of(sock: socket.socket) -> str:
    """Return the URL of what is served on a socket."""
    return f"http://{HOST}:{sock.getsockname()[1]}"


@asynccontextmanager
async def serving(app: ASGIApp, sock: socket.socket | None = None) -> AsyncIterator[str]:
    """Serve an application on a socket, or on a free port; yield its URL."""
    sock = sock or listen()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
    )
    running = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        if running.done():
            await running
            raise RuntimeError("the server ended before it had begun")
        await asyncio.sleep(0.005)
    try:
        yield url_of(sock)
    finally:
        server.should_exit = True
        await running
        sock.close()


def run(build: Callable[[Mapping[str, Any], str], ASGIApp]) -> None:
    """Be a process that serves an application until its parent ends it, or ends itself.

    The first line of standard input is the configuration, a JSON object; ``port`` in it is the
    port. When standard input ends, the parent has gone, and so does this process. A line with
    the URL on standard output says that it is ready. The application is built from the
    configuration and its own URL.
    """
    config = json.loads(sys.stdin.buffer.readline())
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(build, config))


async def _run(
    build: Callable[[Mapping[str, Any], str], ASGIApp], config: Mapping[str, Any]
) -> None:
    sock = listen(int(config.get("port", 0)))
    gone = _gone()
    async with serving(build(config, url_of(sock)), sock) as url:
        print(json.dumps({"url": url}), flush=True)
        await gone.wait()


def _gone() -> asyncio.Event:
    """Return an event that is set when standard input ends."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()

    def watch() -> None:
        with suppress(OSError, ValueError):
            while sys.stdin.buffer.read(1):
                pass
        with suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(event.set)

    Thread(target=watch, daemon=True).start()
    return event
