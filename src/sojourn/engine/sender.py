"""What the loops that send have in common: tries under way, outcomes to write, when to try again."""

import asyncio
import math
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from sojourn.engine.loop import Loop
from sojourn.engine.outbox import Outbox
from sojourn.engine.vitals import Vitals
from sojourn.store.stopping import stopped

GRACE: Final = 10.0
"""Seconds that tries under way have to end when their loop is told to stop."""
FIRST_WAIT: Final = 5.0
FACTOR: Final = 3.0
LONGEST_WAIT: Final = 4 * 3600.0
GIVE_UP: Final = timedelta(hours=24)
TIDY: Final = timedelta(hours=1)
Outcomes = list[dict[str, Any]]
log = structlog.get_logger()


def real_time() -> datetime:
    """Return what time it is outside of the journeys' clock."""
    return datetime.now(UTC)


class Sender(Loop):
    """Sends in tasks of its own, and writes what came of them in rounds.

    ``now`` is real time, for receivers do not live on our clock.
    """

    def __init__(self, poll: float, now: Callable[[], datetime], vitals: Vitals | None) -> None:
        super().__init__(poll)
        self._now = now
        self._vitals = vitals or Vitals()
        self._running: set[asyncio.Task[None]] = set()
        self._finished = Outbox[dict[str, Any]]()
        self._tidied = now() - TIDY

    @abstractmethod
    async def _settle(self, done: Outcomes) -> None:
        """Write how tries went, all of them or none."""

    @abstractmethod
    async def _forget(self) -> None:
        """Remove what is so old that nobody asks for it."""

    def _begin(self, trying: Coroutine[Any, Any, Outcomes]) -> None:
        """Begin a try; what comes of it is written by the next round."""
        task = asyncio.create_task(self._tried(trying))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _tried(self, trying: Coroutine[Any, Any, Outcomes]) -> None:
        try:
            self._finished.extend(await trying)
        except Exception:
            # Nobody has heard how it went: it is tried again when its lease is over.
            log.exception("a try broke off", loop=self.name)
        self.wake()

    async def _write(self) -> int:
        return len(await self._finished.write(self._settle))

    async def _tidy(self) -> None:
        now = self._now()
        if now - self._tidied >= TIDY:
            self._tidied = now
            await self._forget()

    def _rest_until(self, due: datetime | None) -> float:
        # What is due and was not taken belongs to somebody who is busy.
        return max((due - self._now()).total_seconds(), 0.2) if due else math.inf

    async def close(self) -> None:
        """Let what is under way end; what does not is sent again by whoever comes next."""
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE)
        await self._write()

    async def drop(self) -> None:
        """End what is still under way."""
        await asyncio.gather(*map(stopped, self._running))


def again(
    attempts: int, begun_at: datetime, now: datetime, draw: float, wait: timedelta | None = None
) -> datetime | None:
    """Return when a delivery is tried next after ``attempts``; None when its day is over.

    ``draw`` in [0, 1) is the jitter, ``wait`` what the receiver asked for.
    """
    backoff = min(FIRST_WAIT * FACTOR ** min(attempts - 1, 20), LONGEST_WAIT) * (0.5 + draw / 2)
    due = now + max(timedelta(seconds=backoff), wait or timedelta(0))
    return due if due <= begun_at + GIVE_UP else None
