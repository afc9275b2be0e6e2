"""The lease of a worker process: while it is renewed, nobody else takes the worker's tasks."""

import os
import socket
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from sojourn.control.door import Door
from sojourn.control.workers import leave, register, renew
from sojourn.engine.loop import Loop

log = structlog.get_logger()


class Lease(Loop):
    """Renews the lease three times in its length.

    A process that slept through its lease (stopped, swapped out, cut off) has lost its tasks to
    others: ``lost`` is called, and the process goes on under a new name.
    """

    name = "lease"

    def __init__(self, door: Door, length: timedelta, lost: Callable[[], None]) -> None:
        third = length.total_seconds() / 3
        super().__init__(third, third)
        self.worker: UUID | None = None
        self._door = door
        self._length = length
        self._lost = lost

    async def once(self) -> float:
        """Take the lease, or renew it."""
        if self.worker is not None and not await renew(self._door, self.worker, self._length):
            log.warning("the lease ran out; others have this worker's tasks now")
            self.worker = None
            self._lost()
        if self.worker is None:
            worker = uuid4()
            await register(self._door, worker, socket.gethostname(), os.getpid(), self._length)
            self.worker = worker
        return self.poll

    async def close(self) -> None:
        """Give the lease up."""
        if self.worker is not None:
            await leave(self._door, self.worker)
