"""Glean's own client against the service, so that the service's shape is not our invention."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from glean.api_client import Glean, models
from glean.api_client.errors import GleanError

from sojourn.sandbox.search_service.application import application
from sojourn.sandbox.search_service.service import Options
from sojourn.sandbox.search_service.tokens import Kind, Tokens
from sojourn.sandbox.serving import serving

TOKENS = Tokens("secret")
AS_ANN = {"X-Glean-ActAs": "ann@x"}


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serving(application(Options("secret", wait=0.05))) as where:
        yield f"{where}/medtronic"


def glean(url: str, kind: Kind) -> Glean:
    return Glean(api_token=TOKENS.of(kind, "medtronic"), server_url=url)


def document(name: str, text: str) -> models.DocumentDefinition:
    return models.DocumentDefinition(
        datasource="wiki",
        object_type="page",
        id=name,
        title=f"Page {name}",
        view_url=f"https://wiki.example/{name}",
        body=models.ContentDefinition(mime_type="text/plain", text_content=text),
        permissions=models.DocumentPermissionsDefinition(
            allowed_users=[models.UserReferenceDefinition(email="ann@x")]
        ),
    )


async def fill(url: str) -> None:
    async with glean(url, Kind.INDEXING) as client:
        await client.indexing.datasources.add_async(
            name="wiki", display_name="Wiki", is_user_referenced_by_email=True
        )
        people = [models.DatasourceUserDefinition(email="ann@x", name="Ann")]
        await client.indexing.permissions.bulk_index_users_async(
            upload_id="u", datasource="wiki", users=people, is_first_page=True, is_last_page=True
        )
        await client.indexing.documents.bulk_index_async(
            upload_id="u1",
            datasource="wiki",
            documents=[document("a", "pump recall"), document("b", "travel policy")],
            is_first_page=True,
            is_last_page=True,
        )


async def test_indexing_and_its_status(url: str) -> None:
    await fill(url)
    async with glean(url, Kind.INDEXING) as client:
        await client.indexing.documents.index_async(
            datasource="wiki", documents=[document("c", "pump")]
        )
        found = await client.indexing.datasource.status_async(datasource="wiki")
    assert found.documents is not None
    assert found.documents.counts is not None
    assert [c.count for c in found.documents.counts.indexed or []] == [3]
    (upload,) = found.documents.bulk_upload_history or []
    assert upload.status == models.BulkUploadHistoryEventStatus.SUCCESSFUL
    assert upload.processing_state == models.ProcessingState.INDEXING_COMPLETED
    assert found.datasource_visibility == models.DatasourceVisibility.ENABLED_FOR_ALL
    assert found.identity is not None
    assert found.identity.users is not None


async def test_searching_with_its_time(url: str) -> None:
    await fill(url)
    async with glean(url, Kind.CLIENT) as client:
        found = await client.client.search.query_async(
            query="recalled pumps",
            page_size=5,
            request_options=models.SearchRequestOptions(
                facet_bucket_size=10, datasources_filter=["wiki"]
            ),
            http_headers=AS_ANN,
        )
    assert found.backend_time_millis is not None
    assert found.backend_time_millis > 0
    assert found.request_id
    (result,) = found.results or []
    assert result.url == "https://wiki.example/a"
    assert result.document is not None
    assert result.document.metadata is not None
    status = result.document.metadata.index_status
    assert status is not None
    assert status.last_indexed_time is not None


async def test_feedback_and_insights(url: str) -> None:
    await fill(url)
    async with glean(url, Kind.CLIENT) as client:
        found = await client.client.search.query_async(query="pump", http_headers=AS_ANN)
        await client.client.activity.feedback_async(
            feedback1=models.Feedback(
                tracking_tokens=[found.tracking_token or ""],
                event=models.FeedbackEvent.UPVOTE,
                id="c2a1f7be-3d0c-4e3f-8b7c-000000000001",
            ),
            http_headers=AS_ANN,
        )
        since = datetime.now(UTC) - timedelta(days=7)
        asked = models.InsightsOverviewRequest(
            day_range=models.Period(start=models.TimePoint(epoch_seconds=int(since.timestamp())))
        )
        insights = await client.client.insights.retrieve_async(overview_request=asked)
    overview = insights.overview_response
    assert overview is not None
    assert overview.search_summary is not None
    assert overview.search_summary.num_searches == 1
    assert overview.weekly_active_users == 1
    (person,) = overview.per_user_insights or []
    assert (person.num_searches, person.num_days_active) == (1, 1)


async def test_documents_and_credentials(url: str) -> None:
    await fill(url)
    async with glean(url, Kind.CLIENT) as client:
        found = await client.client.documents.retrieve_async(
            get_documents_request=models.GetDocumentsRequest(
                document_specs=[models.DocumentSpec1(url="https://wiki.example/a")]
            ),
            http_headers=AS_ANN,
        )
        assert [*(found.documents or {})] == ["https://wiki.example/a"]
        assert isinstance((found.documents or {})["https://wiki.example/a"], models.Document)
        status = await client.client.datasources.retrieve_credential_status_async(
            datasource_instance_id="wiki"
        )
        assert status.status == models.DatasourceCredentialStatus.MISSING


async def test_refusals_are_errors_of_the_client(url: str) -> None:
    async with glean(url, Kind.CLIENT) as client:
        with pytest.raises(GleanError) as wrong_token:
            await client.indexing.datasource.status_async(datasource="wiki")
        assert wrong_token.value.status_code == 403
    async with glean(url, Kind.INDEXING) as client:
        with pytest.raises(GleanError) as unknown:
            await client.indexing.datasource.status_async(datasource="wiki")
        assert unknown.value.status_code == 400


async def test_many_at_once(url: str) -> None:
    await fill(url)
    async with glean(url, Kind.CLIENT) as client:
        asked = [
            client.client.search.query_async(query="pump", http_headers=AS_ANN) for _ in range(8)
        ]
        found = await asyncio.gather(*asked)
    assert all(len(answer.results or []) == 1 for answer in found)
