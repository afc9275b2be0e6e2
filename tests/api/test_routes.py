import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from sojourn.api.problems import ProblemError
from sojourn.api.routes import cursor_of, paged, place_of, refuse_unknown


@given(st.text().filter(lambda t: "\x00" not in t and t.isprintable()), st.integers(0, 2**62))
def test_a_cursor_is_read_back_as_it_was_made(text: str, number: int) -> None:
    assert place_of(cursor_of(text, number), str, int) == (text, number)


@pytest.mark.parametrize(
    "cursor", ["x", "!!", cursor_of("a"), cursor_of(1, 2), cursor_of("a\x00", 1), "ÿ", ""]
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(ProblemError):
        place_of(cursor, str, int)


def test_without_a_cursor_there_is_no_place() -> None:
    assert place_of(None, str) is None


def test_a_page_knows_whether_another_follows() -> None:
    assert paged([1, 2, 3], 3, str) == ([1, 2, 3], None)
    assert paged([1, 2, 3], 2, str) == ([1, 2], "2")
    assert paged([], 2, str) == ([], None)


@pytest.mark.parametrize("query", ["colour=red", "limit=1&limit=2"])
def test_parameters_that_nobody_knows_or_that_come_twice_are_refused(query: str) -> None:
    request = Request({"type": "http", "query_string": query.encode(), "headers": []})
    with pytest.raises(ProblemError):
        refuse_unknown(request, {"limit", "type"})
    several = Request({"type": "http", "query_string": b"type=a&type=b", "headers": []})
    refuse_unknown(several, {"limit", "type"})
