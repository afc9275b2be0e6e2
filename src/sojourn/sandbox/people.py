"""Simulated users: what they ask, what it was worth to them, how often they come back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import exp
from random import Random
from typing import Final

from sojourn.sandbox.installed import Installed, Served
from sojourn.sandbox.latency import HOURS, busy_hour, request_ms
from sojourn.sandbox.seeds import rng, share
from sojourn.sandbox.world import Query, User, World

LOOKS_AT: Final = 5
"""How many results a person reads."""
PATIENCE_MS: Final = 450.0
ASKED: Final = 4
"""How many of their own queries people remember when they are asked for a score."""
WEEK: Final = (1.0, 1.05, 1.05, 1.0, 0.85, 0.12, 0.10)
"""How busy each day of the week is, Monday first."""
RELUCTANT: Final = 0.14
"""The share of people who hardly ever search."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What the service was worth to one person: precision of their results, wait in ms."""

    precision: float
    wait_ms: float

    @property
    def worth(self) -> float:
        """Return 0 (useless) to 1 (perfect): good results, less for waiting too long."""
        late = max(0.0, self.wait_ms - PATIENCE_MS) / PATIENCE_MS
        return self.precision * exp(-late)


def experience(service: Installed, user: User) -> Experience:
    """Return what a person was served for their own queries on the day before."""
    chance = rng(service.world.client_id, user.user_id, service.now.date())
    served = [service.served(query, user) for query in own_queries(service.world, user)]
    waits = [
        request_ms(s.work, _yesterday(service.now, chance), service.scenario, chance.gauss())
        for s in served
    ]
    right = sum(useful(s) for s in served)
    return Experience(right / len(served), sum(waits) / len(waits))


def useful(served: Served) -> float:
    """Return how much of what a person could have found on the first places was there (0 to 1)."""
    findable = max(1, min(LOOKS_AT, served.relevant))
    return min(sum(served.hits[:LOOKS_AT]), findable) / findable


@lru_cache(maxsize=16384)
def own_queries(world: World, user: User) -> Sequence[Query]:
    """Return the labelled queries that a person asks, always the same ones."""
    return rng(world.client_id, user.user_id, "asks").sample(world.queries, ASKED)


def _yesterday(now: datetime, chance: Random) -> datetime:
    before = now - timedelta(days=1)
    return before.replace(hour=busy_hour(chance))


def questions(world: World, user: User, day: date, worth: float, growth: float) -> float:
    """Return how many queries a person is expected to ask on a day."""
    eager = share(world.client_id, user.user_id, "eager")
    daily = 0.02 if eager < RELUCTANT else 0.6 + 2.4 * (eager - RELUCTANT)
    return daily * WEEK[day.weekday()] * growth * worth**2


@lru_cache(maxsize=1024)
def asked(world: World, day: date, worth: float, growth: float) -> tuple[int, ...]:
    """Return how many queries each person asked on a day, in the order of the world's users."""
    chance = rng(world.client_id, "asked", day)
    return tuple(
        poisson(questions(world, user, day, worth, growth), chance) for user in world.users
    )


def poisson(mean: float, chance: Random) -> int:
    """Return how often something happens that happens so often on average."""
    limit, product, count = exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def elapsed(now: datetime) -> float:
    """Return the share of a day's queries that has been asked by that time of day (0 to 1)."""
    past = sum(HOURS[: now.hour]) + HOURS[now.hour] * now.minute / 60
    return past / sum(HOURS)


def days_before(now: datetime, count: int) -> Iterator[date]:
    """Yield the dates of the last ``count`` days and today, oldest first."""
    for back in range(count, -1, -1):
        yield now.date() - timedelta(days=back)
