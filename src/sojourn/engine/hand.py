"""What a worker has in hand: tasks taken whose end is not written yet, and whose they are."""

from collections import Counter
from collections.abc import Iterable, Iterator
from uuid import UUID

from sojourn.control.tasks import Claimed


class Hand:
    """Tasks in hand; a journey that holds ``kept`` places or more crowds the worker."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._tasks: dict[int, Claimed] = {}
        # By number: UUIDs are hashed and compared in Python, thousands of times for each set.
        self._places: Counter[int] = Counter()

    def __len__(self) -> int:
        """Return how many tasks are in hand."""
        return len(self._tasks)

    def __iter__(self) -> Iterator[Claimed]:
        """Go through the tasks in hand."""
        return iter(self._tasks.values())

    def take(self, some: Iterable[Claimed]) -> None:
        """Take tasks in hand."""
        taken = {id(claimed): claimed for claimed in some}
        self._tasks |= taken
        self._places.update(c.attempt.call.journey_id.int for c in taken.values())

    def let_go(self, some: Iterable[Claimed]) -> None:
        """Let tasks go; those that are not in hand are passed over."""
        for claimed in some:
            if self._tasks.pop(id(claimed), None) is None:
                continue
            journey = claimed.attempt.call.journey_id.int
            if left := self._places[journey] - 1:
                self._places[journey] = left
            else:
                del self._places[journey]

    def clear(self) -> None:
        """Let go of everything."""
        self._tasks.clear()
        self._places.clear()

    def crowded(self) -> list[UUID]:
        """Return the journeys that hold as many places as are kept for others, or more."""
        return [UUID(int=key) for key, places in self._places.items() if places >= self._kept > 0]

    def mixed(self) -> bool:
        """Say whether there are journeys that crowd the worker, and others beside them."""
        return 0 < len(self.crowded()) < len(self._places)
