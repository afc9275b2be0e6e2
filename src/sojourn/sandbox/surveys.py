"""Surveys: people score what they were served, on a scale of 1 to 5."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from statistics import fmean
from typing import Final

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.installed import installed
from sojourn.sandbox.people import experience
from sojourn.sandbox.scenario import Trouble
from sojourn.sandbox.seeds import rng, share
from sojourn.sandbox.world import User

ANSWER_RATE: Final = {"pilot": 0.9, "onboarding": 0.7, "search": 0.7}
"""The share of the people asked who answer; pilot users are asked in person."""
METRICS: Final = {
    "pilot": "user_satisfaction",
    "onboarding": "user_satisfaction",
    "search": "search_satisfaction",
}
COHORT: Final = {"pilot": 10.0, "onboarding": 100.0, "search": 100.0}
"""How many percent of the people are asked, unless the call says."""
STRANGENESS: Final = {"pilot": 0.25, "onboarding": 0.05, "search": 0.0}
"""Points that a tool still new to people costs it."""


@agent
def ask(call: Call, inputs: Inputs) -> Completed:
    """Ask the people who have access for a score; the sample count is the number of answers."""
    kind = inputs.choice("kind", [*METRICS])
    percent = inputs.number("percent", COHORT[kind], 1.0, 100.0)
    service = installed(call, inputs)
    asked = service.world.users_of(percent) or service.world.users[:1]
    people = answering(call.client_id, asked, kind, service.now)
    mood = service.scenario.amount(Trouble.MOOD, service.now, 0.0)
    worth = [experience(service, user).worth - mood / 4 for user in people]
    return scored(kind, scores(call.client_id, people, worth, kind, service.now))


def answering(client: str, asked: Sequence[User], kind: str, now: datetime) -> Sequence[User]:
    """Return those of the people asked who answer on a day; all of them if else nobody would."""
    day = now.date()
    found = [u for u in asked if share(client, u.user_id, "answers", day) < ANSWER_RATE[kind]]
    return found or asked


def scores(
    client: str, people: Sequence[User], worth: Sequence[float], kind: str, now: datetime
) -> list[int]:
    """Return the score that each person gives, from what the service was worth to them (0 to 1)."""
    return [
        _score(rng(client, user.user_id, kind, now.date()), deserved, kind)
        for user, deserved in zip(people, worth, strict=True)
    ]


def scored(kind: str, given: Sequence[int]) -> Completed:
    """Return the answer for scores that people gave."""
    score = round(fmean(given), 3)
    output = {"score": score, "responses": len(given)}
    return done(output, Measured(METRICS[kind], score, len(given)))


def _score(chance: Random, worth: float, kind: str) -> int:
    deserved = 1 + 4 * worth - STRANGENESS[kind]
    return max(1, min(5, round(deserved + chance.gauss(0.05, 0.35))))
