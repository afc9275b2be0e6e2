"""Deployments to an environment, and notifications to people."""

from hashlib import blake2b

from sojourn.core.outcomes import Call, Completed
from sojourn.sandbox.inputs import Inputs, agent, done

ACTIONS = ("deploy", "remove", "withdraw")


@agent
def deploy(call: Call, inputs: Inputs) -> Completed:
    """Deploy the service to an environment; ``action: remove`` (or withdraw) takes it down."""
    return deployment(call, inputs)


@agent
def notify(call: Call, inputs: Inputs) -> Completed:  # noqa: ARG001 -- every agent takes a call
    """Send a message to one or more people; ``sent`` counts them."""
    return notification(inputs)


def deployment(call: Call, inputs: Inputs) -> Completed:
    """Return the answer for a deployment that was made or taken down."""
    target = inputs.text("target")
    kept = inputs.choice("action", ACTIONS, "deploy") == "deploy"
    named = f"{call.client_id}/{target}/{call.uow_id}".encode()
    output: dict[str, object] = {
        "deployment_id": f"deploy-{blake2b(named, digest_size=5).hexdigest()}",
        "target": target,
    }
    if inputs.has("users"):
        output["users"] = inputs.whole("users", 0, 0, 10_000_000)
    return done(output if kept else {**output, "removed": True})


def notification(inputs: Inputs) -> Completed:
    """Return the answer for a message that was sent."""
    inputs.text("message")
    return done({"sent": len(inputs.names("to"))})
