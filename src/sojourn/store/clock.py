"""The journeys' clock: real time, or faster, or set ahead, and the same for every process."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, execute, one

_QUERIES = queries.load("clock")


@dataclass(frozen=True, slots=True)
class Clock:
    """Shows ``shown`` at monotonic second ``at``, and runs ``speed`` times as fast as real time."""

    shown: datetime
    at: float
    speed: float = 1.0

    def now(self) -> datetime:
        """Return the journeys' time."""
        return self.shown + timedelta(seconds=(time.monotonic() - self.at) * self.speed)

    def real(self, span: timedelta) -> float:
        """Return how many real seconds a span of the journeys' time takes."""
        return span.total_seconds() / self.speed


async def read(connection: Connection, speed: float = 1.0, begin: datetime | None = None) -> Clock:
    """Return the database's clock; where none was ever set, it is set to real time at ``speed``.

    ``begin`` sets such a clock to another time.
    """
    await execute(connection, _QUERIES["ensure"], speed=speed, begin=begin)
    row = await one(connection, _QUERIES["read"])
    return _clock(row)


async def set_clock(
    connection: Connection, ahead: timedelta = timedelta(0), speed: float | None = None
) -> Clock:
    """Set the clock ahead, or let it run at another speed; it never goes back."""
    await execute(connection, _QUERIES["set"], ahead=ahead, speed=speed)
    return await read(connection)


async def tell(connection: Connection) -> None:
    """Wake the engine's loops, which rest until something is due on a clock that was set since."""
    await execute(connection, _QUERIES["tell"])


def _clock(row: Row | None) -> Clock:
    if row is None:
        raise LookupError("the clock has no row")
    shown = row["shown"] + (row["clock_timestamp"] - row["real"]) * row["speed"]
    return Clock(shown, time.monotonic(), row["speed"])
