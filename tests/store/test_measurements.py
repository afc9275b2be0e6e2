"""Observing, compared with the same computed by hand in Python."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sojourn.control import start
from sojourn.core.criteria import Aggregate, Observation
from sojourn.core.judge import Reading
from sojourn.paths import load
from sojourn.store.measurements import insert, observe, series
from sojourn.store.postgres import Database
from tests.doors import START, rows, still_door

PATH = "name: p\nstages: [{ name: sandbox, exit: { criteria: [{ fact: done }] } }]\n"
HOUR = timedelta(hours=1)
NUMBERS = count(1)


@dataclass(frozen=True)
class Point:
    """One row; ``value`` None is an error of its source."""

    hour: int
    value: float | None
    n: int = 1
    source: str = "x"

    @property
    def at(self) -> datetime:
        return START + self.hour * HOUR


async def journey(db: Database, client: str = "acme") -> UUID:
    return (await start(still_door(db), load(PATH), client, "ann")).state.journey_id


async def put(db: Database, key: UUID, points: Sequence[Point], metric: str = "m") -> int:
    """Write points."""
    listed = [
        {
            "journey_id": key,
            "metric": metric,
            "at": p.at,
            "source": p.source,
            "value": p.value,
            "n": p.n,
            "error": "down" if p.value is None else None,
        }
        for p in points
    ]
    async with db.connection() as connection:
        return await insert(connection, listed)


async def see(db: Database, *readings: Reading) -> list[Observation]:
    """Return what is observed for readings."""
    async with db.connection() as connection:
        found = await observe(connection, readings)
    return [found[r.journey_id][r.key] for r in readings]


def reading(key: UUID, aggregate: Aggregate, hours: tuple[int, int], **more: Any) -> Reading:
    """Return a reading of a window given in hours."""
    since, until = (START + h * HOUR for h in hours)
    return Reading(key, str(aggregate), "m", aggregate, since, until, **more)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value at a share of the way, between neighbours in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def slope(points: Sequence[Point]) -> float | None:
    """Return the change per day of the line with the least squares."""
    if len({p.hour for p in points}) < 2:
        return None
    days = [p.hour / 24 for p in points]
    return statistics.linear_regression(days, [p.value or 0.0 for p in points]).slope


def mean(points: Sequence[Point]) -> float:
    return sum((p.value or 0) * p.n for p in points) / sum(p.n for p in points)


FOLDS: dict[Aggregate, Callable[[list[float]], float]] = {
    Aggregate.LATEST: lambda values: values[0],
    Aggregate.P50: lambda values: percentile(values, 0.5),
    Aggregate.P95: lambda values: percentile(values, 0.95),
    Aggregate.MIN: min,
    Aggregate.MAX: max,
    Aggregate.SUM: sum,
    Aggregate.COUNT: len,
}


def folded(aggregate: Aggregate, points: Sequence[Point]) -> float | None:
    """Return the aggregate of good points, newest first."""
    values = [p.value for p in points if p.value is not None]
    if aggregate == Aggregate.SLOPE:
        return slope(points)
    if aggregate == Aggregate.STDDEV:
        return statistics.stdev(values) if len(values) > 1 else None
    if not values:
        return 0 if aggregate == Aggregate.COUNT else None
    return mean(points) if aggregate == Aggregate.MEAN else FOLDS[aggregate](values)


def covered(asked: Reading, points: Sequence[Point]) -> timedelta:
    """Return the observed time, half hour by half hour of the journey's own clock."""
    if asked.every is None:
        return timedelta(0)
    step, shown, own = timedelta(minutes=30), 0, {}
    for n in range(200):
        instant = START + n * step
        own[instant] = shown
        shown += not any(a <= instant < b for a, b in asked.holds)
    window = range(own[asked.since], own[asked.until])
    spans = [range(own[p.at], own[p.at] + int(asked.every / step)) for p in points]
    return step * sum(any(n in span for span in spans) for n in window)


def before(asked: Reading, points: Sequence[Point]) -> list[Point]:
    """Return the samples that may reach into the window."""
    scope = asked.scope_since or asked.since
    return [p for p in points if scope <= p.at < asked.since and p.value is not None]


