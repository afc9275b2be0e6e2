"""The client API: search, documents, feedback, insights, and how data sources are set up."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from sojourn.sandbox.search_service import bodies
from sojourn.sandbox.search_service.access import Administering, Asked, Searching, answer
from sojourn.sandbox.search_service.documents import Stored
from sojourn.sandbox.search_service.insights import InsightsBody, insights
from sojourn.sandbox.search_service.searching import described, search
from sojourn.sandbox.search_service.statuses import configuration, credentials
from sojourn.sandbox.search_service.viewers import Viewer

router = APIRouter(prefix="/{instance}/rest/api/v1", tags=["client"])


@router.post("/search")
async def search_documents(asked: Searching, body: bodies.SearchBody) -> Response:
    """Search as a person."""
    return answer(await search(asked, body))


@router.post("/getdocuments")
async def get_documents(asked: Searching, body: bodies.DocumentsAsked) -> Response:
    """Return those documents that exist and that the person may see."""
    wanted = [str(spec.get("id") or spec.get("url") or "") for spec in body.document_specs]
    every = {d.document_id: d for d in asked.instance.documents.values()}
    every |= {d.url: d for d in asked.instance.documents.values()}
    viewer = Viewer(asked.instance, asked.email, asked.at)
    return answer({"documents": {name: _shown(every.get(name), viewer) for name in wanted}})


@router.post("/feedback")
async def feedback(asked: Searching, body: bodies.FeedbackBody) -> Response:
    """Take what somebody thought of results; an id that came before changes nothing."""
    asked.change("feedback", body)
    return answer({})


@router.post("/insights")
async def overview(asked: Administering, body: InsightsBody) -> Response:
    """Return who searched, and how often."""
    return answer(insights(asked.instance, body, asked.at))


@router.get("/datasource/{datasource}/credentialstatus")
async def credential_status(asked: Administering, datasource: str) -> Response:
    """Return whether a data source's credentials work, and how old they are."""
    return answer(credentials(asked.instance, datasource, asked.at))


@router.post("/datasource/{datasource}/credentials")
async def rotate(asked: Administering, datasource: str, body: bodies.CredentialsChange) -> Response:
    """Give a data source new credentials; what they are is not kept."""
    _ = body
    asked.change(
        "setup", bodies.CredentialsBody(datasource=datasource, rotated_at=asked.at.isoformat())
    )
    return answer(credentials(asked.instance, datasource, asked.at))


@router.get("/configure/datasources/{datasource}/instances/{which}")
async def get_configuration(asked: Administering, datasource: str, which: str) -> Response:
    """Return how a data source is set up."""
    _ = which
    return _configured(asked, datasource)


@router.patch("/configure/datasources/{datasource}/instances/{which}")
async def patch_configuration(
    asked: Administering, datasource: str, which: str, body: bodies.ConfigurationChange
) -> Response:
    """Set a data source up."""
    _ = which
    values = {name: _value(value) for name, value in body.configuration.values.items()}
    asked.change("setup", bodies.CredentialsBody(datasource=datasource, values=values))
    return _configured(asked, datasource)


def _configured(asked: Asked, datasource: str) -> Response:
    values = configuration(asked.instance, datasource, asked.at)
    return answer({"configuration": {"values": {k: {"value": v} for k, v in values.items()}}})


def _value(value: Any) -> Any:
    return value.get("value") if isinstance(value, Mapping) else value


def _shown(document: Stored | None, viewer: Viewer) -> dict[str, Any]:
    if document is None or not viewer.sees(document):
        return {"error": "NOT_FOUND"}
    return described(document)
