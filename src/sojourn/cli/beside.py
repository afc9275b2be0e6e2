"""The demonstration that the empty page starts: a process of its own, beside the server."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from typing import Final

import orjson

from sojourn.control.door import RefusedError
from sojourn.core.decision import Refusal

COMMAND: Final = (
    *(sys.executable, "-m", "sojourn", "demo"),
    *("--scenario", "fleet", "--serve", "--attached", "--json"),
)
PATIENCE: Final = 120.0
"""Seconds until the demonstration says where it is."""
FAREWELL: Final = 20.0
"""Seconds that it has to put its data away."""
AT_ONCE: Final = 1 << 16
WRONG: Final = (TimeoutError, ValueError, LookupError, TypeError)
"""What comes of one that ends, says something else, or nothing."""


class Beside:
    """Begins the demonstration when it is first asked for, and ends it with the server."""

    def __init__(self, command: Sequence[str] = COMMAND, patience: float = PATIENCE) -> None:
        """``command`` prints one line of JSON with ``url`` and ``link``, and ends with its input."""
        self._command = command
        self._patience = patience
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._url = ""
        self._one = asyncio.Lock()

    async def __call__(self) -> str:
        """Return where the demonstration is: a link that signs in, later its bare address.

        Raises :class:`RefusedError` where it does not begin.
        """
        async with self._one:
            if self._process is not None and self._process.returncode is None:
                return self._url
            self._process = process = await self._begin()
            try:
                async with asyncio.timeout(self._patience):
                    self._url, link = _told(await self._heard(process))
            except BaseException as error:
                # Whoever gave up waiting leaves none behind that nobody knows the address of.
                await self._end(process)
                if isinstance(error, WRONG):
                    raise RefusedError(NOT_BEGUN) from None
                raise
            return link

    async def _begin(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )

    async def _heard(self, process: Process) -> bytes:
        """Return the first line that it says; what it says later is read, and let go."""
        first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(_read(process, first))
        return await first

    async def aclose(self) -> None:
        """End the demonstration, if it was begun."""
        if self._process is not None:
            await self._end(self._process)

    async def _end(self, process: Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(FAREWELL):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _read(process: Process, first: asyncio.Future[bytes]) -> None:
    if process.stdout is None:
        raise OSError("no pipe")
    try:
        line = await process.stdout.readline()
    except ValueError:  # too long
        line = b""
    if not first.done():
        first.set_result(line)
    # To the end, or it would wait for ever to say it.
    while await process.stdout.read(AT_ONCE):
        pass


def _told(line: bytes) -> tuple[str, str]:
    told = orjson.loads(line)
    return str(told["url"]), str(told["link"])


NOT_BEGUN: Final = Refusal(
    "unavailable",
    "the demonstration does not begin",
    "see why in a terminal: sojourn demo --scenario fleet --serve",
)
