"""Rest after a look that was dear: a journey of ten thousand tasks is not counted at each of them.

What has happened to it stays where it is until the next look sees all of it at once.
"""

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final
from uuid import UUID

from sojourn.core.snapshot import Snapshot

EACH: Final = 50e-6
"""Seconds of rest for each task of the visit, some ten times what counting it takes."""
SHORTEST: Final = 0.02
"""Seconds below which a rest is not worth remembering: journeys of fewer than 400 tasks have none."""


class Resting:
    """Journeys that are passed over for a while, though something woke them."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._until: dict[UUID, float] = {}

    def note(self, shots: Iterable[Snapshot]) -> None:
        """Let those rest that were dear to look at."""
        for shot in shots:
            rest = EACH * sum(unit.total for unit in shot.units)
            if rest >= SHORTEST:
                self._until[shot.state.journey_id] = self._clock() + rest

    def journeys(self) -> list[UUID]:
        """Return those that rest now."""
        now = self._clock()
        self._until = {key: until for key, until in self._until.items() if until > now}
        return list(self._until)

    def over_in(self) -> float:
        """Return in how many seconds the first rest is over; infinity where none rests."""
        return min(self._until.values(), default=float("inf")) - self._clock()
