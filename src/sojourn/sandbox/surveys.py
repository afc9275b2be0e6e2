"""Surveys: people score what they were served, on a scale of 1 to 5."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.installed import Installed, installed
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
    people = _answering(service, kind, percent)
    score = round(fmean(_score(service, user, kind) for user in people), 3)
    output = {"score": score, "responses": len(people)}
    return done(output, Measured(METRICS[kind], score, len(people)))


def _answering(service: Installed, kind: str, percent: float) -> Sequence[User]:
    asked = service.world.users_of(percent) or service.world.users[:1]
    day = service.now.date()
    client = service.world.client_id
    found = [u for u in asked if share(client, u.user_id, "answers", day) < ANSWER_RATE[kind]]
    return found or asked


def _score(service: Installed, user: User, kind: str) -> int:
    chance = rng(service.world.client_id, user.user_id, kind, service.now.date())
    deserved = 1 + 4 * experience(service, user).worth - STRANGENESS[kind]
    mood = service.scenario.amount(Trouble.MOOD, service.now, 0.0)
    return max(1, min(5, round(deserved - mood + chance.gauss(0.05, 0.35))))
