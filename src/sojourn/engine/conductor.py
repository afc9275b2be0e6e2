"""The conductor: looks at the journeys that are due, and lets control decide."""

from typing import Final

from sojourn.control.door import Door
from sojourn.control.resting import Resting
from sojourn.control.tick import next_look, tick
from sojourn.engine.loop import Loop
from sojourn.engine.vitals import Vitals

ELSEWHERE: Final = 0.02
"""Seconds of rest where journeys are due and others have them in hand: to ask again at once would
only take the time that they need."""


class Conductor(Loop):
    """Decides on due journeys, up to ``limit`` in one transaction."""

    name = "conductor"

    def __init__(self, door: Door, poll: float, limit: int, vitals: Vitals | None = None) -> None:
        super().__init__(poll)
        self._door = door
        self._limit = limit
        self._vitals = vitals or Vitals()
        self._resting = Resting()

    async def once(self) -> float:
        """Decide on the journeys that are due now."""
        if done := await tick(self._door, self._limit, self._resting):
            self._vitals.count("decisions", done)
            return 0
        return max(await next_look(self._door, self._resting), ELSEWHERE)
