"""User rollout: access for a nested, sticky cohort of the client's people."""

from sojourn.core.outcomes import Call, Completed
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.world import DEPARTMENTS, world_of


@agent
def enable(call: Call, inputs: Inputs) -> Completed:
    """Give access to a percentage of the people and take it from the rest (0 takes it from all).

    Who is reached is a function of the person alone: 10 % lie within 50 %, 50 % within 100 %.
    ``cohort`` limits it to a department; any other cohort is only a label. ``action: remove`` is
    the same as 0 %.
    """
    kept = inputs.choice("action", ("enable", "remove"), "enable") == "enable"
    percent = inputs.number("percent", None, 0.0, 100.0) if kept else 0.0
    cohort = inputs.text("cohort", "everyone")
    world = world_of(call, inputs)
    chosen = {cohort} if cohort in DEPARTMENTS else set(DEPARTMENTS)
    people = [u for u in world.users if u.department in chosen]
    reached = [u for u in world.users_of(percent) if u.department in chosen]
    output = {"percent": percent, "users": len(people), "enabled": len(reached)}
    return done(output | ({"cohort": cohort} if inputs.has("cohort") else {}))
