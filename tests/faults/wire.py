"""A wire between workers and PostgreSQL that can be cut at the worst moments.

It forwards TCP to the server's socket. ``lose`` takes the reply of the next COMMIT away, ``halve``
cuts a connection in the middle of a statement, ``cut`` all of them, ``deaf`` forwards nothing for a
while, as a network does that swallows packets.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

COMMIT = b"COMMIT\0"
EVENTS = b'"prev_hash"'
"""What a statement carries that writes events: its name alone, once it is prepared, says nothing."""
CHUNK = 65536


class Wire:
    """One listening port; ``dsn`` leads through it."""

    def __init__(self, dsn: str, host: str = "127.0.0.1") -> None:
        given = conninfo_to_dict(dsn)
        self._socket = Path(str(given["host"]), f".s.PGSQL.{given['port']}")
        self._given = given
        self._host = host
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hears = asyncio.Event()
        self._hears.set()
        self.losing = 0
        self.losing_events = 0
        self.halving = 0

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._serve, self._host, 0)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def dsn(self) -> str:
        """The connection string of a worker."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return make_conninfo(
            **self._given | {"host": self._host, "port": port},
            sslmode="disable",
            gssencmode="disable",
        )

    def lose(self) -> None:
        """Forward the next COMMIT, and cut its connection before the reply."""
        self.losing += 1

    def lose_events(self) -> None:
        """Do so with the next COMMIT of a transaction that has written events."""
        self.losing_events += 1

    def halve(self) -> None:
        """Cut a connection after half of what it sends next."""
        self.halving += 1

    def cut(self) -> None:
        """Cut all connections."""
        for writer in self._open:
            writer.transport.abort()

    async def deaf(self, seconds: float) -> None:
        """Forward nothing for a while; nobody is told."""
        self._hears.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._hears.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with suppress(OSError):
                there, onwards = await asyncio.open_unix_connection(str(self._socket))
                await self._between(reader, writer, there, onwards)
        finally:
            writer.transport.abort()

    async def _between(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        onwards: asyncio.StreamWriter,
    ) -> None:
        self._open |= {writer, onwards}
        silent = asyncio.Event()
        ways = {
            asyncio.create_task(self._forth(reader, onwards, silent)),
            asyncio.create_task(self._back(there, writer, silent)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open -= {writer, onwards}
            onwards.transport.abort()

    async def _forth(
        self, reader: asyncio.StreamReader, onwards: asyncio.StreamWriter, silent: asyncio.Event
    ) -> None:
        wrote = False
        while chunk := await reader.read(CHUNK):
            await self._hears.wait()
            wrote |= EVENTS in chunk
            if self.halving and len(chunk) > 200:
                self.halving -= 1
                onwards.write(chunk[: len(chunk) // 2])
                await onwards.drain()
                return
            if COMMIT in chunk:
                if self._loses(wrote=wrote):
                    silent.set()
                wrote = False
            onwards.write(chunk)
            await onwards.drain()

    def _loses(self, *, wrote: bool) -> bool:
        """Say whether this COMMIT is one whose reply gets lost."""
        if wrote and self.losing_events:
            self.losing_events -= 1
            return True
        if self.losing:
            self.losing -= 1
            return True
        return False

    async def _back(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event
    ) -> None:
        while chunk := await there.read(CHUNK):
            await self._hears.wait()
            if silent.is_set():
                return  # the server has answered: it is committed, and nobody hears of it
            writer.write(chunk)
            await writer.drain()
