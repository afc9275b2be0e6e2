from datetime import UTC, datetime
from typing import Any

import pytest

from sojourn.agents.shape import BadAnswer, decode, plain


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def test_plain_json_stays_as_it_is() -> None:
    value = {"a": [1, 2.5, None, True, "ü"], "b": {}}
    assert plain(value) == value
    assert decode(b'{"a": [1, 2.5, null, true, "\xc3\xbc"], "b": {}}') == value


def test_tuples_become_lists() -> None:
    assert plain({"a": (1, 2)}) == {"a": [1, 2]}


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"<html>", b"{", b'{"a":1}{"b":2}', b"\xff\xfe", b'{"a": NaN}', b'{"a": Infinity}',
        b'{"a": 1e999}', b'"\\ud800"', nested(2000), nested(40), b'{"a": "\\u0000"}',
    ],
)  # fmt: skip
def test_bytes_that_are_not_plain_json(raw: bytes) -> None:
    with pytest.raises(BadAnswer):
        decode(raw)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": float("nan")}, "answer.a: nan is not a JSON number"),
        ({"a": [1, float("-inf")]}, "answer.a[1]: -inf is not a JSON number"),
        ({"a": {3: 1}}, "answer.a: the key 3 must be a string"),
        ({"a": "x\x00"}, "answer.a: text must not contain NUL"),
        ({"\ud800": 1}, "text must not contain lone surrogates"),
        ({"a": "\udfff"}, "answer.a: text must not contain lone surrogates"),
        ({"a": 2**64}, "answer.a: the number does not fit into 64 bits"),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, "answer.at: datetime is not JSON"),
        ({"a": b"x"}, "answer.a: bytes is not JSON"),
        ({"a": {1, 2}}, "answer.a: set is not JSON"),
    ],
)
def test_the_place_of_what_is_not_plain_is_named(value: Any, message: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        plain(value)
    assert message in str(caught.value)


def test_what_holds_itself_is_too_deep() -> None:
    value: dict[str, Any] = {}
    value["self"] = value
    with pytest.raises(BadAnswer, match="nested deeper than 32 levels"):
        plain(value)


def test_size_is_bounded_in_bytes() -> None:
    assert plain("x" * 98, limit=100) == "x" * 98
    with pytest.raises(BadAnswer, match="larger than 100 bytes"):
        plain("ü" * 60, limit=100)
