from datetime import UTC, datetime

from sojourn.sandbox.search_service.bodies import DocumentBody, PermissionsBody
from sojourn.sandbox.search_service.documents import permissions, stored

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def allowed(fields: dict[str, object], *names: str, groups: tuple[str, ...] = ()) -> bool:
    return permissions(PermissionsBody.model_validate(fields)).allow(names, groups)


def test_nobody_may_see_what_nothing_is_said_of() -> None:
    assert not allowed({}, "ann@x", groups=("sales",))


def test_strangers_see_what_is_open_to_all_only() -> None:
    assert allowed({"allowAnonymousAccess": True})
    assert not allowed({"allowAllDatasourceUsersAccess": True})
    assert allowed({"allowAllDatasourceUsersAccess": True}, "ann@x")


def test_people_and_groups_are_named() -> None:
    named = {
        "allowedUsers": [{"email": "ann@x"}, {"datasourceUserId": "b"}],
        "allowedGroups": ["s"],
    }
    assert allowed(named, "ann@x")
    assert allowed(named, "bob@x", "b")
    assert allowed(named, "cid@x", groups=("s",))
    assert not allowed(named, "cid@x", groups=("t",))


def test_a_document_is_kept_with_its_text_and_an_address() -> None:
    body = DocumentBody.model_validate(
        {"datasource": "jira", "id": "1", "summary": {"textContent": "short"},
         "body": {"textContent": "long"}}
    )  # fmt: skip
    kept = stored(body, NOON, NOON)
    assert (kept.text, kept.url) == ("short\nlong", "https://jira.example/1")
    assert kept.document_id == "jira_1"
