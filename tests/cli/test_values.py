from pathlib import Path
from typing import Any

import pytest

from sojourn.cli.failures import Failure
from sojourn.cli.values import json_object, pairs, value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True),
        ("25", 25),
        ("0.87", 0.87),
        ("null", None),
        ('"25"', "25"),
        ('{"a": [1]}', {"a": [1]}),
        ('["a", "b"]', ["a", "b"]),
        ("[a, b]", ["a", "b"]),
        ("[confluence]", ["confluence"]),
        ("[1, b]", [1, "b"]),
        ("[]", []),
        ("a,b", "a,b"),
        ("NaN", "NaN"),
        ("yes", "yes"),
        ("", ""),
        ("a=b", "a=b"),
    ],
)
def test_a_value_is_json_a_bracketed_list_or_text(text: str, meant: Any) -> None:
    found = value(text)
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize("text", ["1e999", str(2**64), '"\\u0000"', '"\\ud800"', '{"a": -1e999}'])
def test_what_no_database_keeps_is_refused(text: str) -> None:
    with pytest.raises(Failure) as caught:
        value(text)
    assert caught.value.told.code == "invalid"


def test_a_deeply_nested_value_is_text_or_refused_but_no_crash() -> None:
    assert isinstance(value("[" * 100_000), str)


def test_pairs_keep_their_order_and_the_rest_of_the_value() -> None:
    assert list(pairs(["b=1", "a=x=y"], "fact").items()) == [("b", 1), ("a", "x=y")]


@pytest.mark.parametrize("word", ["a", "=1", " =1"])
def test_a_pair_needs_a_name_and_a_value(word: str) -> None:
    with pytest.raises(Failure, match="is not NAME=VALUE"):
        pairs([word], "fact")


def test_a_file_over_a_megabyte_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "big.json"
    file.write_text('{"a": "' + "x" * 1_000_001 + '"}')
    with pytest.raises(Failure, match="larger than"):
        json_object(file, "--meta-file")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "meta.json"
    file.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert json_object(file, "--meta-file") == {"a": 1}
