"""Usage: who searched in the last week, and how often, on a daily and weekly rhythm."""

from collections.abc import Sequence
from datetime import datetime
from statistics import fmean
from typing import Final

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.installed import Installed, installed
from sojourn.sandbox.people import asked, days_before, elapsed, experience
from sojourn.sandbox.scenario import Scenario

STAGE_PERCENT: Final = {"sandbox": 10.0, "pilot": 10.0}
"""How many percent of the people have access in a stage, unless the call says; others: all."""
GROWTH: Final = 0.012
"""How much more people ask with each day that they have had the service."""
SETTLED_DAYS: Final = 120.0


@agent
def report(call: Call, inputs: Inputs) -> Completed:
    """Report the share of the people with access who searched in the last seven days."""
    percent = inputs.number("percent", STAGE_PERCENT.get(call.stage, 100.0), 0.0, 100.0)
    service = installed(call, inputs)
    enabled = service.world.users_of(percent)
    chosen = {u.user_id for u in enabled}
    weekly = dict(zip((u.user_id for u in service.world.users), _week(service), strict=True))
    return used([weekly[name] for name in chosen])


def used(counts: Sequence[int]) -> Completed:
    """Return the answer for how often each person with access searched in a week."""
    active = sum(count > 0 for count in counts)
    adoption = round(active / len(counts), 4) if counts else 0.0
    output = {
        "adoption": adoption,
        "active_users": active,
        "enabled_users": len(counts),
        "queries": sum(counts),
    }
    volume = Measured("query_volume", sum(counts), max(1, len(counts)))
    if not counts:
        return done(output, volume)
    return done(output, Measured("user_adoption", adoption, len(counts)), volume)


def _week(service: Installed) -> list[int]:
    """Return how many queries each person asked in the seven days up to now."""
    worth = round(fmean(experience(service, u).worth for u in service.world.users[:40]), 2)
    days = [*days_before(service.now, 7)]
    growth = grown(service.scenario, service.now)
    counts = [asked(service.world, day, worth, growth) for day in days]
    past = elapsed(service.now)
    people = zip(service.world.users, *counts, strict=True)
    return [
        first - int(first * past + user.bucket) + sum(whole) + int(last * past + user.bucket)
        for user, first, *whole, last in people
    ]


def grown(scenario: Scenario, now: datetime) -> float:
    """Return how much more people ask than on the first day."""
    if not scenario.known_start:
        return 1.0
    days = min(max(scenario.day(now), 0.0), SETTLED_DAYS)
    return 1 + GROWTH * int(days)
