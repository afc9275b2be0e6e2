"""How long the service takes: work done, load of the hour, and chance, on a simulated clock."""

from collections.abc import Sequence
from datetime import datetime
from math import exp
from random import Random
from statistics import NormalDist
from typing import Final

from sojourn.sandbox.scenario import Scenario, Trouble

BASE_MS: Final = 165.0
PER_POSTING_MS: Final = 0.10
SPREAD: Final = 0.28
"""Standard deviation of the logarithm: most requests lie within a third of the median."""
GOLDEN: Final = (5**0.5 - 1) / 2
LOAD: Final = 0.25
"""How much longer a request takes in the busiest hour than in the quietest."""

HOURS: Final = (
    0.02, 0.01, 0.01, 0.01, 0.02, 0.05, 0.15, 0.40, 0.80, 1.00, 0.95, 0.85,
    0.60, 0.75, 0.90, 0.85, 0.70, 0.45, 0.25, 0.15, 0.10, 0.08, 0.05, 0.03,
)  # fmt: skip
"""How busy each hour of a working day is, against the busiest."""


def request_ms(work: int, at: datetime, scenario: Scenario, chance: float) -> float:
    """Return what a request takes that looks at ``work`` postings, in milliseconds.

    ``chance`` is by how many standard deviations it takes longer than others of its kind.
    """
    load = 1 + LOAD * HOURS[at.hour]
    factor = scenario.amount(Trouble.LATENCY, at, 1.0)
    return (BASE_MS + PER_POSTING_MS * work) * load * factor * exp(SPREAD * chance)


def spread(begin: float, number: int) -> float:
    """Return the chance of one of many requests, so that even a few of them are like all.

    Multiples of the golden section fill the line evenly from any ``begin`` (0 to 1) on: a
    percentile of a few dozen requests is the percentile of thousands, and no test of an hour
    looks like a regression by bad luck.
    """
    place = (begin + number * GOLDEN) % 1.0
    return NormalDist().inv_cdf(min(max(place, 1e-6), 1 - 1e-6))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least that share (0 to 1) of the values does not exceed."""
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)]


def busy_hour(chance: Random) -> int:
    """Return an hour of the day, drawn as often as people work in it."""
    return chance.choices(range(24), weights=HOURS)[0]
