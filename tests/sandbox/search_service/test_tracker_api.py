from datetime import UTC, datetime, timedelta
from typing import Any

from sojourn.sandbox.search_service.tokens import Kind
from tests.sandbox.search_service.clients import Client

START = datetime(2026, 3, 1, tzinfo=UTC)
ISSUES = "/tracker/repos/medtronic/search/issues"


async def ask(
    client: Client, method: str, path: str, day: float, body: Any = None, status: int = 200
) -> Any:
    now = START + timedelta(days=day)
    return await client.ask(Kind.CLIENT, method, ISSUES + path, body, now=now, status=status)


async def test_issues_are_found_by_label_state_and_time(client: Client) -> None:
    await client.trouble({"kind": "bug", "from_day": 2, "until_day": 4})
    critical = "?labels=bug,critical"
    assert len(await ask(client, "GET", critical, 1)) == 0
    assert [i["state"] for i in await ask(client, "GET", critical, 3)] == ["open"]
    assert len(await ask(client, "GET", critical, 5)) == 0
    assert [i["state"] for i in await ask(client, "GET", f"{critical}&state=all", 5)] == ["closed"]
    since = (START + timedelta(days=4.5)).isoformat().replace("+00:00", "Z")
    assert await ask(client, "GET", f"{critical}&state=all&since={since}", 5) == []
    await ask(client, "GET", "?since=now", 5, status=422)


async def test_an_issue_is_reported_and_closed(client: Client) -> None:
    body = {"title": "down", "labels": ["critical"]}
    made = await ask(client, "POST", "", 1, body, status=201)
    assert made["state"] == "open"
    closed = await ask(client, "PATCH", f"/{made['number']}", 2, {"state": "closed"})
    assert closed["closed_at"].startswith("2026-03-03")
    await ask(client, "PATCH", "/7", 2, {"state": "closed"}, status=404)
    await ask(client, "PATCH", f"/{made['number']}", 2, {"state": "open"}, status=422)
