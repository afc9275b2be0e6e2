"""Deployments, which let the first users in, and notifications to people."""

from typing import Any, Final

from sojourn.core.outcomes import Completed
from sojourn.sandbox.deployments import deployment, notification
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.world import world_of

DEPLOYMENTS: Final = "deployments"
MAIL: Final = "mail"


async def deploy(desk: Desk, crowd: Crowd) -> Completed:
    """Deploy to an environment; with ``users``, so many people may search, always the same first.

    Taking it down takes access from everybody whom it was given to.
    """
    answer = deployment(desk.call, desk.inputs)
    gone = bool(answer.output.get("removed"))
    known = await desk.backend.records(DEPLOYMENTS)
    target = str(answer.output["target"])
    if "users" in answer.output or (gone and "users" in known.get(target, {})):
        await _admit(desk, crowd, 0 if gone else int(answer.output["users"]))
    if gone:
        await desk.backend.forget(DEPLOYMENTS, target)
    else:
        await desk.backend.remember(DEPLOYMENTS, target, answer.output)
    return answer


async def notify(desk: Desk) -> Completed:
    """Send a message to one or more people: it lies in the instance's mail."""
    answer = notification(desk.inputs)
    letter: dict[str, Any] = {"to": desk.inputs.names("to"), "at": desk.now.isoformat()}
    letter["message"] = desk.inputs.text("message")
    await desk.backend.remember(MAIL, desk.call.key, letter)
    return answer


async def _admit(desk: Desk, crowd: Crowd, count: int) -> None:
    world = world_of(desk.call, desk.inputs)
    await crowd.admit(desk, world, sorted(world.users, key=lambda user: user.bucket)[:count])
