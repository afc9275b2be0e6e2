"""The engine of a demonstration: in this process, or in one that can be killed."""

import asyncio
from pathlib import Path
from typing import Any, Final

from sojourn.app import App, pace
from sojourn.cli.tallies import Counted
from sojourn.engine.engine import run_engine
from sojourn.sandbox.processes import Child

HIRED: Final = "sojourn.cli.hired"
LOOK: Final = 0.1
LEASE: Final = 2.0
"""Seconds until others take over from the process that is killed."""


class Crew:
    """Runs the engine, counts what the agents do, and can be struck down."""

    def __init__(self, app: App) -> None:
        """Work for an open application."""
        self.counted = Counted(app.agents)
        self._app = app
        self._stop = asyncio.Event()
        self._own: asyncio.Task[None] | None = None
        self._hired: Child | None = None

    @property
    def ended(self) -> bool:
        """Say whether the engine of this process has ended by itself."""
        return self._own is not None and self._own.done()

    def begin(self) -> None:
        """Start the engine in this process."""
        self._stop = asyncio.Event()
        engine = run_engine(self._app.door, self.counted, self._stop, pace(self._app.settings))
        self._own = asyncio.create_task(engine)

    async def end(self) -> None:
        """End the engine; raises what it ended with by itself."""
        hired, self._hired = self._hired, None
        try:
            if hired is not None:
                await hired.stop()
        finally:
            await self._put_down()

    async def hand_over(self) -> None:
        """Let a process of its own do the work from now on; raises NotStarted."""
        await self._put_down()
        log = Path(self._app.settings.data_dir) / "worker.log"
        self._hired = Child(HIRED, self._orders(), log)
        await self._hired.start()

    async def strike(self, agent: Child) -> None:
        """Kill that process and an agent's, as a power cut would; start agent and engine again."""
        if self._hired is not None:
            await asyncio.gather(self._hired.kill(), agent.kill())
            self._hired = None
        await agent.start()
        self.begin()

    async def _put_down(self) -> None:
        self._stop.set()
        own, self._own = self._own, None
        if own is not None:
            await own

    def _orders(self) -> dict[str, Any]:
        settings = self._app.settings
        url = settings.database_url.get_secret_value() if settings.database_url else None
        return {
            "database_url": url,
            "data_dir": str(settings.data_dir),
            "agents": str(settings.agents) if settings.agents else None,
            "lease_seconds": LEASE,
            "poll_seconds": LOOK,
        }
