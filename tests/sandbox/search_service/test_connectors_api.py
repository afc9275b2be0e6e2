from datetime import UTC, datetime, timedelta

from tests.sandbox.search_service.clients import Client, document

START = datetime(2026, 3, 1, tzinfo=UTC)


async def shown(client: Client, day: float, name: str = "jira") -> tuple[int, str, str]:
    now = (START + timedelta(days=day)).isoformat()
    url = f"{client.url}/medtronic/connectors/{name}"
    response = await client.http.get(url, headers={"x-sandbox-now": now})
    headers = response.headers
    return (
        response.status_code,
        headers.get("www-authenticate", "").partition(" ")[0],
        headers.get("x-connector-version", ""),
    )


async def test_a_connector_asks_for_a_bearer_token_or_in_trouble_for_a_password(
    client: Client,
) -> None:
    await client.fill(document("a", "pump"))
    await client.trouble({"kind": "auth", "from_day": 2, "until_day": 3, "connector": "jira"})
    assert await shown(client, 1) == (401, "Bearer", "unknown")
    assert await shown(client, 2) == (401, "Basic", "unknown")
    assert await shown(client, 3) == (401, "Bearer", "unknown")
    assert (await shown(client, 1, "slack"))[0] == 404
