from typing import Any

import pytest

from sojourn.api.errands import ERRANDS
from sojourn.api.phrases import ALIASES, PHRASES, errand_named, spoken, understood


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("Which clients are stuck and why?", "list_stuck", {}),
        ("stuck", "list_stuck", {}),
        ("  Show stuck   clients. ", "list_stuck", {}),
        ("who needs attention", "list_stuck", {"everything": True}),
        ("explain medtronic", "explain", {"client": "medtronic"}),
        ('Why is "Acme Corp" still in pilot?', "explain", {"client": "Acme Corp"}),
        ("status of acme", "get_journey", {"client": "acme"}),
        ("start acme", "start_journey", {"client": "acme"}),
        (
            "start acme on healthcare until pilot because signed",
            "start_journey",
            {"client": "acme", "path": "healthcare", "until": "pilot", "reason": "signed"},
        ),
        (
            "approve acme demo_approved because it went well. Really!",
            "approve",
            {"client": "acme", "criterion": "demo_approved", "reason": "it went well. Really"},
        ),
        ("promote acme because ready", "promote", {"client": "acme", "reason": "ready"}),
        (
            "Roll back acme to sandbox because a scan found a leak",
            "initiate_rollback",
            {"client": "acme", "target": "sandbox", "reason": "a scan found a leak"},
        ),
        ("hold acme because away", "hold", {"client": "acme", "reason": "away"}),
        ("resume acme", "resume", {"client": "acme"}),
        ("record acme go = true", "record", {"client": "acme", "name": "go", "value": True}),
        (
            "record acme precision=0.87 because measured",
            "record",
            {"client": "acme", "name": "precision", "value": 0.87, "reason": "measured"},
        ),
    ],
)
def test_what_is_said_is_understood(text: str, name: str, arguments: dict[str, Any]) -> None:
    assert understood(text) == (name, arguments)


@pytest.mark.parametrize(
    "text", ["", "hello", "explain", "delete acme", "roll acme", "approve acme"]
)
def test_what_is_not_known_is_not_guessed(text: str) -> None:
    assert understood(text) is None


def test_every_example_is_understood_as_its_own_errand() -> None:
    for errand in ERRANDS.values():
        found = understood(errand.example)
        assert found is not None
        assert found[0] == errand.name
        assert set(found[1]) <= set(errand.takes.model_fields)


def test_names_have_other_names() -> None:
    assert {name for name, _ in PHRASES} == set(ERRANDS)
    assert set(ALIASES.values()) <= set(ERRANDS)
    assert errand_named(" Roll-Back ") == "initiate_rollback"
    assert errand_named("explain") == "explain"


def test_values_are_read_as_they_are_written() -> None:
    assert [spoken(t) for t in ("1.5", "true", "null", '["a"]', "yes", '"7"')] == [
        1.5, True, None, ["a"], "yes", "7",
    ]  # fmt: skip
