"""The live feed: one reader of the journal for everybody who follows it.

Followers hold no queue. Each has a place in the journal and takes what comes after it from a short
common memory, or, when it has fallen behind that, from the database at its own pace.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog

from sojourn.api.documents import event_of
from sojourn.store import stream
from sojourn.store.errors import DatabaseUnavailable
from sojourn.store.postgres import Database
from sojourn.store.stopping import stopped
from sojourn.store.stream import Horizon

KEEP: Final = 2_000
"""Events that are remembered for followers."""
PAGE: Final = 500
POLL: Final = 2.0
"""Seconds between two looks when nobody says that there is something."""
SOON: Final = 0.02
"""Seconds until the next look while somebody's transaction may still add an earlier event."""
READERS: Final = 3
"""Followers that read from the database at once; the others wait their turn."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a follower wants to hear of; None is everything."""

    journey_id: UUID | None = None
    client_id: str | None = None
    types: frozenset[str] | None = None

    def includes(self, row: dict[str, Any]) -> bool:
        """Say whether an event is among it."""
        return (
            self.journey_id in (None, row["journey_id"])
            and self.client_id in (None, row["client_id"])
            and (self.types is None or row["type"] in self.types)
        )


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is sent."""

    event_id: int
    data: str


class Feed:
    """Follows the journal and lets others follow."""

    def __init__(self, db: Database, keep: int = KEEP) -> None:
        """Remember the newest ``keep`` events."""
        self._db = db
        self._keep = keep
        self._horizon = Horizon()
        self._position = 0
        self._since: int | None = None
        self._memory: deque[tuple[dict[str, Any], Told]] = deque()
        self._moved = asyncio.Event()
        self._woken = asyncio.Event()
        self._reading = asyncio.Semaphore(READERS)
        self._closed = False
        self.followers = 0
        self.alive = False
        """Whether the feed follows the journal at this moment."""

    @property
    def position(self) -> int:
        """Return the id up to which the feed remembers; nothing at or below it comes later."""
        return self._position

    async def run(self) -> None:
        """Follow the journal until cancelled; a database that is away is waited for.

        So is whatever else fails: a feed that ended would leave its followers waiting for ever.
        """
        pause = 0.1
        while True:
            try:
                async with self._db.listen("sojourn_events") as payloads:
                    await self._follow_journal(payloads)
            except DatabaseUnavailable as error:
                log.warning("the event feed waits for the database", error=str(error))
            except Exception:
                log.exception("the event feed begins again")
            pause = 0.1 if self.alive else min(pause * 2, 5.0)
            self.alive = False
            await asyncio.sleep(pause)

    async def _follow_journal(self, payloads: AsyncIterator[str | None]) -> None:
        listener = asyncio.create_task(self._listen(payloads))
        try:
            while True:
                self._woken.clear()
                await self._look()
                self.alive = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(SOON if self._horizon.waiting else POLL):
                        await self._woken.wait()
        finally:
            await stopped(listener)

    async def _listen(self, payloads: AsyncIterator[str | None]) -> None:
        async for _ in payloads:
            self._woken.set()

    async def _look(self) -> None:
        before, begun = self.position, self._since is not None
        async with self._db.connection() as connection:
            now = await self._horizon.look(connection)
            if not begun:
                self._since = now
            elif now > before:
                fresh = await stream.between(connection, before, now, self._keep + 1)
                self._remember(fresh, now)
        # Only now: who follows must not take what is still being read for nothing.
        self._position = now
        if now > before or not begun:
            self._moved.set()
            self._moved = asyncio.Event()

    def _remember(self, fresh: Sequence[dict[str, Any]], until: int) -> None:
        if len(fresh) > self._keep:
            self._memory.clear()
            self._since = until
            return
        # First all of them: of what fails half-way nothing is remembered twice.
        self._memory += [(row, told(row)) for row in fresh]
        while len(self._memory) > self._keep:
            self._since = self._memory.popleft()[1].event_id

    async def follow(
        self,
        after: int | None,
        wanted: Wanted,
        heartbeat: float,
        good: Callable[[], Any] | None = None,
    ) -> AsyncIterator[Told | None]:
        """Yield events after an id (None: from now on), and None where there was none for long.

        ``good`` is awaited at every heartbeat; the end comes when it says False.
        """
        await self._begun()
        place = self.position if after is None else after
        while not self._closed:
            if place >= self.position and not await self._advanced(heartbeat):
                if good is not None and not await good():
                    return
                yield None
                continue
            found, place = await self._after(place, wanted)
            for one in found:
                yield one

    async def _begun(self) -> None:
        while self._since is None and not self._closed:
            await self._advanced(1.0)

    async def _advanced(self, seconds: float) -> bool:
        """Wait until the feed has moved; False when it has not."""
        moved = self._moved
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await moved.wait()
        return moved.is_set()

    async def _after(self, place: int, wanted: Wanted) -> tuple[list[Told], int]:
        """Return the next events after a place, and the place after them."""
        if self._since is not None and place >= self._since:
            return self._remembered(place, wanted), self.position
        until = self.position
        async with self._reading, self._db.connection() as connection:
            types = sorted(wanted.types) if wanted.types is not None else None
            rows = await stream.between(
                connection,
                place,
                until,
                PAGE,
                journey_id=wanted.journey_id,
                client_id=wanted.client_id,
                types=types,
            )
        return [told(row) for row in rows], rows[-1]["event_id"] if len(rows) == PAGE else until

    def _remembered(self, place: int, wanted: Wanted) -> list[Told]:
        found = []
        for row, event in reversed(self._memory):
            if event.event_id <= place:
                break
            if wanted.includes(row):
                found.append(event)
        return found[::-1]

    def close(self) -> None:
        """End all followers."""
        self._closed = True
        self._moved.set()


def told(row: dict[str, Any]) -> Told:
    """Return an event as it is sent: written as JSON once, whoever reads it."""
    return Told(row["event_id"], event_of(row).model_dump_json(exclude_none=True))
