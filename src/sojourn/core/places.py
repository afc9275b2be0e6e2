"""Places in the queue: one client's flood of tasks stands behind what others bring after it."""

from datetime import datetime, timedelta
from typing import Final

from sojourn.core.snapshot import Snapshot

STRIDE: Final = 10
"""How many tasks of a journey take the same place in the queue."""
BEHIND: Final = timedelta(seconds=10)
"""How much later the next ones stand there: as if they had come that much later.

So a flood gets a task a second before others, who come after it, and all that others leave over.
"""


class Places:
    """A journey's next places in the queue, behind as many as its tasks have there already.

    What comes in many small units is a flood as much as what comes in one.
    """

    def __init__(self, shot: Snapshot, now: datetime) -> None:
        self._now = now
        self._given = sum(unit.queued for unit in shot.units)

    def take(self, count: int = 1) -> datetime:
        """Return the place of the first of so many tasks."""
        place = self._now + self._given // STRIDE * BEHIND
        self._given += count
        return place
