"""Measurements: observing for criteria in sets, and adding values in bulk."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sojourn.core.criteria import Aggregate, Observation
from sojourn.core.judge import Reading
from sojourn.store import queries
from sojourn.store.sets import Connection, Row, Rows, batch, fetch, send

_QUERIES = queries.load("measurements")


async def observe(
    connection: Connection, readings: Sequence[Reading]
) -> dict[UUID, dict[str, Observation]]:
    """Return what was observed, by journey and key; one statement however many readings."""
    seen: dict[UUID, dict[str, Observation]] = defaultdict(dict)
    rows = [_reading(index, r) for index, r in enumerate(readings)]
    [found] = await send(connection, batch(_QUERIES["observe"], rows)) or [[]]
    for row in found:
        reading = readings[row["k"]]
        seen[reading.journey_id][reading.key] = _observation(row)
    return seen


def _reading(index: int, reading: Reading) -> Row:
    return {
        "k": index,
        "journey_id": reading.journey_id,
        "metric": reading.metric,
        "agg": reading.aggregate,
        "since": reading.since,
        "until": reading.until,
        "every": reading.every,
        "scope_since": reading.scope_since,
        "holds": reading.holds,
        "recent": reading.recent,
        "newest": 1 if _newest_only(reading) else None,
        "base_since": reading.base_since,
        "base_until": reading.base_until,
    }


def _newest_only(reading: Reading) -> bool:
    """Say whether the newest row is all that matters; a run of values may have errors between."""
    return reading.aggregate == Aggregate.LATEST and reading.brief and reading.recent == 1


def _observation(row: Row) -> Observation:
    return Observation(
        value=row["value"],
        n=row["n"],
        newest_at=row["newest_at"],
        source=row["source"],
        error=row["error"],
        covered=row["covered"] or timedelta(0),
        spread=row["spread"],
        slope=row["slope"],
        nonzero_at=row["nonzero_at"],
        recent=tuple(row["recent"] or ()),
        base=row["base"],
        base_n=row["base_n"] or 0,
    )


async def insert(connection: Connection, rows: Rows) -> int:
    """Add measurements and wake their journeys; returns how many were new."""
    [result] = await send(connection, batch(_QUERIES["insert"], rows)) or [[{"count": 0}]]
    return int(result[0]["count"])


async def series(
    connection: Connection, journey_id: UUID, metric: str | None = None, limit: int = 1000
) -> list[Row]:
    """Return values of a journey, newest first."""
    params = {"journey_id": journey_id, "metric": metric, "limit": limit}
    return await fetch(connection, _QUERIES["series"], **params)


def names(rows: Iterable[Row]) -> set[str]:
    """Return the metrics that rows speak of."""
    return {row["metric"] for row in rows}
