"""Lanes: many calls in few asyncio tasks; a call that waits keeps its lane, the others get another.

Most of what a call costs beside its agent is the task that it runs in. A lane runs one call after
another for as long as none of them waits; as soon as one does, the next lane takes the rest.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")
TURN: Final = 0.002
"""Seconds after which a lane lets the rest of the process have its turn."""


class Lanes(Generic[T]):
    """Runs what it is given through ``run``, all of it at once; see the module."""

    def __init__(self, run: Callable[[T], Awaitable[None]]) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self._run = run
        self._todo: deque[T] = deque()
        self._busy = 0
        self._relieved = False
        self._width = 1

    def __len__(self) -> int:
        """Return how many calls have begun or will, and have not ended."""
        return self._busy + len(self._todo)

    def add(self, some: Iterable[T]) -> None:
        """Begin these calls."""
        self._todo.extend(some)
        self._relieve()

    def drop(self) -> None:
        """Begin no more, and cancel what has begun."""
        self._todo.clear()
        for task in self.tasks:
            task.cancel()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until everything has ended, or for so long at most."""
        async with asyncio.timeout(seconds):
            while self.tasks or self._todo:
                await asyncio.wait(self.tasks) if self.tasks else await asyncio.sleep(0)

    def _relieve(self) -> None:
        """Let lanes begin in the next turn of the event loop, if anything is left to do then."""
        if not self._relieved:
            self._relieved = True
            asyncio.get_running_loop().call_soon(self._open)

    def _open(self) -> None:
        self._relieved = False
        for _ in range(min(self._width, len(self._todo))):
            task = asyncio.create_task(self._lane())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        self._width = self._width * 2 if self._todo else 1

    async def _lane(self) -> None:
        end = monotonic() + TURN
        while self._todo:
            self._relieve()
            self._busy += 1
            try:
                await self._run(self._todo.popleft())
            finally:
                self._busy -= 1
            if monotonic() > end:
                break
        if self._todo:
            self._relieve()
