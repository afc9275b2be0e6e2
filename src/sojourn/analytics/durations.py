"""How long things take: medians, percentiles, and shares over time with competing ends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from statistics import fmean
from typing import Any, NamedTuple

DAY = timedelta(days=1)


class Spell(NamedTuple):
    """How long something has lasted, and how it ended; ``outcome`` is None while it lasts."""

    days: float
    outcome: str | None


class Share(NamedTuple):
    """What share had reached the goal, and had ended otherwise, by a day."""

    day: float
    reached: float
    otherwise: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Of some durations in days: how many, mean, median and 90th percentile."""

    n: int
    mean: float | None
    median: float | None
    p90: float | None


def summary(days: Iterable[float]) -> Summary:
    """Return what describes some durations; of none at all nothing is known."""
    known = sorted(days)
    if not known:
        return Summary(0, None, None, None)
    return Summary(len(known), fmean(known), percentile(known, 0.5), percentile(known, 0.9))


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile of ordered values, between two of them where it falls between."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def cumulative_incidence(spells: Iterable[Spell], goal: str) -> list[Share]:
    """Return the share that had reached the goal by each day on which something ended.

    Other outcomes compete (Aalen and Johansen): whoever has been cancelled can no longer reach the
    goal, and whoever still goes on counts for as long as they have been watched.
    """
    every = sorted(spells, key=lambda spell: spell.days)
    surviving, reached, otherwise, at_risk = 1.0, 0.0, 0.0, len(every)
    shares = []
    for day, group in groupby(every, key=lambda spell: spell.days):
        outcomes = [spell.outcome for spell in group]
        ended = [outcome for outcome in outcomes if outcome is not None]
        hits = ended.count(goal)
        reached += surviving * hits / at_risk
        otherwise += surviving * (len(ended) - hits) / at_risk
        surviving *= 1 - len(ended) / at_risk
        at_risk -= len(outcomes)
        if ended:
            shares.append(Share(day, reached, otherwise))
    return shares


def by_day(shares: Sequence[Share], day: float) -> float | None:
    """Return the share that had reached the goal by a day; None where nothing is known."""
    if not shares:
        return None
    before = [s.reached for s in shares if s.day <= day]
    return before[-1] if before else 0.0


def when_half(shares: Iterable[Share]) -> float | None:
    """Return the day by which half had reached the goal; None if that is not so yet."""
    return next((s.day for s in shares if s.reached >= 0.5), None)


def held(row: Mapping[str, Any], since: datetime, until: datetime) -> timedelta:
    """Return how long a journey was on hold between two moments."""
    spans = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in row["holds"]]
    if row["held_since"] is not None:
        spans.append((row["held_since"], until))
    overlaps = (min(b, until) - max(a, since) for a, b in spans)
    return sum((o for o in overlaps if o > timedelta(0)), timedelta(0))


def active_days(row: Mapping[str, Any], since: datetime, until: datetime) -> float:
    """Return the days between two moments on a journey's clock: held time left out."""
    if not row["holds"] and row["held_since"] is None:
        return (until - since) / DAY
    return (until - since - held(row, since, until)) / DAY