def by_hand(asked: Reading, points: Sequence[Point]) -> Observation:
    """Return what is to be observed."""
    inside = [p for p in points if asked.since <= p.at <= asked.until]
    inside.sort(key=lambda p: p.source)
    inside.sort(key=lambda p: p.at, reverse=True)
    good = [p for p in inside if p.value is not None]
    values = [p.value for p in good if p.value is not None]
    base: list[Point] = []
    if asked.base_since and asked.base_until:
        base = [
            p for p in points if asked.base_since <= p.at < asked.base_until and p.value is not None
        ]
    kept = {Aggregate.LATEST, Aggregate.SLOPE, Aggregate.STDDEV}
    how = Aggregate.MEAN if asked.aggregate in kept else asked.aggregate
    return Observation(
        value=folded(asked.aggregate, good),
        n=sum(p.n for p in good),
        newest_at=max((p.at for p in good), default=None),
        source=inside[0].source if inside else None,
        error=("down" if inside[0].value is None else None) if inside else None,
        covered=covered(asked, good + before(asked, points)),
        spread=max(values) - min(values) if len(values) > 1 else None,
        slope=slope(good),
        nonzero_at=max((p.at for p in good if p.value), default=None),
        recent=tuple(values[: asked.recent]),
        base=folded(how, base) if asked.base_since else None,
        base_n=len(base),
    )


def alike(left: Observation, right: Observation) -> None:
    """Check two observations field by field, numbers nearly."""
    for name in left.__dataclass_fields__:
        a, b = getattr(left, name), getattr(right, name)
        assert a == pytest.approx(b, rel=1e-6, abs=1e-6) if isinstance(b, float) else a == b, name


POINTS = st.lists(
    st.builds(
        Point,
        st.integers(0, 60),
        st.one_of(st.none(), st.integers(-50, 50).map(lambda v: v / 4)),
        st.integers(1, 9),
        st.sampled_from("xy"),
    ),
    max_size=25,
    unique_by=lambda p: (p.hour, p.source),
)
HOLDS = st.lists(st.integers(0, 60), max_size=4, unique=True).map(
    lambda hours: tuple(
        (START + a * HOUR, START + b * HOUR)
        for a, b in zip(sorted(hours)[::2], sorted(hours)[1::2], strict=False)
    )
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    points=POINTS,
    window=st.tuples(st.integers(0, 30), st.integers(30, 61)),
    every=st.sampled_from([None, 2, 7, 13]),
    holds=HOLDS,
    recent=st.integers(1, 4),
    base=st.sampled_from([None, (0, 10), (5, 25)]),
    scope=st.sampled_from([None, 0, 10]),
)
async def test_every_aggregate_is_what_python_computes(
    db: Database,
    points: list[Point],
    window: tuple[int, int],
    every: int | None,
    holds: tuple[tuple[datetime, datetime], ...],
    recent: int,
    base: tuple[int, int] | None,
    scope: int | None,
) -> None:
    key = await journey(db, f"client-{next(NUMBERS)}")
    await put(db, key, points)
    more: dict[str, Any] = {"every": every * HOUR if every else None, "holds": holds}
    more |= {"recent": recent, "scope_since": None if scope is None else START + scope * HOUR}
    if base:
        more |= {"base_since": START + base[0] * HOUR, "base_until": START + base[1] * HOUR}
    asked = [reading(key, aggregate, window, **more) for aggregate in Aggregate]
    for one, seen in zip(asked, await see(db, *asked), strict=True):
        alike(seen, by_hand(one, points))


async def test_nothing_was_measured(db: Database) -> None:
    key = await journey(db)
    [seen] = await see(db, reading(key, Aggregate.MEAN, (0, 9), every=HOUR))
    assert seen == Observation()
    assert (await see(db, reading(key, Aggregate.COUNT, (0, 9))))[0] == Observation(value=0)


async def test_no_readings_no_statement(db: Database) -> None:
    async with db.connection() as connection:
        assert await observe(connection, []) == {}
        assert await insert(connection, []) == 0


async def test_readings_of_many_journeys_and_metrics_do_not_mix(db: Database) -> None:
    one, two = await journey(db, "one"), await journey(db, "two")
    await put(db, one, [Point(1, 1)])
    await put(db, one, [Point(1, 2)], "other")
    await put(db, two, [Point(1, 3)])
    latest = reading(one, Aggregate.LATEST, (0, 9))
    asked = [
        latest,
        replace(latest, metric="other", key="b"),
        replace(latest, journey_id=two),
        replace(latest, journey_id=two, metric="other", key="b"),
    ]
    assert [seen.value for seen in await see(db, *asked)] == [1, 2, 3, None]


