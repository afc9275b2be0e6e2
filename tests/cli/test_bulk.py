import io
from datetime import UTC, datetime

import pytest

from sojourn.cli.bulk import LONGEST, Format, format_of, read
from sojourn.cli.failures import Failure
from sojourn.control.record import Line


def lines(data: bytes, kind: Format | None = None, client: str | None = "acme") -> list[Line]:
    return list(read(io.BytesIO(data), "data", kind, client))


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.csv", b"{", Format.CSV),
        ("a.JSONL", b"", Format.JSONL),
        ("a.ndjson", b"", Format.JSONL),
        ("stdin", b'\xef\xbb\xbf  {"a"', Format.JSONL),
        ("stdin", b"[1]", Format.JSONL),
        ("stdin", b"client,name", Format.CSV),
        ("stdin", b"", Format.CSV),
    ],
)
def test_the_format_is_told_by_name_or_beginning(name: str, head: bytes, kind: Format) -> None:
    assert format_of(name, head) == kind


def test_every_column_of_both_formats_arrives() -> None:
    json_line = (
        b'{"client": "b", "name": "x", "value": 1.5, "at": "2026-01-01T00:00:00Z", "n": 3, '
        b'"source": "glean"}'
    )
    table = b"client,name,value,at,n,source,error\nb,x,1.5,2026-01-01T00:00:00Z,3,glean,\n"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert lines(json_line) == [Line("b", "x", 1.5, at, 3, "glean", None, "data:1")]
    assert lines(table) == [Line("b", "x", 1.5, at, 3, "glean", None, "data:2")]


def test_an_error_stands_for_a_value() -> None:
    [line] = lines(b'{"name": "x", "error": "timeout"}')
    assert (line.value, line.error) == (None, "timeout")
    [line] = lines(b"name,value,error\nx,,timeout\n")
    assert (line.value, line.error) == (None, "timeout")


def test_values_of_a_table_are_json_or_text() -> None:
    found = lines(b'name,value\na,true\nb,0.5\nc,"[1, 2]"\nd,NaN\ne,yes\n')
    assert [line.value for line in found] == [True, 0.5, [1, 2], "NaN", "yes"]


def test_a_row_after_a_field_with_line_breaks_keeps_its_line_number() -> None:
    data = b'name,value,source\nx,1,"a\nb\nc"\nx,2,d\nx,oops\n'
    with pytest.raises(Failure, match=r"^data:6: 2 fields, but the header has 3 columns"):
        lines(data)
    assert [line.place for line in lines(data[: data.rindex(b"x,oops")])] == ["data:2", "data:5"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "data:1: not JSON"),
        (b'{"name": "x", "value": NaN}', "data:1: not JSON"),
        (b'{"name": "x", "value": 1e999}', "data:1: not JSON"),
        (b'{"name": "x", "value": 1}\n[1]', "data:2: each line must be one JSON object"),
        (b'[{"name": "x", "value": 1}]', "data:1: each line must be one JSON object"),
        (b'{"nam": "x", "value": 1}', "data:1: 'nam' is not known here; did you mean 'name'"),
        (b'{"value": 1}', "data:1: name is missing"),
        (b'{"name": "x"}', "data:1: value is missing"),
        (b'{"name": 5, "value": 1}', "data:1: name must be a text, not 5"),
        (b'{"name": " ", "value": 1}', "data:1: name must be a text"),
        (b'{"name": "x", "metric": "x", "value": 1}', "give name or metric, not both"),
        (b'{"name": "x", "value": 1, "error": "e"}', "give value or error, not both"),
        (b'{"name": "x", "value": 1, "n": "3"}', "data:1: n is '3'"),
        (b'{"name": "x", "value": 1, "n": true}', "data:1: n is True"),
        (b'{"name": "x", "value": 1, "at": 5}', "data:1: at must be a text"),
        (b'{"name": "x", "value": 1, "at": "soon"}', "data:1: at: 'soon' is no time"),
        (b'{"name": "x", "value": "a\\u0000"}', "data:1: x: the character"),
        (b'{"name": "x", "value": "\xff"}', "data:1: byte 25 (0xff) is not UTF-8"),
        (b'{"name": "x", "value": 1}\n' + b" " * (LONGEST + 1), "data:2: the line is longer than"),
        (b"", "data:1: the file is empty"),
        (b"name\n", "data:1: columns name and value are needed"),
        (b"name,value,value\n", "data:1: the column 'value' is there twice"),
        (b"name,value,unit\n", "data:1: 'unit' is not known here"),
        (b"name,value\nx,1,2\n", "data:2: 3 fields, but the header has 2 columns"),
        (b"name,value\nx\n", "data:2: 1 fields"),
        (b"name,value\nx,\n", "data:2: value is missing"),
        (b"name,value,n\nx,1,many\n", "data:2: n is 'many'"),
        (b"name,value,n\nx,1,-1\n", "data:2: n is '-1'"),
        (b'name,value\n"x,1\n', "data:2: not CSV"),
        (b'name,value\n"x"y,1\n', "data:2: not CSV"),
        (b"name,value\nx,1\n\xe4,2\n", "data:3: byte 1 (0xe4) is not UTF-8"),
        (b"name,value\nx,\x00\n", "data:2:"),
    ],
)
def test_a_bad_line_is_named(data: bytes, message: str) -> None:
    with pytest.raises(Failure) as caught:
        lines(data)
    assert message in str(caught.value)
    assert caught.value.told.code == "invalid"


def test_lines_without_a_client_need_one() -> None:
    with pytest.raises(Failure, match="client is missing"):
        lines(b'{"name": "x", "value": 1}', client=None)
