from collections.abc import Mapping
from datetime import UTC, datetime

from sojourn.sandbox.scenario import read
from sojourn.sandbox.search_service.bodies import DatasourceBody, DocumentBody, MemberBody, UserBody
from sojourn.sandbox.search_service.clock import Clock
from sojourn.sandbox.search_service.instance import Instance
from sojourn.sandbox.search_service.viewers import Viewer

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SALES = {"datasource": "jira", "id": "a", "permissions": {"allowedGroups": ["sales"]}}


def instance(*spells: Mapping[str, object], product_access_group: str | None = None) -> Instance:
    made = Instance("medtronic", Clock())
    made.configure(DatasourceBody(name="directory"))
    made.configure(
        DatasourceBody(
            name="jira",
            identity_datasource_name="directory",
            product_access_group=product_access_group,
        )
    )
    people = made.source("directory").identities
    people.replace_users([UserBody(email="ann@x"), UserBody(email="bob@x")])
    people.replace_members("sales", [MemberBody(member_user_id="ann@x")])
    people.replace_members("pilot", [MemberBody(member_user_id="bob@x")])
    made.put(made.source("jira"), [DocumentBody.model_validate(SALES)], NOON)
    made.scenario = read({"start": "2026-03-04T00:00:00Z", "spells": [*spells]})
    return made


def sees(made: Instance, email: str | None) -> bool:
    (document,) = made.documents.values()
    return Viewer(made, email, NOON).sees(document)


def test_groups_of_another_data_source_count_where_it_is_named() -> None:
    assert [sees(instance(), who) for who in ("ann@x", "bob@x", None)] == [True, False, False]


def test_only_those_who_were_let_in_see_anything() -> None:
    made = instance(product_access_group="pilot")
    assert [sees(made, who) for who in ("ann@x", "bob@x")] == [False, False]


def test_a_leak_shows_documents_to_all_who_were_let_in() -> None:
    leak = {"kind": "leak", "connector": "jira"}
    assert sees(instance(leak), "bob@x")
    made = instance(leak, product_access_group="pilot")
    assert [sees(made, who) for who in ("ann@x", "bob@x")] == [False, True]


def test_nobody_sees_what_was_not_crawled() -> None:
    assert not sees(instance({"kind": "sync", "amount": 0.0}), "ann@x")
