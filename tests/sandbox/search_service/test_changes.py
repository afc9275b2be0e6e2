from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from sojourn.sandbox.search_service.changes import CHANGES, apply, read_body
from sojourn.sandbox.search_service.clock import Clock
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.instance import Instance

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
PAGE = {"uploadId": "u", "datasource": "jira", "isFirstPage": True, "isLastPage": True}


def changed(*changes: tuple[str, Mapping[str, object]]) -> Instance:
    instance = Instance("medtronic", Clock())
    for kind, fields in changes:
        apply(instance, kind, read_body(kind, fields), NOON)
    return instance


def test_people_groups_and_their_members_are_replaced() -> None:
    people = changed(
        ("adddatasource", {"name": "jira"}),
        ("bulkindexusers", {**PAGE, "users": [{"email": "ann@x", "userId": "ann"}]}),
        ("bulkindexgroups", {**PAGE, "groups": [{"name": "sales"}]}),
        ("bulkindexmemberships", {**PAGE, "group": "sales", "memberships": [{"memberUserId": "ann"}]}),
    ).sources["jira"].identities  # fmt: skip
    assert people.groups_of("ann@x") == {"sales"}


def test_records_are_remembered_and_forgotten() -> None:
    kept = ("record", {"kind": "k", "name": "n", "data": {"a": 1}})
    assert changed(kept).records == {"k": {"n": {"a": 1}}}
    assert changed(kept, ("record", {"kind": "k", "name": "n"})).records == {"k": {}}


def test_a_refused_change_changes_nothing() -> None:
    instance = changed(("adddatasource", {"name": "jira"}))
    with pytest.raises(Refused, match="no upload"):
        body = read_body("bulkindexdocuments", {**PAGE, "isFirstPage": False, "documents": []})
        apply(instance, "bulkindexdocuments", body, NOON)
    assert not instance.sources["jira"].uploads.history


def test_issues_are_reported_and_closed() -> None:
    instance = changed(("report", {"title": "down", "labels": ["critical"]}))
    number = instance.tracker.reported[0].number
    apply(instance, "close", read_body("close", {"number": number}), NOON)
    assert instance.tracker.reported[0].closed_at == NOON


def test_every_change_has_a_body_that_can_be_written_and_read() -> None:
    for kind in CHANGES:
        assert CHANGES[kind].body.model_json_schema(by_alias=True)["type"] == "object"
