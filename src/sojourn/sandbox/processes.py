"""Processes of the sandbox: started, waited for until they serve, killed, started again, ended."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sojourn.sandbox.serving import listen

READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 5.0
TOLD: Final = 2000
"""How much of a failed process's last words are repeated."""


class NotStarted(RuntimeError):
    """A process that did not come to serve; the message has its last words."""


def free_port() -> int:
    """Return a port of loopback on which nothing listens at the moment."""
    with listen() as sock:
        port: int = sock.getsockname()[1]
        return port


@dataclass(slots=True)
class Child:
    """One process that serves on a port of its own and ends when this process does.

    ``log`` is the file that takes what it says on standard error.
    """

    module: str
    config: Mapping[str, Any]
    log: Path
    port: int = field(default_factory=free_port)
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Return where it serves, whether it runs or not."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Return its process id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self) -> None:
        """Start it and wait until it serves; raises :class:`NotStarted`."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is the parent's to handle
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise NotStarted(f"{self.module} has no pipes")
        self._process.stdin.write(json.dumps({**self.config, "port": self.port}).encode() + b"\n")
        try:
            async with asyncio.timeout(READY_SECONDS):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            await self.stop()
            raise NotStarted(f"{self.module} did not start: {self._last_words()}")

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it, politely at first."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._end(signal.SIGTERM)
        except TimeoutError:
            await self.kill()

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, how)
        await self._process.wait()

    def _last_words(self) -> str:
        with suppress(OSError):
            return self.log.read_text(errors="replace")[-TOLD:].strip() or "it said nothing"
        return "it said nothing"