async def test_a_brief_reading_sees_the_newest_and_speaks_for_its_error(db: Database) -> None:
    key = await journey(db)
    await put(db, key, [Point(1, 5), Point(2, 7), Point(3, None)])
    brief = reading(key, Aggregate.LATEST, (0, 2), brief=True)
    whole = replace(brief, brief=False, key="whole")
    seen = await see(db, brief, whole, replace(brief, key="late", until=START + 9 * HOUR))
    assert [(s.value, s.newest_at, s.error) for s in seen] == [
        (7, START + 2 * HOUR, None),
        (7, START + 2 * HOUR, None),
        (None, None, "down"),
    ]


async def test_a_run_of_good_values_may_have_errors_between_them(db: Database) -> None:
    key = await journey(db)
    await put(db, key, [Point(1, 5), Point(2, None), Point(3, 6), Point(4, 7)])
    asked = reading(key, Aggregate.LATEST, (0, 9), brief=True, recent=3)
    assert (await see(db, asked))[0].recent == (7, 6, 5)


async def test_a_window_that_ends_before_it_begins_is_empty(db: Database) -> None:
    """Clocks of two processes differ a little: a stage may begin later than it is now."""
    key = await journey(db)
    await put(db, key, [Point(5, 5)])
    hold = ((START + 4 * HOUR, START + 6 * HOUR),)
    asked = reading(key, Aggregate.MAX, (6, 5), every=HOUR, holds=hold)
    assert (await see(db, asked))[0] == Observation()


@pytest.mark.parametrize(("scope", "hours"), [(None, 8), (0, 12), (5, 8)])
async def test_the_last_sample_before_a_window_reaches_into_it(
    db: Database, scope: int | None, hours: int
) -> None:
    """Not one from before the stage, however: that is no evidence for it."""
    key = await journey(db)
    await put(db, key, [Point(1, 0), Point(4, 0), Point(12, 0), Point(18, 0)])
    since = None if scope is None else START + scope * HOUR
    asked = reading(key, Aggregate.MAX, (6, 20), every=6 * HOUR, scope_since=since)
    assert (await see(db, asked))[0].covered == hours * HOUR


async def test_a_hold_takes_nothing_from_what_was_observed(db: Database) -> None:
    """A sample speaks for the same time of the journey's own clock, whatever lies between."""
    key = await journey(db)
    await put(db, key, [Point(0, 0), Point(40, 0)])
    hold = ((START + 6 * HOUR, START + 36 * HOUR),)
    asked = reading(key, Aggregate.MAX, (0, 46), every=10 * HOUR, holds=hold)
    assert (await see(db, asked))[0].covered == 16 * HOUR


async def test_the_largest_values_do_not_break_what_is_computed_of_them(db: Database) -> None:
    key = await journey(db)
    await put(db, key, [Point(h, sign * 1e100, 2**31 - 1) for h, sign in enumerate((1, -1, 1))])
    asked = [reading(key, aggregate, (0, 9)) for aggregate in Aggregate]
    assert all(math.isfinite(seen.value or 0) for seen in await see(db, *asked))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e101, -1e101])
async def test_the_database_refuses_what_is_no_measurement(db: Database, value: float) -> None:
    key = await journey(db)
    query = (
        "INSERT INTO measurements (journey_id, metric, at, source, value) VALUES (%s,'m',%s,'x',%s)"
    )
    with pytest.raises(psycopg.errors.CheckViolation, match="measurements_value_check"):
        await rows(db, query, key, START, value)


async def test_measurements_are_inserted_once_and_wake_their_journeys(db: Database) -> None:
    one, two = await journey(db, "one"), await journey(db, "two")
    await rows(db, "DELETE FROM wakeups")
    points = [Point(1, 1), Point(2, None), Point(2, 2, source="y")]
    assert await put(db, one, points) == 3
    assert await rows(db, "SELECT journey_id FROM wakeups") == [(one,)]
    await rows(db, "DELETE FROM wakeups")
    assert await put(db, one, points) == 0
    assert await rows(db, "SELECT 1 FROM wakeups") == [], "what is known wakes nobody"
    assert await put(db, one, [*points, Point(3, 3)]) == 1
    assert await put(db, two, points) == 3


async def test_a_series_comes_newest_first(db: Database) -> None:
    key = await journey(db)
    await put(db, key, [Point(1, 1), Point(3, None), Point(2, 2)])
    await put(db, key, [Point(9, 9)], "other")
    async with db.connection() as connection:
        found = await series(connection, key, "m", 2)
        every = await series(connection, key)
    assert [(r["value"], r["error"]) for r in found] == [(None, "down"), (2, None)]
    assert [r["metric"] for r in every] == ["other", "m", "m", "m"]
