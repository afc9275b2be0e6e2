"""The anatomy of every loop: do a round, rest, be woken; survive a database that is away."""

import asyncio
import random
from abc import ABC, abstractmethod
from contextlib import suppress
from time import monotonic
from typing import Final

import structlog

from sojourn.store.postgres import DatabaseUnavailable

LONGEST_PAUSE: Final = 30.0
PATIENCE: Final = 60.0
"""Seconds beyond its longest rest within which a loop that is well ends a round."""
log = structlog.get_logger()


class Loop(ABC):
    """A loop that runs until it is stopped. ``poll`` is its longest rest, in real seconds."""

    name = "loop"

    def __init__(self, poll: float, longest_pause: float = LONGEST_PAUSE) -> None:
        """``longest_pause`` is the longest rest after failures, in real seconds."""
        self.poll = poll
        self._longest_pause = longest_pause
        self._wake = asyncio.Event()
        self._failures = 0
        self.good_at = monotonic()
        """When a round last ended well, in seconds of the monotonic clock; at first, when made."""
        self.turns = 0
        self.halted = False

    @abstractmethod
    async def once(self) -> float:
        """Do one round; return for how many seconds nothing needs doing, 0 to go on at once."""

    async def close(self) -> None:
        """Put down what the loop has in hand."""
        return

    async def drop(self) -> None:
        """Let go of what is under way, however the loop has ended; after closing, if it closes."""
        return

    def overdue(self, now: float | None = None) -> float:
        """Return for how many seconds a round ought to have ended well; 0 for a loop that is well.

        One round that never ends and rounds that all fail are the same to whoever waits for them.
        """
        quiet = (monotonic() if now is None else now) - self.good_at
        late = quiet - self.poll - PATIENCE
        return max(late, 0.0)

    def wake(self) -> None:
        """End the present rest: there is something to do."""
        self._wake.set()

    def halt(self) -> None:
        """Begin no other round and close nothing: the process is falling.

        Being cancelled is not enough. Before Python 3.12 a cancellation that comes together with
        an answer of the database is lost in ``asyncio.wait_for``, in which psycopg waits.
        """
        self.halted = True
        self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Do rounds until ``stop`` is set, then close; leave nothing behind however it ends."""
        try:
            await self._turn(stop)
        finally:
            await self.drop()

    async def _turn(self, stop: asyncio.Event) -> None:
        while not (stop.is_set() or self.halted):
            self._wake.clear()
            rest = await self._round()
            await self._rest(rest if self._failures else min(rest, self.poll))
        if self.halted:
            return
        try:
            await self.close()
        except Exception:
            # What it still holds is freed by the others when its lease runs out.
            log.exception("closing failed", loop=self.name)

    async def _round(self) -> float:
        try:
            rest = await self.once()
        except DatabaseUnavailable as error:
            return self._failed("the database is away", error)
        except Exception as error:
            log.exception("a round failed", loop=self.name)
            return self._failed("a round failed", error)
        self._failures = 0
        self.good_at = monotonic()
        self.turns += 1
        return rest

    def _failed(self, told: str, error: Exception) -> float:
        self._failures += 1
        pause: float = min(0.1 * 2 ** min(self._failures, 20), self._longest_pause)
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 -- only jitter
        log.warning(told, loop=self.name, error=str(error), again_in=round(pause, 1))
        return pause

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(0)
        if seconds > 0:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes with the wake-up.
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
