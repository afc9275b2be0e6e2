from dataclasses import replace

import pytest

from sojourn.core.outcomes import Completed, Measured, Needs
from sojourn.sandbox.connectors import install as computed
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.connectors import install, report
from sojourn.sandbox.online.desk import status
from sojourn.sandbox.online.directory import judge
from tests.sandbox.online.desks import Site


async def test_an_installed_connector_can_be_searched(site: Site) -> None:
    desk = site.desk(connector_type="jira", auth_method="oauth2", size="small")
    answer = await install(desk)
    assert isinstance(answer, Completed)
    assert answer == await computed(desk.call)
    world = await site.desk().installed()
    name = world.topics[world.source("jira")[0].topic].name
    hits = await site.backend.search(name, judge("medtronic", "sales"))
    assert hits.ids
    assert [text for _, text in site.told] == ["jira is set up", "jira is uploaded"]


async def test_without_a_method_a_person_is_asked(site: Site) -> None:
    answer = await install(site.desk(connector_type="jira"))
    assert isinstance(answer, Needs)
    assert "jira connector use: oauth2, service_account, api_key, basic?" in answer.prompt
    with pytest.raises(BadInput, match="did you mean 'oauth2'"):
        await install(site.desk(connector_type="jira", auth_method="oauth"))


async def test_a_removed_connector_leaves_nothing_behind(site: Site) -> None:
    await site.install("jira")
    answer = await install(site.desk(connector_type="jira", action="remove"))
    assert isinstance(answer, Completed)
    assert answer.output["removed"]
    assert (await status(site.backend, "jira")).uploaded == 0
    again = await install(site.desk(connector_type="never", action="remove"))
    assert isinstance(again, Completed)


async def test_a_crawl_that_gets_stuck_is_reported_by_both(site: Site) -> None:
    await site.trouble({"kind": "sync", "amount": 0.6, "connector": "jira"})
    desk = site.desk(connector_type="jira", auth_method="oauth2", size="small")
    answer = await install(desk)
    assert isinstance(answer, Completed)
    assert answer.output["synced"] == round(128 * 0.6)
    await site.install("slack")
    found = await report(site.desk())
    assert found.output == {"synced": 1, "expected": 2, "sync_rate": 0.5}
    assert found.measurements == (Measured("connector_sync_rate", 0.5, 2),)


async def test_a_connector_that_was_never_installed_is_not_synced(site: Site) -> None:
    await site.install("jira")
    found = await report(site.desk(connectors=["jira", "salesforce"]))
    assert found.output["sync_rate"] == 0.5


async def test_installing_again_changes_nothing(site: Site) -> None:
    desk = site.desk(connector_type="jira", auth_method="oauth2", size="small")
    first = await install(desk)
    assert await install(replace(desk)) == first
    assert (await status(site.backend, "jira")).uploaded == 128
