"""User rollout: access for a nested, sticky cohort of the client's people."""

from collections.abc import Sequence

from sojourn.core.outcomes import Call, Completed
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.world import DEPARTMENTS, User, World, world_of


@agent
def enable(call: Call, inputs: Inputs) -> Completed:
    """Give access to a percentage of the people and take it from the rest (0 takes it from all).

    Who is reached is a function of the person alone: 10 % lie within 50 %, 50 % within 100 %.
    ``cohort`` limits it to a department; any other cohort is only a label. ``action: remove`` is
    the same as 0 %.
    """
    world = world_of(call, inputs)
    percent = share_of_people(inputs)
    return reached(inputs, percent, people(world.users, inputs), cohort(world, percent, inputs))


def share_of_people(inputs: Inputs) -> float:
    """Return how many percent of the people are to have access."""
    kept = inputs.choice("action", ("enable", "remove"), "enable") == "enable"
    return inputs.number("percent", None, 0.0, 100.0) if kept else 0.0


def cohort(world: World, percent: float, inputs: Inputs) -> Sequence[User]:
    """Return the people whom the rollout reaches."""
    return people(world.users_of(percent), inputs)


def people(users: Sequence[User], inputs: Inputs) -> Sequence[User]:
    """Return those people whom the rollout is about at all."""
    name = inputs.text("cohort", "everyone")
    chosen = {name} if name in DEPARTMENTS else set(DEPARTMENTS)
    return [u for u in users if u.department in chosen]


def reached(
    inputs: Inputs, percent: float, every: Sequence[User], enabled: Sequence[User]
) -> Completed:
    """Return the answer for people who have access now."""
    output = {"percent": percent, "users": len(every), "enabled": len(enabled)}
    named = {"cohort": inputs.text("cohort")} if inputs.has("cohort") else {}
    return done({**output, **named})
