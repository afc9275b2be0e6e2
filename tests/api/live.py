"""The API on a real port, in a thread with a loop and a database connection of its own."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from sojourn.agents.directory import Directory
from sojourn.api import Options, create_app
from sojourn.store.postgres import open_database
from tests.api.served import Api
from tests.doors import still_door

T = TypeVar("T")


@dataclass
class Live:
    """A served application; ``do`` runs something in its loop."""

    url: str
    api: Api
    loop: asyncio.AbstractEventLoop
    server: uvicorn.Server
    ended: threading.Event = field(default_factory=threading.Event)

    def do(self, work: Awaitable[T], seconds: float = 30) -> T:
        """Run something in the server's loop and return what came of it."""

        async def run() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(seconds)


@contextmanager
def live(database_url: str, options: Options | None = None) -> Iterator[Live]:
    """Serve on a free port of loopback until the end of the block."""
    bound = socket.create_server(("127.0.0.1", 0))
    begun: list[Live] = []
    ready = threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(database_url, options, bound, begun, ready))
    )
    thread.start()
    try:
        assert ready.wait(60), "the server did not start"
        yield begun[0]
    finally:
        if begun:
            begun[0].server.should_exit = True
        thread.join(30)
        assert not thread.is_alive(), "the server does not stop"


async def _serve(
    database_url: str,
    options: Options | None,
    bound: socket.socket,
    begun: list[Live],
    ready: threading.Event,
) -> None:
    async with open_database(database_url, Path()) as db:
        app = create_app(still_door(db), Directory.load(), options)
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
        server = _Server(config, ready.set)
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        api = Api(app, app.state.context.door)
        begun.append(Live(url, api, asyncio.get_running_loop(), server))
        await server.serve(sockets=[bound])


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = told

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._told()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
