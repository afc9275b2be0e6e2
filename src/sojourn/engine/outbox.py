"""What came of calls and is not written yet; nothing that is known is dropped."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Outbox(list[T]):
    """Outcomes in the order in which they came; one list for good, which others add to meanwhile."""

    async def write(
        self, put: Callable[[list[T]], Awaitable[None]], chosen: Sequence[T] | None = None
    ) -> list[T]:
        """Write all, or those ``chosen``, and return them; if that fails they are first again."""
        done = list(self if chosen is None else chosen)
        if done:
            gone = set(map(id, done))
            self[:] = [one for one in self if id(one) not in gone]
            try:
                await put(done)
            except Exception:
                self[:0] = done
                raise
        return done
