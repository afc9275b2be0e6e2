"""Surveys: the people who have access score what they were really served."""

from collections.abc import Sequence

from sojourn.core.outcomes import Completed
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.online.directory import admitted
from sojourn.sandbox.scenario import Trouble
from sojourn.sandbox.surveys import METRICS, answering, scored, scores
from sojourn.sandbox.world import User, World


async def ask(desk: Desk, crowd: Crowd) -> Completed:
    """Ask the people who have access for a score, all of them or the first ``percent``.

    Those answer who have searched; where nobody has yet, people try it when they are asked.
    """
    kind = desk.inputs.choice("kind", [*METRICS])
    world = await desk.installed()
    town = await crowd.live(desk)
    every = answering(world.client_id, await _asked(desk, world), kind, desk.now)
    people: Sequence[User] = [user for user in every if town.knows(user)]
    if not people:
        people = every
        await crowd.try_out(desk, world, people)
    mood = desk.scenario.amount(Trouble.MOOD, desk.now, 0.0)
    worth = [town.worth(user) - mood / 4 for user in people]
    return scored(kind, scores(world.client_id, people, worth, kind, desk.now))


async def _asked(desk: Desk, world: World) -> Sequence[User]:
    percent = desk.inputs.number("percent", 100.0, 1.0, 100.0)
    every = await admitted(desk.backend, world)
    found = [user for user in every if user.bucket < percent / 100]
    if not found:
        raise BadInput("nobody has access yet; deploy it for some users, or roll it out, first")
    return found
