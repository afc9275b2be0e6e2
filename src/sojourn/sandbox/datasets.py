"""Test data: a labelled collection of documents and queries for a scenario and a size."""

from hashlib import blake2b

from sojourn.core.outcomes import Call, Completed
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.world import SIZES, World, world_of


@agent
def provision(call: Call, inputs: Inputs) -> Completed:
    """Generate the collection; ``action: remove`` drops it again."""
    inputs.text("scenario")
    inputs.choice("size", [*SIZES])
    world = world_of(call, inputs)
    kept = inputs.choice("action", ("provision", "remove"), "provision") == "provision"
    output = {
        "dataset_id": dataset_id(world),
        "scenario": world.scenario,
        "size": world.size,
        "documents": len(world.documents) if kept else 0,
        "queries": len(world.queries) if kept else 0,
    }
    return done(output if kept else {**output, "removed": True})


def dataset_id(world: World) -> str:
    """Return the id of a collection, a function of what is in it."""
    names = "/".join((world.client_id, world.scenario, world.size, *world.connectors))
    return f"dataset-{blake2b(names.encode(), digest_size=6).hexdigest()}"
