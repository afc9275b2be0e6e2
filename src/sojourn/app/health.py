"""How the engine of this process is, looked at anew whenever somebody asks for its health."""

import asyncio
from typing import Final

from sojourn.api.context import Finding
from sojourn.app.opening import App
from sojourn.app.running import Running, own_lease
from sojourn.engine.vitals import Vitals

PATIENCE: Final = 3.0
"""Seconds that a look may take."""


class EngineProbe:
    """Looks at the engine's loops and its lease."""

    def __init__(self, app: App, engine: Running, stop: asyncio.Event, vitals: Vitals) -> None:
        """Look at an engine that ``stop`` ends and whose loops ``vitals`` watches."""
        self._app = app
        self._engine = engine
        self._stop = stop
        self._vitals = vitals

    async def __call__(self) -> list[Finding]:
        """Return what was found; without its loops the process is of no use."""
        alive = not self._engine.done()
        found = [Finding("engine", alive, "runs" if alive else "has ended", vital=True)]
        hung = self._vitals.hung()
        found.append(Finding("loops", not hung, "; ".join(hung) or "turn"))
        found.append(await self._lease())
        stopping = [Finding("stopping", False, "told to stop")]
        return found + stopping if self._stop.is_set() else found

    async def _lease(self) -> Finding:
        try:
            lease = await asyncio.wait_for(own_lease(self._app), PATIENCE)
        except Exception as error:  # noqa: BLE001 -- whatever it is, nobody knows of the lease
            return Finding("lease", False, f"unknown: {str(error) or type(error).__name__}")
        return Finding(
            "lease", bool(lease), f"good for {lease['lease_s']:.0f} s" if lease else "lost"
        )
