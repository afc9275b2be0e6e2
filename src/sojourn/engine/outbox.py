"""What came of calls and is not written yet; nothing that is known is dropped."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Outbox(list[T]):
    """Outcomes in the order in which they came; one list for good, which others add to meanwhile."""

    async def write(
        self, put: Callable[[list[T]], Awaitable[None]], most: int | None = None
    ) -> list[T]:
        """Write all, or the first ``most``, and return them; if that fails they are first again."""
        done = self[:most]
        if done:
            del self[:most]
            try:
                await put(done)
            except Exception:
                self[:0] = done
                raise
        return done
