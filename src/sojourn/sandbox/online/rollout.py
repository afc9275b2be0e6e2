"""User rollout: who may search is really changed, for a nested, sticky cohort of the people."""

from sojourn.core.outcomes import Completed
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.rollout import cohort, people, reached, share_of_people
from sojourn.sandbox.world import world_of


async def enable(desk: Desk, crowd: Crowd) -> Completed:
    """Give access to a percentage of the people and take it from the rest."""
    world = world_of(desk.call, desk.inputs)
    percent = share_of_people(desk.inputs)
    chosen = cohort(world, percent, desk.inputs)
    await crowd.admit(desk, world, chosen)
    return reached(desk.inputs, percent, people(world.users, desk.inputs), chosen)
