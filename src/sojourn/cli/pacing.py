"""A fast clock that waits for the engine: what is shown is the path as it is, on any machine.

Running the journeys' clock tens of thousands of times too fast would make every delay of a busy
machine hours long, and evidence old that was young. So the clock is set ahead in small steps, up
to the next thing that is due, and stands still while anything is due or under way.
"""

import asyncio
import math
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sojourn.control.door import Door
from sojourn.control.tasks import next_task
from sojourn.control.tick import next_look
from sojourn.control.workers import set_ahead
from sojourn.store.workers import list_workers

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=1)
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
    _gap: timedelta = LONGEST
    """How long nothing is due, as it was seen last."""
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
        ahead = min(max(self._gap, SHORTEST), LONGEST)
        await set_ahead(self.door, ahead)
        now = time.monotonic()
        self._reached = max(self._reached + ahead.total_seconds() / self.speed, now - ARREARS)
        await asyncio.sleep(max(self._reached - now, 0))

    async def _working(self) -> bool:
        """Look at journeys, tasks, workers and journeys again: work goes round in this order."""
        rest = LONGEST.total_seconds()
        for look in (next_look, next_task, self._held, next_look):
            rest = min(rest, await look(self.door))
            if rest <= 0:
                return True
        self._gap = timedelta(seconds=rest) * self.door.clock.speed
        return False

    async def _held(self, door: Door) -> float:
        async with door.db.connection() as connection:
            held = await list_workers(connection)
        return 0.0 if any(row["tasks"] for row in held) else math.inf
