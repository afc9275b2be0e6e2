"""A journey's metrics over its whole time, with thresholds, rollbacks and holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from starlette.responses import Response

from sojourn.core.criteria import Criterion, Observe
from sojourn.core.journeys import closed_holds
from sojourn.core.paths import criteria_of
from sojourn.core.snapshot import Snapshot
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.inspector import limit_of, points_of
from sojourn.dashboard.plots import Band, Plot, plot
from sojourn.dashboard.subject import subject_of
from sojourn.dashboard.telling import number
from sojourn.paths.words import condition
from sojourn.store import dashboard as store
from sojourn.store import rollback
from sojourn.store.sets import Row

POINTS = 120


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its plot, and what is asked of it in the present stage."""

    name: str
    newest: Row
    values: int
    drawn: Markup
    asked: list[tuple[str, str]]
    error: Row | None


async def metrics(asked: Asked) -> Response:
    """Show a journey's metrics."""
    subject = await subject_of(asked)
    key, state = subject.row["journey_id"], subject.shot.state
    until = max(asked.now, state.started_at)
    async with asked.door.db.connection() as connection:
        series = await store.series(connection, key, state.started_at, until, POINTS)
        errors = await store.metric_errors(connection, key)
        history = await rollback.history(connection, key)
    marks = list(bands(subject.shot, history, asked.now))
    found = [metric(name, rows, subject.shot, marks, errors) for name, rows in series.items()]
    silent = sorted(set(errors) - set(series))
    wanted = sorted(asked_names(subject.shot) - set(series) - set(errors))
    return await subject.page("metrics", metrics=found, silent=silent, wanted=wanted, errors=errors)


def criteria(shot: Snapshot) -> list[tuple[str, Criterion]]:
    """Return the criteria of the present stage that look at metrics, each with its place."""
    if not shot.state.active:
        return []
    found = criteria_of(shot.path.stage(shot.state.current_stage))
    return [(place, c) for place, c in found if c.observe == Observe.METRIC]


def asked_names(shot: Snapshot) -> set[str]:
    """Return the metrics that the present stage asks for."""
    return {c.subject for _, c in criteria(shot)}


def metric(
    name: str, rows: list[Row], shot: Snapshot, marks: list[Band], errors: dict[str, Row]
) -> Metric:
    """Return one metric with its plot."""
    mine = [(place, c) for place, c in criteria(shot) if c.subject == name]
    levels = {limit: _label(place, c) for place, c in mine if (limit := limit_of(c)) is not None}
    ranges = [(row["least"], row["most"]) for row in rows]
    one = Plot(name, points_of(rows), list(levels.items()), marks, ranges)
    said = list(dict.fromkeys((place, condition(c)) for place, c in mine))
    count = sum(row["n"] for row in rows)
    return Metric(name, rows[-1], count, plot(one), said, errors.get(name))


def _label(place: str, criterion: Criterion) -> str:
    return f"{place} {criterion.operator} {number(criterion.threshold)}"


def bands(shot: Snapshot, history: list[Row], now: datetime) -> Iterator[Band]:
    """Yield the times of rollbacks and holds."""
    for row in history:
        told = f"rollback from {row['from_stage']}: {row['trigger_type']}"
        yield Band(row["started_at"], row["completed_at"] or now, "bad", told)
    for hold in closed_holds(shot.state, now):
        yield Band(hold.since, hold.until or now, "wait", "held")
