"""What an agent may be asked at once and in a minute, and when it is left alone for a while."""

from dataclasses import dataclass, field
from datetime import timedelta
from math import floor
from typing import Final

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Breaker:
    """A circuit breaker: opened by ``failures`` in a row, of all tasks and workers together.

    Nothing is sent for ``pause``, then one task to see; each further failure doubles the pause, up
    to ``longest``. Any answer closes it. ``failures`` of 0 never opens it. Times are of the
    journeys' clock.
    """

    failures: int = 10
    pause: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one agent over all workers; None is no limit."""

    agent_id: str
    max_concurrency: int | None = None
    """Tasks that the agent works on at once; one that waits for a person's answer is none."""
    rate_per_minute: float | None = None
    """Tasks and answers sent to it in any minute."""
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def window(self) -> tuple[int, timedelta] | None:
        """Return the rate as so many starts in so much time: 0.5 a minute is 1 in two minutes."""
        if self.rate_per_minute is None:
            return None
        most = max(floor(self.rate_per_minute), 1)
        return most, MINUTE * (most / self.rate_per_minute)
