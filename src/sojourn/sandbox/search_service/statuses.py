"""How far a data source has come: what was uploaded, what is indexed, and how it was set up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sojourn.sandbox.scenario import Trouble
from sojourn.sandbox.search_service.documents import Stored
from sojourn.sandbox.search_service.instance import Instance
from sojourn.sandbox.search_service.sources import Source
from sojourn.sandbox.search_service.uploads import Upload, Uploads

LIFETIME: Final = timedelta(days=365)
"""How long a credential works after it was changed."""


def status(instance: Instance, name: str, at: datetime) -> dict[str, Any]:
    """Return the status of a data source; raises Refused (400)."""
    source = instance.source(name)
    indexed = [*source.indexed(at, instance.crawled(name, at))]
    complete = len(indexed) == len(source.documents)
    seen = "ENABLED_FOR_TEST_GROUP" if source.config.is_test_datasource else "ENABLED_FOR_ALL"
    return {
        "documents": {
            "bulkUploadHistory": [_upload(u, complete) for u in reversed(source.uploads.history)],
            "counts": {
                "uploaded": _counts(source.documents.values()),
                "indexed": _counts(indexed),
            },
            "processingHistory": [
                {"startTime": str(begin), "endTime": str(end)}
                for begin, end in reversed(source.crawls)
                if end <= at
            ],
        },
        "identity": _identity(source),
        "datasourceVisibility": seen,
    }


def credentials(instance: Instance, name: str, at: datetime) -> dict[str, Any]:
    """Return the status of a data source's credentials; raises Refused (400)."""
    source = instance.source(name)
    if source.rotated_at is None:
        return {"status": "MISSING", "message": "the data source was given no credentials"}
    expires = source.rotated_at + LIFETIME
    state = "VALID" if at < expires else "INVALID"
    return {"status": state, "lastRotatedAt": source.rotated_at, "expiresAt": expires}


def configuration(instance: Instance, name: str, at: datetime) -> Mapping[str, Any]:
    """Return how a data source is set up now; trouble with it shows here. Raises Refused (400)."""
    source = instance.source(name)
    if instance.scenario.spell(Trouble.AUTH, at, name) is None:
        return source.values
    return {**source.values, "authMethod": "basic", "transport": "http"}


def _upload(upload: Upload, complete: bool) -> dict[str, Any]:
    return {
        "uploadId": upload.upload_id,
        "startTime": str(upload.begun_at),
        "endTime": str(upload.ended_at or "NA"),
        "status": "SUCCESSFUL" if upload.ended_at else "ACTIVE",
        "processingState": _state(upload, complete),
    }


def _state(upload: Upload, complete: bool) -> str:
    if upload.ended_at is None:
        return "UPLOAD IN PROGRESS"
    return "INDEXING COMPLETED" if complete else "UPLOAD COMPLETED"


def _counts(documents: Iterable[Stored]) -> list[dict[str, Any]]:
    found = Counter(document.key[1] for document in documents)
    return [{"objectType": kind, "count": count} for kind, count in sorted(found.items())]


def _identity(source: Source) -> dict[str, Any]:
    people = source.identities
    members = sum(len(every) for every in people.members.values())
    return {
        "users": _component(len(people.users), [people.user_uploads]),
        "groups": _component(len(people.groups), [people.group_uploads]),
        "memberships": _component(members, people.member_uploads.values()),
    }


def _component(count: int, uploads: Iterable[Uploads[Any]]) -> dict[str, Any]:
    history = [_upload(u, complete=True) for every in uploads for u in every.history]
    return {"counts": {"uploaded": count}, "bulkUploadHistory": history}
