import httpx

from sojourn.sandbox.search_service.application import application
from sojourn.sandbox.search_service.service import Options
from sojourn.sandbox.serving import serving
from tests.sandbox.search_service.clients import Client


async def test_every_answer_is_hardened(client: Client) -> None:
    for path in ("/openapi.json", "/medtronic/rest/api/v1/search", "/nowhere"):
        response = await client.http.get(client.url + path)
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"


async def test_the_shape_is_documented() -> None:
    async with serving(application(Options("s"))) as url, httpx.AsyncClient() as http:
        paths = (await http.get(f"{url}/openapi.json")).json()["paths"]
    assert "/{instance}/api/index/v1/bulkindexdocuments" in paths
    assert "/{instance}/rest/api/v1/search" in paths


async def test_a_wrong_body_is_refused_by_field(client: Client) -> None:
    refused = await client.client("search", {"query": 7}, status=422)
    assert refused["detail"][0]["loc"] == ["body", "query"]
