"""The portfolio as of one moment: rows in, figures out."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sojourn.analytics.change import as_of
from sojourn.analytics.figures import Figure
from sojourn.analytics.stages import StageFigures, stage_figures
from sojourn.analytics.success import success_figures
from sojourn.control.door import Door
from sojourn.store import portfolio

DAY = timedelta(days=1)
SPAN = 30 * DAY
"""Over which changes are told."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All journeys, or those of a path or an owner, as of one moment."""

    as_of: datetime
    journeys: int
    active: int
    held: int
    by_stage: Mapping[str, int]
    by_ball: Mapping[str, int]
    by_schedule: Mapping[str, int]
    figures: tuple[Figure, ...]
    stages: tuple[StageFigures, ...]
    before: tuple[Figure, ...] = ()
    """The same figures as they stood SPAN ago."""
    active_before: int = 0


async def look(door: Door, path: str | None = None, owner: str | None = None) -> Portfolio:
    """Return the portfolio's figures; a handful of queries however many journeys there are."""
    now = door.now()
    async with door.db.connection() as connection:
        rows = await portfolio.histories(connection, path, owner, now - SPAN)
        visits = await portfolio.visits(connection, path, owner)
        await door.shelf.load(connection, {row["path_id"] for row in rows})
    # Beside the event loop: with ten thousand journeys it takes tenths of a second.
    return await asyncio.to_thread(_counted, door, rows, visits, now)


def _counted(door: Door, rows: Sequence[Row], visits: Sequence[Row], now: datetime) -> Portfolio:
    known = {row["path_id"] for row in rows}
    active = [row for row in rows if row["ended_at"] is None]
    then, stood = now - SPAN, as_of(rows, now - SPAN)
    return Portfolio(
        now,
        len(rows),
        len(active),
        sum(row["held_since"] is not None for row in rows),
        Counter(row["current_stage"] for row in rows),
        Counter(row["ball_with"] for row in active),
        Counter(row["schedule"] for row in active),
        tuple(success_figures(rows, plans(door, known), now)),
        tuple(stage_figures(visits, targets(door, known), now)),
        tuple(success_figures(stood, plans(door, known), then)),
        sum(row["ended_at"] is None for row in stood),
    )


def plans(door: Door, ids: Iterable[int]) -> dict[int, float]:
    """Return the days that each path plans until it enters its last stage."""
    return {i: sum(s.target / DAY for s in door.shelf[i].stages[:-1]) for i in ids}


def targets(door: Door, ids: Iterable[int]) -> dict[tuple[int, str], float]:
    """Return the days that each path plans for each of its stages."""
    return {(i, str(s.name)): s.target / DAY for i in ids for s in door.shelf[i].stages}
