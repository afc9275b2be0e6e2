"""The timekeeper: keeps this process on the journeys' clock, which anyone may set ahead."""

from sojourn.control.door import Door
from sojourn.control.workers import set_watch
from sojourn.engine.loop import Loop


class Timekeeper(Loop):
    """Reads the clock every ``poll`` seconds."""

    name = "timekeeper"

    def __init__(self, door: Door, poll: float) -> None:
        super().__init__(poll)
        self._door = door

    async def once(self) -> float:
        """Read the clock."""
        await set_watch(self._door)
        return self.poll
