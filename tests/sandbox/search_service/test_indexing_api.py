from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sojourn.sandbox.search_service.service import Options
from tests.sandbox.search_service.clients import Client, document

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def options() -> Options:
    return Options("secret", crawl_seconds=60)


def page(
    *documents: Any, upload: str = "u1", first: bool = True, last: bool = True
) -> dict[str, Any]:
    every = [{"datasource": "jira", **d} for d in documents]
    return {"uploadId": upload, "datasource": "jira", "documents": every,
            "isFirstPage": first, "isLastPage": last}  # fmt: skip


async def test_documents_can_be_found_once_they_have_been_crawled(client: Client) -> None:
    await client.fill(now=NOON)
    every = page(document("a", "pump"), document("b", "pump"), upload="u2")
    await client.index("bulkindexdocuments", every, now=NOON)
    for minutes, found in ((0, []), (1, ["a"]), (2, ["a", "b"])):
        now = NOON + timedelta(minutes=minutes)
        assert await client.found("pump", now=now) == found
        status = await client.index("debug/jira/status", None, now=now)
        indexed = sum(c["count"] for c in status["documents"]["counts"]["indexed"])
        state = status["documents"]["bulkUploadHistory"][0]["processingState"]
        assert indexed == len(found)
        assert state == ("INDEXING COMPLETED" if minutes == 2 else "UPLOAD COMPLETED")


async def test_an_upload_in_pages_counts_when_its_last_page_is_there(client: Client) -> None:
    await client.fill()
    await client.index("bulkindexdocuments", page(document("a", "pump"), upload="u2", last=False))
    count = {"datasource": "jira"}
    assert (await client.index("getdocumentcount", count))["documentCount"] == 0
    last = page(document("b", "pump"), upload="u2", first=False)
    await client.index("bulkindexdocuments", last)
    assert (await client.index("getdocumentcount", count))["documentCount"] == 2


async def test_uploads_get_in_each_others_way(client: Client) -> None:
    await client.fill()
    await client.index("bulkindexdocuments", page(upload="u2", last=False))
    await client.index("bulkindexdocuments", page(upload="u3", last=False), status=409)
    await client.index("bulkindexdocuments", page(upload="u9", first=False), status=400)
    forced = {**page(upload="u3"), "forceRestartUpload": True}
    await client.index("bulkindexdocuments", forced)


async def test_documents_come_and_go_one_by_one(client: Client) -> None:
    await client.fill(document("a", "pump"), now=NOON)
    later = NOON + timedelta(hours=1)
    one = {"document": {"datasource": "jira", **document("b", "pump")}}
    await client.index("indexdocument", one, now=NOON)
    two = {"datasource": "jira", "documents": [{"datasource": "jira", **document("c", "pump")}]}
    await client.index("indexdocuments", two, now=NOON)
    assert await client.found("pump", now=later) == ["a", "b", "c"]
    gone = {"datasource": "jira", "objectType": "page", "id": "a"}
    await client.index("deletedocument", gone)
    assert await client.found("pump", now=later) == ["b", "c"]


async def test_what_became_of_one_document(client: Client) -> None:
    await client.fill(document("a", "pump", allowedUsers=[{"email": "ann@x"}]), now=NOON)
    named = {"objectType": "page", "docId": "a"}
    early = await client.index("debug/jira/document", named, now=NOON)
    assert early["status"]["indexingStatus"] == "NOT_INDEXED"
    later = NOON + timedelta(hours=1)
    found = await client.index("debug/jira/document", named, now=later)
    assert found["status"]["indexingStatus"] == "INDEXED"
    for who, may in (("ann@x", True), ("bob@x", False)):
        asked = {**named, "datasource": "jira", "userEmail": who}
        answer = await client.index("checkdocumentaccess", asked, now=later)
        assert answer["hasAccess"] is may
    await client.index("debug/jira/document", {**named, "docId": "z"}, status=404)


async def test_what_is_refused_names_the_fix(client: Client) -> None:
    refused = await client.index("bulkindexdocuments", page(), status=400)
    assert "adddatasource" in refused["message"]
    await client.fill()
    other = {"datasource": "jira", "documents": [{**document("a", "x"), "datasource": "slack"}]}
    refused = await client.index("indexdocuments", other, status=400)
    assert "documents[0] is of 'slack'" in refused["message"]


async def test_a_configuration_is_given_back(client: Client) -> None:
    await client.index("adddatasource", {"name": "jira", "homeUrl": "https://x", "iconUrl": "i"})
    found = await client.index("getdatasourceconfig", {"datasource": "jira"})
    assert (found["homeUrl"], found["iconUrl"]) == ("https://x", "i")
