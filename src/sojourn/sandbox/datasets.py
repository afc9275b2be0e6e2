"""Test data: a labelled collection of documents and queries for a scenario and a size."""

from hashlib import blake2b

from sojourn.core.outcomes import Call, Completed
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.world import SIZES, World, world_of

ACTIONS = ("provision", "remove")


@agent
def provision(call: Call, inputs: Inputs) -> Completed:
    """Generate the collection; ``action: remove`` drops it again."""
    inputs.text("scenario")
    inputs.choice("size", [*SIZES])
    world = world_of(call, inputs)
    if inputs.choice("action", ACTIONS, "provision") == "remove":
        return dropped(dataset_id(world), world.scenario, world.size)
    counts = len(world.documents), len(world.queries)
    return provisioned(dataset_id(world), world.scenario, world.size, *counts)


def provisioned(dataset: str, scenario: str, size: str, documents: int, queries: int) -> Completed:
    """Return the answer for a collection that is there."""
    output = {"dataset_id": dataset, "scenario": scenario, "size": size}
    return done({**output, "documents": documents, "queries": queries})


def dropped(dataset: str, scenario: str, size: str) -> Completed:
    """Return the answer for a collection that was dropped."""
    gone = provisioned(dataset, scenario, size, 0, 0)
    return done({**gone.output, "removed": True})


def dataset_id(world: World) -> str:
    """Return the id of a collection, a function of what is in it."""
    names = "/".join((world.client_id, world.scenario, world.size, *world.connectors))
    return f"dataset-{blake2b(names.encode(), digest_size=6).hexdigest()}"
