"""A fast clock that waits for the engine: what is shown is the path as it is, on any machine.

Running the journeys' clock tens of thousands of times too fast would make every delay of a busy
machine hours long, and evidence old that was young. So the clock is set ahead in small steps, up
to the next thing that is due, and stands still while anything is due or under way. While agents
work on something in processes of their own, it goes from one look at that work to the next.
"""

import asyncio
import math
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sojourn.control.door import Door
from sojourn.control.tasks import next_task, under_way
from sojourn.control.tick import next_look
from sojourn.control.workers import set_ahead
from sojourn.store.workers import list_workers

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=1)
"""The least and the most that the clock is set ahead at once."""
PATIENCE: Final = 180.0
"""Seconds for which the clock waits for the engine before it goes on all the same."""
AWAY: Final = 15.0
"""Seconds for which it goes slowly while agents are at work that may never answer."""
LOOK: Final = 0.005
LOOK_LONGEST: Final = 0.03
"""Seconds between two looks at whether the engine is done: the longer it takes, the longer."""
BREATH: Final = 0.03
"""Seconds that agents get between two looks at their work."""
ARREARS: Final = 0.5
"""Seconds behind its speed that the clock may make good again."""


@dataclass(slots=True)
class Pacer:
    """Takes the journeys' clock ahead, ``speed`` times as fast as real time at most."""

    door: Door
    speed: float
    shortest: timedelta = SHORTEST
    """The least that the clock is set ahead: what is due within it is done together."""
    _gap: timedelta = LONGEST
    """How long nothing is due, as it was seen last."""
    _busy_since: float | None = None
    _away_since: float | None = None
    """Since when agents have been at work."""
    _reached: float = field(default_factory=time.monotonic)

    async def idle(self) -> bool:
        """Say whether nothing is due or under way, or the clock has waited for long enough."""
        if not await self._working():
            self._busy_since = None
            return True
        now = time.monotonic()
        self._busy_since = self._busy_since or now
        await asyncio.sleep(min(max(LOOK, (now - self._busy_since) / 8), LOOK_LONGEST))
        return now - self._busy_since > PATIENCE

    async def step(self) -> None:
        """Set the clock ahead, but not past the next thing that is due; then keep to the speed."""
        away = await self._away()
        ahead = min(self._gap if away else max(self._gap, self.shortest), LONGEST)
        await set_ahead(self.door, ahead)
        if away:
            await asyncio.sleep(BREATH)
        now = time.monotonic()
        self._reached = max(self._reached + ahead.total_seconds() / self.speed, now - ARREARS)
        await asyncio.sleep(max(self._reached - now, 0))

    async def _away(self) -> bool:
        """Say whether agents are at work, and have not been for too long."""
        now = time.monotonic()
        busy = bool(await under_way(self.door))
        self._away_since = (self._away_since or now) if busy else None
        return self._away_since is not None and now - self._away_since <= AWAY

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
