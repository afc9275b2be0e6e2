import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.journal import (
    GENESIS,
    Entry,
    Event,
    append,
    canonical,
    digest,
    keepable,
    plain,
    readable,
    spell,
    verify,
)
from sojourn.core.stages import JourneyStage, TransitionEvent

JOURNEY = UUID(int=7)
T0 = datetime(2026, 1, 5, 9, tzinfo=UTC)
MOVE = (None, TransitionEvent.START_JOURNEY, JourneyStage.SANDBOX)
EVENTS = (
    Event("transition", T0, "ines", data={"visit": 1}, transition=MOVE),
    Event("fact.recorded", T0 + timedelta(seconds=1), "ines", "said", "form", {"value": 1.5}),
    Event("stage.admitted", T0 + timedelta(minutes=1), data={"units": ["a", "b"]}),
)

NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(TEXTS, part, max_size=4),
    max_leaves=12,
)


def chain() -> list[Entry]:
    return append(JOURNEY, 0, GENESIS, EVENTS)


def kept(value: Any) -> Any:
    """Return a JSON value as jsonb gives it back: exact decimals, keys in an order of its own."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(sorted(found, key=lambda pair: (len(pair[0]), pair[0])))

    def decimal(text: str) -> Decimal:
        found = Decimal(text)
        return found or abs(found)

    parsed = json.loads(
        json.dumps(value), parse_float=decimal, parse_int=Decimal, object_pairs_hook=pairs
    )

    def written(part: Any) -> str:
        if isinstance(part, Decimal):
            return f"{part:f}"
        if isinstance(part, dict):
            return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in part.items()) + "}"
        if isinstance(part, list):
            return "[" + ",".join(map(written, part)) + "]"
        return json.dumps(part)

    return json.loads(written(parsed))


def test_events_are_numbered_without_gaps_and_chained() -> None:
    entries = chain()
    assert [e.seq for e in entries] == [1, 2, 3]
    assert [e.prev_hash for e in entries] == [GENESIS, entries[0].hash, entries[1].hash]
    assert all(len(e.hash) == 32 for e in entries)
    assert verify(entries) == []


def test_appending_later_continues_the_chain() -> None:
    entries = chain()
    rest = append(JOURNEY, 1, entries[0].hash, EVENTS[1:])
    assert rest == entries[1:]
    assert append(JOURNEY, 3, entries[-1].hash, []) == []
    assert verify([]) == []


CHANGES: list[tuple[str, Any]] = [
    ("type", "stage.entered"),
    ("at", T0 + timedelta(days=1)),
    ("actor", "mallory"),
    ("reason", "no reason"),
    ("cause", "other"),
    ("data", {"value": 2.5}),
    ("transition", ("sandbox", "promote_to_pilot", "pilot")),
]


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize(("name", "value"), CHANGES, ids=[name for name, _ in CHANGES])
def test_a_change_of_any_field_of_any_event_is_found(index: int, name: str, value: Any) -> None:
    entries = chain()
    entry = entries[index]
    entries[index] = replace(entry, event=replace(entry.event, **{name: value}))
    assert verify(entries) == [f"journey {JOURNEY} event {index + 1}: its content was changed"]


def test_a_changed_hash_breaks_its_event_and_the_one_after() -> None:
    entries = chain()
    entries[1] = replace(entries[1], hash=bytes(32))
    assert verify(entries) == [
        f"journey {JOURNEY} event 2: its content was changed",
        f"journey {JOURNEY} event 3: not chained to the event before it",
    ]


def test_a_changed_link_is_found() -> None:
    entries = chain()
    entries[0] = replace(entries[0], prev_hash=b"x" * 32)
    assert any("not chained" in fault for fault in verify(entries))


def test_events_left_out_swapped_or_moved_to_another_journey_are_found() -> None:
    first, second, third = chain()
    assert "number 2 is missing" in verify([first, third])[0]
    assert verify([first, second, third][1:]) != []
    assert verify([second, first, third]) != []
    moved = [replace(e, journey_id=UUID(int=8)) for e in (first, second, third)]
    assert len(verify(moved)) == 3


def test_a_rewritten_tail_is_not_chained_to_what_follows() -> None:
    first, second, third = chain()
    forged = append(JOURNEY, 1, first.hash, [replace(second.event, actor="mallory")])
    assert verify([first, *forged, third]) == [
        f"journey {JOURNEY} event 3: not chained to the event before it"
    ]


def test_the_hash_covers_the_hash_before_the_journey_and_the_number() -> None:
    event = EVENTS[0]
    hashes = {
        digest(JOURNEY, 1, event, GENESIS),
        digest(JOURNEY, 2, event, GENESIS),
        digest(UUID(int=8), 1, event, GENESIS),
        digest(JOURNEY, 1, event, b"x" * 32),
    }
    assert len(hashes) == 4


def test_one_instant_is_one_spelling_whatever_its_zone() -> None:
    there = T0.astimezone(timezone(timedelta(hours=5, minutes=30)))
    event = replace(EVENTS[0], at=there)
    assert canonical(JOURNEY, 1, event) == canonical(JOURNEY, 1, EVENTS[0])
    assert b'"at":"2026-01-05T09:00:00.000000+00:00"' in canonical(JOURNEY, 1, event)


def test_standard_members_and_plain_names_are_one_spelling() -> None:
    text = replace(EVENTS[0], transition=(None, "start_journey", "sandbox"))
    assert canonical(JOURNEY, 1, text) == canonical(JOURNEY, 1, EVENTS[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [(1.0, 1), (-0.0, 0), (1e22, 10**22), (1e300, 10**300), (2.5, 2.5)],
)
def test_numbers_that_the_database_takes_for_equal_are_spelled_alike(one: Any, other: Any) -> None:
    assert spell({"x": [one]}) == spell({"x": [other]})
    assert spell(kept(one)) == spell(one)


@pytest.mark.parametrize("number", [2.0**63, 2.0**53 + 2, -(2.0**90), 5e-324, 1.7e308, 0.1])
def test_numbers_at_the_limits_of_floats_survive_the_database(number: float) -> None:
    assert spell(kept(number)) == spell(number)
    assert spell(float(json.loads(spell(kept(number))))) == spell(number)


@given(JSON)
def test_a_spelling_survives_the_database(value: Any) -> None:
    assert spell(kept(value)) == spell(value)


@given(JSON)
def test_a_spelling_is_stable_and_canonical(value: Any) -> None:
    text = spell(value)
    assert spell(json.loads(text)) == text
    assert spell(plain(value)) == text
    assert text.isascii()
    if isinstance(value, dict):
        assert spell(dict(reversed(value.items()))) == text


@given(JSON, JSON)
def test_different_values_are_spelled_differently(one: Any, other: Any) -> None:
    assert (spell(one) == spell(other)) == (plain(one) == plain(other) and same(one, other))


def same(one: Any, other: Any) -> bool:
    """Compare JSON values; Python takes True for 1 and 0.0 for False."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(st.dictionaries(TEXTS, JSON, max_size=4), TEXTS, TEXTS)
