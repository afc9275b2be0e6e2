from sojourn.sandbox.search_service.tokens import Kind
from tests.sandbox.search_service.clients import Client, document

SPELL = {"kind": "leak", "from_day": 2.0, "amount": 1.0, "connector": "jira"}


async def test_a_scenario_is_set_and_read(client: Client) -> None:
    await client.trouble(SPELL)
    found = await client.steer("GET", "scenario")
    assert found == {"start": "2026-03-01T00:00:00+00:00", "spells": [SPELL]}
    refused = await client.steer("PUT", "scenario", {"spells": [{"kind": "lek"}]}, status=422)
    assert "did you mean 'leak'" in refused["message"]


async def test_more_goes_wrong_and_is_mended_beside_the_rest(client: Client) -> None:
    await client.trouble(SPELL)
    bug = {"kind": "bug", "from_day": -1e6, "amount": 1.0, "mended_by": "builder"}
    await client.steer("POST", "scenario/spells", {"spells": [bug]})
    found = await client.steer("GET", "scenario")
    assert found == {"start": "2026-03-01T00:00:00+00:00", "spells": [SPELL, bug]}
    await client.steer("POST", "scenario/mended", {"agent": "other"})
    assert await client.steer("GET", "scenario") == found
    await client.steer("POST", "scenario/mended", {"agent": "builder"})
    leak, mended = (await client.steer("GET", "scenario"))["spells"]
    assert (leak, "until_day" in mended) == (SPELL, True)
    bad = {"spells": [{"kind": "lek"}]}
    assert (
        "did you mean"
        in (await client.steer("POST", "scenario/spells", bad, status=422))["message"]
    )


async def test_records_are_kept_by_kind_and_name(client: Client) -> None:
    await client.steer("PUT", "records/datasets/one", {"values": {"queries": 3}})
    assert await client.steer("GET", "records/datasets") == {"one": {"queries": 3}}
    await client.steer("DELETE", "records/datasets/one")
    assert await client.steer("GET", "records/datasets") == {}


async def test_data_sources_and_members_are_listed(client: Client) -> None:
    await client.fill(document("a", "pump"))
    page = {"uploadId": "u", "datasource": "jira", "isFirstPage": True, "isLastPage": True}
    members = [{"memberUserId": "ann"}]
    await client.index("bulkindexmemberships", {**page, "group": "sales", "memberships": members})
    assert [s["name"] for s in await client.steer("GET", "datasources")] == ["jira"]
    assert await client.steer("GET", "members/jira/sales") == ["ann"]
    assert await client.steer("GET", "members/jira/legal") == []


async def test_others_do_not_steer(client: Client) -> None:
    await client.ask(Kind.CLIENT, "GET", "/sandbox/datasources", status=403)
