from sojourn.core.outcomes import Measured
from sojourn.sandbox.connectors import install, status
from tests.sandbox.worlds import done, output, refused, world


async def test_the_specifications_example_runs() -> None:
    found = await output(install, connector_type="confluence", auth_method="oauth2")
    assert set(found) == {"connector_id", "connector_type", "documents", "synced", "sync_rate"}
    assert found["connector_type"] == "confluence"
    assert found["synced"] == found["documents"] > 100
    assert found["sync_rate"] == 1.0


async def test_installing_again_gives_the_same_connector() -> None:
    first = await output(install, connector_type="jira")
    assert first == await output(install, connector_type="jira")
    other = await output(install, connector_type="jira", client="acme")
    assert other["connector_id"] != first["connector_id"]


async def test_removing_leaves_nothing() -> None:
    gone = await output(install, connector_type="jira", action="remove", undo_of="task-001")
    assert gone["removed"]
    assert gone["documents"] == gone["synced"] == gone["sync_rate"] == 0


async def test_a_crawl_that_is_stuck_is_seen() -> None:
    stuck = world({"kind": "sync", "connector": "jira", "amount": 0.25})
    found = await output(install, connector_type="jira", world=stuck)
    assert found["sync_rate"] == 0.25
    every = await done(status, connectors=["jira", "slack"], world=stuck)
    assert every.output == {"synced": 1, "expected": 2, "sync_rate": 0.5}
    assert every.measurements == (Measured("connector_sync_rate", 0.5, 2),)


async def test_all_connectors_sync_when_nothing_is_wrong() -> None:
    found = await done(status, connectors=["confluence", "my own wiki"])
    assert found.output["sync_rate"] == 1.0
    assert found.measurements[0].n == 2


async def test_wrong_input_is_refused() -> None:
    assert "connector_type: this field is required" in await refused(install)
    assert "did you mean 'oauth2'" in await refused(
        install, connector_type="jira", auth_method="oauth"
    )
    assert "connectors: must be a list" in await refused(status, connectors={})
