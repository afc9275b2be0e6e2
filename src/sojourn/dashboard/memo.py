"""Figures over all journeys, remembered for a few seconds: many readers cost one reading."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A value and the monotonic second at which it was made."""

    value: T
    at: float


class Memo:
    """Values by name, each made by one reader at a time and good for some real seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Measure ages by a clock."""
        self._clock = clock
        self._kept: dict[str, Kept[Any]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, name: str, seconds: float, make: Callable[[], Awaitable[T]]) -> T:
        """Return a value that is no older than so many seconds."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            kept = self._kept.get(name)
            if kept is None or self._clock() - kept.at >= seconds:
                kept = Kept(await make(), self._clock())
                self._kept[name] = kept
            return cast(T, kept.value)

    def forget(self) -> None:
        """Make everything anew when it is next asked for."""
        self._kept.clear()
