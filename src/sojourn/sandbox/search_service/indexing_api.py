"""The indexing API: data sources, documents, people and groups, and how far they have come."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from sojourn.sandbox.search_service import bodies
from sojourn.sandbox.search_service.access import Asked, Indexing, answer
from sojourn.sandbox.search_service.documents import Stored
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.statuses import status
from sojourn.sandbox.search_service.viewers import Viewer

router = APIRouter(prefix="/{instance}/api/index/v1", tags=["indexing"])
DONE: Mapping[str, Any] = {}


@router.post("/adddatasource")
async def add_datasource(asked: Indexing, body: bodies.DatasourceBody) -> Response:
    """Add a data source, or change its configuration."""
    asked.change("adddatasource", body)
    return answer(DONE)


@router.post("/getdatasourceconfig")
async def get_datasource_config(asked: Indexing, body: bodies.DatasourceNamed) -> Response:
    """Return the configuration of a data source."""
    config = asked.instance.source(body.datasource).config
    return answer(config.model_dump(mode="json", by_alias=True, exclude_none=True))


@router.post("/bulkindexdocuments")
async def bulk_index_documents(asked: Indexing, body: bodies.DocumentsPage) -> Response:
    """Take a page of documents that replace all of a data source's."""
    _own(body.datasource, body.documents)
    asked.change("bulkindexdocuments", body)
    return answer(DONE)


@router.post("/indexdocuments")
async def index_documents(asked: Indexing, body: bodies.DocumentsBody) -> Response:
    """Add documents, or change them."""
    _own(body.datasource, body.documents)
    asked.change("indexdocuments", body)
    return answer(DONE)


@router.post("/indexdocument")
async def index_document(asked: Indexing, body: bodies.OneDocument) -> Response:
    """Add a document, or change it."""
    asked.change("indexdocument", body)
    return answer(DONE)


@router.post("/deletedocument")
async def delete_document(asked: Indexing, body: bodies.DocumentNamed) -> Response:
    """Forget a document."""
    asked.change("deletedocument", body)
    return answer(DONE)


@router.post("/bulkindexusers")
async def bulk_index_users(asked: Indexing, body: bodies.UsersPage) -> Response:
    """Take a page of people who replace all of a data source's."""
    asked.change("bulkindexusers", body)
    return answer(DONE)


@router.post("/bulkindexgroups")
async def bulk_index_groups(asked: Indexing, body: bodies.GroupsPage) -> Response:
    """Take a page of groups that replace all of a data source's."""
    asked.change("bulkindexgroups", body)
    return answer(DONE)


@router.post("/bulkindexmemberships")
async def bulk_index_memberships(asked: Indexing, body: bodies.MembershipsPage) -> Response:
    """Take a page of members who replace all of a group's."""
    asked.change("bulkindexmemberships", body)
    return answer(DONE)


@router.post("/getdocumentcount")
async def get_document_count(asked: Indexing, body: bodies.DatasourceNamed) -> Response:
    """Return how many documents were uploaded."""
    return answer({"documentCount": len(asked.instance.source(body.datasource).documents)})


@router.post("/checkdocumentaccess")
async def check_document_access(asked: Indexing, body: bodies.DocumentNamed) -> Response:
    """Say whether a person may see a document."""
    document = _document(asked, body.datasource, body)
    viewer = Viewer(asked.instance, body.user_email, asked.at)
    return answer({"hasAccess": viewer.sees(document)})


@router.post("/debug/{datasource}/status")
async def datasource_status(asked: Indexing, datasource: str) -> Response:
    """Return what was uploaded and what is indexed."""
    return answer(status(asked.instance, datasource, asked.at))


@router.post("/debug/{datasource}/document")
async def document_status(asked: Indexing, datasource: str, body: bodies.DocumentNamed) -> Response:
    """Return how far one document has come."""
    document = _document(asked, datasource, body)
    source = asked.instance.source(datasource)
    part = asked.instance.crawled(datasource, asked.at)
    indexed = source.crawled(document, asked.at, part)
    found = {
        "uploadStatus": "UPLOADED",
        "lastUploadedAt": str(document.uploaded_at),
        "indexingStatus": "INDEXED" if indexed else "NOT_INDEXED",
        **({"lastIndexedAt": str(document.indexed_at)} if indexed else {}),
    }
    return answer({"status": found})


def _own(datasource: str, documents: tuple[bodies.DocumentBody, ...]) -> None:
    for place, document in enumerate(documents):
        if document.datasource != datasource:
            other = document.datasource
            raise Refused(400, f"documents[{place}] is of {other!r}, not of {datasource!r}")


def _document(asked: Asked, datasource: str, body: bodies.DocumentNamed) -> Stored:
    key = (datasource, body.object_type, body.id or body.doc_id)
    found = asked.instance.source(datasource).documents.get(key)
    if found is None:
        raise Refused(404, f"there is no document {key[2]!r} of type {key[1]!r} in {datasource!r}")
    return found
