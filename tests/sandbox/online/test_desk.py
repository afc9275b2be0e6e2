import pytest

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.desk import status, world_of
from tests.sandbox.online.desks import Site


async def test_the_installed_world_is_that_of_the_connectors(site: Site) -> None:
    with pytest.raises(BadInput, match="install one first"):
        await site.desk().installed()
    await site.install("slack", "jira")
    world = await site.desk().installed()
    assert (world.connectors, world.size) == (("jira", "slack"), "small")


async def test_a_status_counts_what_is_there(site: Site) -> None:
    await site.install("jira")
    found = await status(site.backend, "jira")
    assert found.uploaded == found.indexed == 128
    assert found.settled


def test_a_world_takes_its_size_from_its_connectors() -> None:
    known = {"b": {"size": "large"}, "a": {"size": "small", "scenario": "healthcare"}}
    world = world_of("medtronic", known)
    assert (world.connectors, world.size, world.scenario) == (("a", "b"), "small", "healthcare")
