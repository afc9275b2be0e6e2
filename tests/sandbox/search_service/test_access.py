import httpx
import pytest

from sojourn.sandbox.search_service.tokens import Kind
from tests.sandbox.search_service.clients import Client

URL = "/medtronic/rest/api/v1/search"


async def ask(client: Client, authorization: str | None, url: str = URL) -> httpx.Response:
    headers = {"authorization": authorization} if authorization else {}
    headers["x-glean-actas"] = "ann@x"
    return await client.http.post(client.url + url, json={"query": "a"}, headers=headers)


@pytest.mark.parametrize(
    "given", [None, "Bearer nonsense", "Basic dXNlcjpwdw==", "Bearer client.."]
)
async def test_without_a_good_token_nobody_is_answered(client: Client, given: str | None) -> None:
    response = await ask(client, given)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


async def test_tokens_are_good_for_one_thing_at_one_instance(client: Client) -> None:
    indexing = client.tokens.of(Kind.INDEXING, "medtronic")
    assert (await ask(client, f"Bearer {indexing}")).status_code == 403
    other = client.tokens.of(Kind.CLIENT, "siemens")
    assert (await ask(client, f"Bearer {other}")).status_code == 401
    right = client.tokens.of(Kind.CLIENT, "medtronic")
    assert (await ask(client, f"Bearer {right}")).status_code == 200


async def test_a_persons_own_token_acts_as_nobody_else(client: Client) -> None:
    await client.fill({"id": "a", "permissions": {"allowedUsers": [{"email": "bob@x"}]},
                       "body": {"mimeType": "text/plain", "textContent": "pump"}})  # fmt: skip
    token = client.tokens.of(Kind.USER, "medtronic", "bob@x")
    headers = {"authorization": f"Bearer {token}", "x-glean-actas": "ann@x"}
    found = await client.http.post(client.url + URL, json={"query": "pump"}, headers=headers)
    assert len(found.json()["results"]) == 1


async def test_a_time_that_is_none_is_refused(client: Client) -> None:
    given = {"x-sandbox-now": "yesterday"}
    await client.client("search", {"query": "a"}, email="ann@x", status=400, **given)


async def test_instances_have_plain_names(client: Client) -> None:
    assert (await ask(client, "Bearer x", URL.replace("medtronic", "%2e%2e%2f"))).status_code == 404
