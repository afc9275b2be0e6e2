from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.references import Reference, UnresolvedReference, bind, escape, fault, find
from sojourn.core.references import resolve as resolved

SCOPE: dict[str, Any] = {
    "client": {"id": "medtronic"},
    "journey": {
        "key": "journey-medtronic-2026",
        "started_at": datetime(2026, 1, 5, tzinfo=UTC),
        "metadata": {"scenario": "healthcare_demo", "tier": 2},
    },
    "facts": {"data_sources": ["confluence", "sharepoint"], "region": "eu", "price": 9.5},
    "tasks": {"install": {"output": [{"id": "c-1", "ok": True}, {"id": "c-2", "ok": False}]}},
    "units": {"dataset": {"provision": {"output": {"size": "medium", "documents": 120}}}},
    "item": {"name": "confluence"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${client.id}", "medtronic"),
        ("${journey.metadata.tier}", 2),
        ("${facts.data_sources}", ["confluence", "sharepoint"]),
        ("${facts.data_sources.1}", "sharepoint"),
        ("${units.dataset.provision.output}", {"size": "medium", "documents": 120}),
        ("${tasks.install.output.id}", ["c-1", "c-2"]),
        ("${tasks.install.output.0.ok}", True),
        ("${item.name}", "confluence"),
        ("Install ${item.name} for ${client.id}", "Install confluence for medtronic"),
        ("${units.dataset.provision.output.documents} documents", "120 documents"),
        ("ok: ${tasks.install.output.ok}", "ok: [true, false]"),
        ("since ${journey.started_at}", "since 2026-01-05T00:00:00+00:00"),
        ("$${client.id}", "${client.id}"),
        ("${$}", "$"),
        ("costs $5 {or} so", "costs $5 {or} so"),
        ("", ""),
    ],
)
def test_a_reference_becomes_its_value(text: str, value: Any) -> None:
    assert resolved(text, SCOPE) == value


def test_references_are_replaced_at_any_depth_and_the_rest_stays() -> None:
    value = {"a": [{"b": "${facts.region}"}, 1, None, True], "${client.id}": "x"}
    assert resolved(value, SCOPE) == {"a": [{"b": "eu"}, 1, None, True], "${client.id}": "x"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${facts.regon}", "${facts.regon}: facts has no 'regon'; did you mean 'region'?"),
        ("${client.name}", "${client.name}: client has no 'name'; there is: id"),
        ("${wave.percent}", "'wave' is not known here; there is: client, facts, item"),
        ("${facts.region.code}", "facts.region has no 'code'; it is eu"),
        ("${facts.data_sources.7}", "has no '7'; it has 2 items, counted from 0"),
        ("${facts.region", "${facts.region: the closing brace is missing"),
        ("${}", "'' is not known here"),
    ],
)
def test_an_unresolved_reference_names_itself_and_what_there_is(text: str, message: str) -> None:
    with pytest.raises(UnresolvedReference) as caught:
        resolved(["fine", text], SCOPE)
    assert message in str(caught.value)
    assert str(caught.value.reference) == text


def test_find_returns_all_references_but_neither_escapes_nor_dollars() -> None:
    value = {"a": "${client.id} $${no} ${$}", "b": ["${item}", 5, "${open"]}
    assert [str(r) for r in find(value)] == ["${client.id}", "${item}", "${open"]
    assert find(value)[0] == Reference("client.id")


def test_bind_fixes_some_namespaces_and_leaves_the_others() -> None:
    value = {"kind": "${item}", "text": "${item} of ${client.id} $${x}", "all": "${facts.region}"}
    bound = bind(value, {"item": "wiki"})
    assert bound == {
        "kind": "wiki",
        "text": "wiki of ${client.id} $${x}",
        "all": "${facts.region}",
    }
    assert resolved(bound, SCOPE)["text"] == "wiki of medtronic ${x}"


def test_what_bind_brought_in_is_never_read_as_a_reference() -> None:
    bound = bind({"a": "${item}", "b": "${item}{client.id}"}, {"item": "${client.id}$"})
    assert resolved(bound, SCOPE) == {"a": "${client.id}$", "b": "${client.id}${client.id}"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("${}.aid$", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(JSON)
def test_escaped_values_come_back_as_they_were(value: Any) -> None:
    assert resolved(escape(value), {}) == value


@given(JSON, st.text("${}.aid", max_size=12))
def test_binding_then_resolving_is_resolving_at_once(value: Any, item: str) -> None:
    scope = {"a": {"id": "x"}}
    try:
        at_once = resolved(value, {**scope, "item": item})
    except UnresolvedReference:
        return
    assert resolved(bind(value, {"item": item}), scope) == at_once


@given(st.text("${}.aidtems", max_size=20))
def test_any_text_resolves_or_says_which_reference_does_not(text: str) -> None:
    named = ""
    try:
        resolved(text, SCOPE)
    except UnresolvedReference as error:
        named = str(error.reference)
    assert named in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("client.id", None),
        ("journey.started_at", None),
        ("journey.metadata.a.b", None),
        ("facts.region", None),
        ("tasks.a.output", None),
        ("units.a.b.output.c", None),
        ("item", None),
        ("item.name", None),
        ("wave.previous", None),
        ("client.name", "is not complete; write client.id"),
        ("journey.metadata", "is not complete; write journey.id"),
        ("facts", "is not complete; write facts.<name>"),
        ("tasks.a.x", "write tasks.<task>.output.<place>"),
        ("units.a.output.x", "write units.<unit>.<task>.output.<place>"),
        ("wave", "write wave.number"),
        ("fact.region", "refers to 'fact'; did you mean 'facts'?"),
        ("env.HOME", "refers to 'env'; there is: client, facts, item"),
        ("facts..a", "has an empty step"),
        (" facts.a", "has an empty step"),
        ("", "has an empty step"),
    ],
)
def test_fault_says_how_a_reference_must_be_written(text: str, problem: str | None) -> None:
    found = fault(Reference(text))
    assert (found is None) == (problem is None)
    assert problem is None or (found and problem in found)


def test_an_open_reference_is_a_fault() -> None:
    assert "lacks its closing brace" in str(fault(Reference("facts.a", closed=False)))
