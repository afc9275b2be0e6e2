import pytest

from sojourn.sandbox.inputs import BadInput, Inputs
from sojourn.sandbox.world import CONNECTORS, SIZES, World, allowed, build, relevant, world_of
from tests.sandbox.worlds import call

MEDTRONIC = build("medtronic", "healthcare_demo", "small", CONNECTORS)


def test_the_same_names_make_the_same_world() -> None:
    again = World("medtronic", "healthcare_demo", "small", CONNECTORS)
    assert again.documents == MEDTRONIC.documents
    assert again.queries == MEDTRONIC.queries


def test_another_client_has_another_world() -> None:
    other = build("acme", "healthcare_demo", "small", CONNECTORS)
    assert other.documents[0].words != MEDTRONIC.documents[0].words
    assert other.users != MEDTRONIC.users


def test_a_source_does_not_depend_on_the_other_sources() -> None:
    alone = build("medtronic", "healthcare_demo", "small", ("jira",))
    assert alone.documents == MEDTRONIC.source("jira")
    assert {d.source for d in alone.documents} == {"jira"}


def test_sizes_differ_and_any_name_is_a_source() -> None:
    sizes = [len(build("m", "x", size, ("my-wiki",)).documents) for size in SIZES]
    assert sizes == sorted(set(sizes))


def test_document_ids_are_unique() -> None:
    ids = [d.document_id for d in MEDTRONIC.documents]
    assert len(set(ids)) == len(ids) == 5 * 8 * SIZES["small"].documents


def test_every_query_has_relevant_documents_that_its_asker_may_see() -> None:
    by_id = {d.document_id: d for d in MEDTRONIC.documents}
    for query in MEDTRONIC.queries:
        right = relevant(query, query.user, MEDTRONIC.documents)
        assert len(right) >= 5
        assert all(allowed(query.user, by_id[i]) for i in right)
        assert {by_id[i].topic for i in right} == {query.topic}


def test_some_documents_are_restricted_and_most_are_not() -> None:
    restricted = [d for d in MEDTRONIC.documents if d.department]
    assert 0.1 < len(restricted) / len(MEDTRONIC.documents) < 0.2
    stranger = next(u for u in MEDTRONIC.users if u.department != restricted[0].department)
    assert not allowed(stranger, restricted[0])


def test_cohorts_are_nested() -> None:
    waves = [{u.user_id for u in MEDTRONIC.users_of(p)} for p in (0, 10, 50, 100)]
    assert waves[0] == set()
    assert waves[0] < waves[1] < waves[2] < waves[3] == {u.user_id for u in MEDTRONIC.users}


def test_what_a_call_does_not_name_takes_the_defaults() -> None:
    assert world_of(call(), Inputs({})).connectors == CONNECTORS
    assert world_of(call(), Inputs({"size": "small"})).size == "small"
    with pytest.raises(BadInput, match="size: must be one of small, medium, large"):
        world_of(call(), Inputs({"size": "gigantic"}))