def test_a_journal_read_back_from_the_database_verifies(
    data: dict[str, Any], actor: str, reason: str
) -> None:
    entries = append(JOURNEY, 0, GENESIS, [Event("x", T0, actor, reason, "", data)] * 2)
    read = [replace(e, event=replace(e.event, data=kept(data))) for e in entries]
    assert verify(read) == []


def test_what_json_cannot_hold_becomes_its_string() -> None:
    assert plain(float("nan")) == "nan"
    assert plain([float("inf"), -float("inf")]) == ["inf", "-inf"]
    assert plain(T0) == "2026-01-05T09:00:00+00:00"
    assert plain(timedelta(hours=1)) == "1:00:00"
    assert plain(JOURNEY) == str(JOURNEY)
    assert plain({1: ("a",)}) == {"1": ["a"]}
    assert plain(JourneyStage.PILOT) == "pilot"
    assert type(plain(JourneyStage.PILOT)) is str
    assert json.loads(spell({"x": float("nan")})) == {"x": "nan"}


def test_sets_are_spelled_in_one_order() -> None:
    names = {f"name-{i}" for i in range(50)}
    assert plain(names) == sorted(names)


@given(st.text())
def test_a_text_made_readable_can_be_kept(text: str) -> None:
    keepable(readable(text), "text")
    assert len(readable(text)) == len(text)


@given(JSON)
def test_json_can_be_kept(value: Any) -> None:
    keepable(value, "value")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, float("nan")]}, "fact.a[1]: nan is not a number"),
        (float("-inf"), "fact: -inf is not a number"),
        (2**64, "fact: a whole number of more than 64 bits"),
        ("a\0", "fact: the character '\\x00' cannot be kept"),
        ({"\ud800": 1}, "fact: the character '\\ud800' cannot be kept"),
        ({"a": T0}, "fact.a: datetime is not JSON"),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match="fact") as refused:
        keepable(value, "fact")
    assert str(refused.value) == message
