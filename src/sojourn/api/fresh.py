"""What is dear to compute, kept for a moment: however many ask, it is computed once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")
MOST: Final = 100


class Fresh(Generic[T]):
    """Keeps values by key for ``seconds``; whoever asks meanwhile waits for the one that computes."""

    def __init__(self, seconds: float) -> None:
        """Compute anew what is older than that."""
        self._seconds = seconds
        self._kept: dict[Hashable, tuple[float, T]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def get(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        """Return the value of a key, computed now where there is none that is fresh."""
        if len(self._locks) > MOST:
            self._locks.clear()
            self._kept.clear()
        async with self._locks.setdefault(key, asyncio.Lock()):
            until, value = self._kept.get(key, (0.0, None))
            if value is not None and monotonic() < until:
                return value
            value = await compute()
            self._kept[key] = (monotonic() + self._seconds, value)
            return value
