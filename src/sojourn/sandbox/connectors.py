"""Connectors: installing one per data source, and how far each has synced."""

from hashlib import blake2b

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.installed import Installed, installed, moment
from sojourn.sandbox.scenario import SCENARIOS
from sojourn.sandbox.world import SCENARIO, SIZES, build

AUTH_METHODS = ("oauth2", "service_account", "api_key", "basic")


@agent
def install(call: Call, inputs: Inputs) -> Completed:
    """Install the connector of one data source and crawl it; ``action: remove`` takes it away."""
    kind = inputs.text("connector_type")
    inputs.choice("auth_method", AUTH_METHODS, "oauth2")
    action = inputs.choice("action", ("install", "remove"), "install")
    had, synced = _service(call, inputs, kind).documents(kind)
    kept = action == "install"
    output = {
        "connector_id": connector_id(call.client_id, kind),
        "connector_type": kind,
        "documents": had if kept else 0,
        "synced": synced if kept else 0,
        "sync_rate": round(synced / had, 4) if kept else 0.0,
    }
    return done(output if kept else {**output, "removed": True})


@agent
def status(call: Call, inputs: Inputs) -> Completed:
    """Report how many of the client's connectors have crawled everything they should."""
    service = installed(call, inputs)
    every = service.world.connectors
    crawls = [service.documents(name) for name in every]
    synced = sum(had == crawled for had, crawled in crawls)
    rate = round(synced / len(every), 4)
    output = {"synced": synced, "expected": len(every), "sync_rate": rate}
    return done(output, Measured("connector_sync_rate", rate, len(every)))


def connector_id(client_id: str, kind: str) -> str:
    """Return the id of a client's connector; installing it again gives the same one."""
    return f"{kind}-{blake2b(f'{client_id}/{kind}'.encode(), digest_size=4).hexdigest()}"


def _service(call: Call, inputs: Inputs, kind: str) -> Installed:
    size = inputs.choice("size", [*SIZES], "medium")
    world = build(call.client_id, inputs.text("scenario", SCENARIO), size, (kind,))
    return Installed(world, SCENARIOS.of(call), moment(call))
