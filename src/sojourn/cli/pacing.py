"""A fast clock that waits for the engine: what is shown is the path as it is, on any machine.

Running the journeys' clock tens of thousands of times too fast would make every delay of a busy
machine hours long, and evidence old that was young. So the clock is set ahead in small steps, up
to the next thing that is due, and stands still while anything is due or under way.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sojourn.control.door import Door
from sojourn.store import clock, journeys, work, workers

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=30)
"""The least and the most that the clock is set ahead at once."""
PATIENCE: Final = 15.0
"""Seconds for which the clock waits for the engine before it goes on all the same."""
LOOK: Final = 0.005
ARREARS: Final = 0.5
"""Seconds behind its speed that the clock may make good again."""


@dataclass(slots=True)
class Pacer:
    """Takes the journeys' clock ahead, ``speed`` times as fast as real time at most."""

    door: Door
    speed: float
    _next: datetime | None = None
    _busy_since: float | None = None
    _reached: float = field(default_factory=time.monotonic)

    async def idle(self) -> bool:
        """Say whether nothing is due or under way, or the clock has waited for long enough."""
        if not await self._working():
            self._busy_since = None
            return True
        now = time.monotonic()
        self._busy_since = self._busy_since or now
        await asyncio.sleep(LOOK)
        return now - self._busy_since > PATIENCE

    async def step(self) -> None:
        """Set the clock ahead, but not past the next thing that is due; then keep to the speed."""
        gap = self._next - self.door.now() if self._next else LONGEST
        ahead = min(max(gap, SHORTEST), LONGEST)
        async with self.door.db.connection() as connection:
            self.door.clock = await clock.set_clock(connection, ahead)
        now = time.monotonic()
        self._reached = max(self._reached + ahead.total_seconds() / self.speed, now - ARREARS)
        await asyncio.sleep(max(self._reached - now, 0))

    async def _working(self) -> bool:
        async with self.door.db.connection() as connection:
            rows = [await work.next_due(connection), await journeys.next_due(connection)]
            held = await workers.list_workers(connection)
        dues = [row["due"] for row in rows if row and row["due"]]
        self._next = min(dues, default=None)
        due = self._next is not None and self._next <= self.door.now()
        return due or any(row["tasks"] for row in held)
