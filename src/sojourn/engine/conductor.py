"""The conductor: looks at the journeys that are due, and lets control decide."""

from sojourn.control.door import Door
from sojourn.control.tick import next_look, tick
from sojourn.engine.loop import Loop


class Conductor(Loop):
    """Decides on due journeys, up to ``limit`` in one transaction."""

    name = "conductor"

    def __init__(self, door: Door, poll: float, limit: int) -> None:
        super().__init__(poll)
        self._door = door
        self._limit = limit

    async def once(self) -> float:
        """Decide on the journeys that are due now."""
        if await tick(self._door, self._limit):
            return 0
        return await next_look(self._door)
