"""Figures over all journeys, remembered for a few seconds: many readers cost one reading."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Generic, TypeVar, cast

import structlog

T = TypeVar("T")
PATIENCE: Final = 8
"""How many times its age limit a value may be shown while a newer one is being made."""
DEAR: Final = 20
"""A value that is slow to make is made anew no sooner than after so many times as long."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A value and the monotonic second at which it was made."""

    value: T
    at: float
    cost: float = 0.0
    """Seconds that it took to make."""


class Memo:
    """Values by name, each made by one reader at a time; one that is old is made anew meanwhile."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Measure ages by a clock."""
        self._clock = clock
        self._kept: dict[str, Kept[Any]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._renewing: dict[str, asyncio.Task[None]] = {}
        self._era = 0

    async def get(
        self, name: str, seconds: float, make: Callable[[], Awaitable[T]], patience: int = 1
    ) -> T:
        """Return a value that is no older than so many seconds.

        With ``patience`` an older one, up to that many times the age, is returned at once and made
        anew meanwhile: for what says itself how old it is. What is dear is made less often.
        """
        kept = self._kept.get(name)
        seconds = max(seconds, kept.cost * DEAR if kept and patience > 1 else 0.0)
        age = self._clock() - kept.at if kept else 0.0
        if kept is None or age >= seconds * patience:
            return await self._made(name, seconds, make)
        if age >= seconds and name not in self._renewing:
            self._renewing[name] = asyncio.create_task(self._renew(name, seconds, make))
        return cast(T, kept.value)

    async def _made(self, name: str, seconds: float, make: Callable[[], Awaitable[T]]) -> T:
        async with self._locks.setdefault(name, asyncio.Lock()):
            kept = self._kept.get(name)
            if kept is None or self._clock() - kept.at >= seconds:
                era, begun = self._era, self._clock()
                value = await make()
                kept = Kept(value, self._clock(), self._clock() - begun)
                if era == self._era:
                    self._kept[name] = kept
            return cast(T, kept.value)

    async def _renew(self, name: str, seconds: float, make: Callable[[], Awaitable[Any]]) -> None:
        try:
            await self._made(name, seconds, make)
        except Exception as error:  # noqa: BLE001 -- the old value stands until it is too old
            log.warning("a figure could not be made anew", figure=name, error=str(error))
        finally:
            self._renewing.pop(name, None)

    def forget(self) -> None:
        """Make everything anew when it is next asked for; what is being made does not count."""
        self._era += 1
        self._kept.clear()
