from datetime import UTC, datetime, timedelta

from sojourn.sandbox.search_service.tokens import Kind
from tests.sandbox.search_service.clients import Client, document

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


async def test_documents_are_found_by_those_who_may_see_them(client: Client) -> None:
    await client.fill(
        document("a", "pump recall"), document("b", "pump", allowedUsers=[{"email": "bob@x"}])
    )
    assert await client.found("pumps") == ["a"]
    assert sorted(await client.found("pumps", email="bob@x")) == ["a", "b"]
    assert await client.found("pumps", email="stranger@x") == []


async def test_documents_are_read_by_id_and_url(client: Client) -> None:
    await client.fill(
        document("a", "pump"), document("b", "pump", allowedUsers=[{"email": "bob@x"}])
    )
    specs = [{"id": "jira_page_a"}, {"url": "https://jira.example/b"}, {"id": "no"}]
    found = await client.client("getdocuments", {"documentSpecs": specs}, email="ann@x")
    shown = {name: "error" not in got for name, got in found["documents"].items()}
    assert shown == {"jira_page_a": True, "https://jira.example/b": False, "no": False}


async def test_feedback_with_a_known_id_changes_nothing(client: Client) -> None:
    for event in ("UPVOTE", "DOWNVOTE"):
        body = {"trackingTokens": ["t"], "event": event, "id": "one"}
        await client.client("feedback", body, email="ann@x")
    assert (await client.steer("GET", "feedback"))["one"]["event"] == "UPVOTE"


async def test_credentials_age_and_are_changed(client: Client) -> None:
    await client.fill(document("a", "pump"))
    path = "datasource/jira/credentialstatus"
    assert (await client.ask(Kind.CLIENT, "GET", path))["status"] == "MISSING"
    await client.client("datasource/jira/credentials", {"credentials": {"values": {}}}, now=NOON)
    found = await client.ask(Kind.CLIENT, "GET", path, now=NOON + timedelta(days=2))
    assert found["status"] == "VALID"
    assert datetime.fromisoformat(found["lastRotatedAt"]) == NOON
    late = await client.ask(Kind.CLIENT, "GET", path, now=NOON + timedelta(days=400))
    assert late["status"] == "INVALID"


async def test_a_data_source_is_set_up(client: Client) -> None:
    await client.fill(document("a", "pump"))
    path = "configure/datasources/jira/instances/jira"
    change = {"configuration": {"values": {"version": {"value": "4.2"}}}}
    await client.ask(Kind.CLIENT, "PATCH", path, change)
    found = await client.ask(Kind.CLIENT, "GET", path)
    assert found == {"configuration": {"values": {"version": {"value": "4.2"}}}}


async def test_an_overview_counts_what_was_searched(client: Client) -> None:
    await client.fill(document("a", "pump"))
    for who, count in (("ann@x", 3), ("bob@x", 1)):
        for _ in range(count):
            await client.found("pump", email=who, now=NOON)
    body = {"overviewRequest": {"dayRange": {"start": {"daysFromNow": 7}}}}
    overview = (await client.client("insights", body, now=NOON))["overviewResponse"]
    assert overview["searchSummary"]["numSearches"] == 4
    assert overview["weeklyActiveUsers"] == 2
    assert [p["numSearches"] for p in overview["perUserInsights"]] == [3, 1]
