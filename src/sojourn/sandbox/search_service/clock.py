"""An instance's clock: set by what callers say the time is, and moving on by itself from there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic


class Clock:
    """Shows real time until it is first told another; it never goes back after that."""

    def __init__(self, speed: float = 1.0, ticks: Callable[[], float] = monotonic) -> None:
        """``speed`` is in seconds of this clock for one of ``ticks``."""
        self._speed = speed
        self._ticks = ticks
        self._told: tuple[datetime, float] | None = None

    @property
    def told(self) -> bool:
        """Say whether somebody has told the time."""
        return self._told is not None

    def now(self) -> datetime:
        """Return the time, in UTC."""
        if self._told is None:
            return datetime.now(UTC)
        at, tick = self._told
        return at + timedelta(seconds=(self._ticks() - tick) * self._speed)

    def tell(self, at: datetime) -> None:
        """Set the clock forward; an earlier time than it shows changes nothing."""
        if self._told is None or at > self.now():
            self._told = (at.astimezone(UTC), self._ticks())
