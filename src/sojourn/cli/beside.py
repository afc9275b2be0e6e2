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


class Beside:
    """Begins the demonstration when it is first asked for, and ends it with the server."""

    def __init__(self, command: Sequence[str] = COMMAND, patience: float = PATIENCE) -> None:
        """``command`` prints one line of JSON with ``url`` and ``link``, and ends with its input."""
        self._command = command
        self._patience = patience
        self._process: Process | None = None
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
                told = await asyncio.wait_for(self._told(process), self._patience)
            except (TimeoutError, ValueError, KeyError):
                await self._end(process)
                raise RefusedError(NOT_BEGUN) from None
            self._url = told["url"]
            return told["link"]

    async def _begin(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )

    async def _told(self, process: Process) -> dict[str, str]:
        if process.stdout is None:
            raise ValueError("nothing is told")
        told = orjson.loads(await process.stdout.readline())
        return {"url": str(told["url"]), "link": str(told["link"])}

    async def aclose(self) -> None:
        """End the demonstration, if it was begun."""
        if self._process is not None:
            await self._end(self._process)

    async def _end(self, process: Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            # What it still says is read, or it would wait for ever to say it.
            await asyncio.wait_for(process.communicate(), FAREWELL)
        except TimeoutError:
            process.kill()
            await process.wait()


NOT_BEGUN: Final = Refusal(
    "unavailable",
    "the demonstration does not begin",
    "see why in a terminal: sojourn demo --scenario fleet --serve",
)
