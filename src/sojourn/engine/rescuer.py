"""The rescuer: frees the tasks of workers whose lease has run out."""

import structlog

from sojourn.control.door import Door
from sojourn.control.workers import rescue
from sojourn.engine.loop import Loop

log = structlog.get_logger()


class Rescuer(Loop):
    """Looks every ``poll`` seconds for workers that died or hang."""

    name = "rescuer"

    def __init__(self, door: Door, poll: float) -> None:
        super().__init__(poll)
        self._door = door

    async def once(self) -> float:
        """Free what dead workers hold."""
        workers, tasks = await rescue(self._door)
        if workers or tasks:
            log.warning("took over from lost workers", workers=workers, tasks=tasks)
        return self.poll
