"""The rescuer: frees the tasks of workers whose lease has run out."""

from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from sojourn.control.door import Door
from sojourn.control.workers import end_frozen, rescue, set_watch
from sojourn.engine.loop import Loop

FROZEN: Final = 4
"""Leases after which a process that stands still in a transaction loses its locks."""
log = structlog.get_logger()


class Rescuer(Loop):
    """Looks three times in a lease's length for workers that died or hang.

    When the database has been away nobody could renew a lease, and nobody is dead for that: for
    the length of a lease the workers are given time.
    """

    name = "rescuer"

    def __init__(self, door: Door, lease: timedelta) -> None:
        super().__init__(lease.total_seconds() / 3)
        self._door = door
        self._lease = lease
        self._patient_until = 0.0

    async def once(self) -> float:
        """Free what dead workers hold."""
        if self._failures:
            await set_watch(self._door)
            self._patient_until = monotonic() + self._lease.total_seconds()
        if monotonic() < self._patient_until:
            return self.poll
        if ended := await end_frozen(self._door, FROZEN * self._lease):
            log.warning("ended transactions of frozen processes", sessions=ended)
        workers, tasks = await rescue(self._door)
        if workers or tasks:
            log.warning("took over from lost workers", workers=workers, tasks=tasks)
        return self.poll
