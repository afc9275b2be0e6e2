"""Connectors: installing one per data source, and how far each has synced."""

from collections.abc import Sequence
from hashlib import blake2b

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.installed import Installed, installed, moment
from sojourn.sandbox.scenario import scenario_of
from sojourn.sandbox.world import SCENARIO, SIZES, build

AUTH_METHODS = ("oauth2", "service_account", "api_key", "basic")


@agent
def install(call: Call, inputs: Inputs) -> Completed:
    """Install the connector of one data source and crawl it; ``action: remove`` takes it away."""
    kind = inputs.text("connector_type")
    inputs.choice("auth_method", AUTH_METHODS, "oauth2")
    action = inputs.choice("action", ("install", "remove"), "install")
    had, synced = _service(call, inputs, kind).documents(kind)
    return installation(call, kind, had, synced) if action == "install" else removal(call, kind)


@agent
def status(call: Call, inputs: Inputs) -> Completed:
    """Report how many of the client's connectors have crawled everything they should."""
    service = installed(call, inputs)
    return synchronization([service.documents(name) for name in service.world.connectors])


def installation(call: Call, kind: str, had: int, synced: int) -> Completed:
    """Return the answer for an installed connector: what its source holds, and what is synced."""
    return done(
        {
            "connector_id": connector_id(call.client_id, kind),
            "connector_type": kind,
            "documents": had,
            "synced": synced,
            "sync_rate": round(synced / max(had, 1), 4),
        }
    )


def removal(call: Call, kind: str) -> Completed:
    """Return the answer for a connector that was taken away."""
    gone = installation(call, kind, 0, 0)
    return done({**gone.output, "removed": True})


def synchronization(crawls: Sequence[tuple[int, int]]) -> Completed:
    """Return the answer for connectors: how many have synced everything that their source holds."""
    synced = sum(had == crawled for had, crawled in crawls)
    rate = round(synced / len(crawls), 4)
    output = {"synced": synced, "expected": len(crawls), "sync_rate": rate}
    return done(output, Measured("connector_sync_rate", rate, len(crawls)))


def connector_id(client_id: str, kind: str) -> str:
    """Return the id of a client's connector; installing it again gives the same one."""
    return f"{kind}-{blake2b(f'{client_id}/{kind}'.encode(), digest_size=4).hexdigest()}"


def _service(call: Call, inputs: Inputs, kind: str) -> Installed:
    size = inputs.choice("size", [*SIZES], "medium")
    world = build(call.client_id, inputs.text("scenario", SCENARIO), size, (kind,))
    return Installed(world, scenario_of(call), moment(call))
