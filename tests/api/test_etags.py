import pytest
from starlette.requests import Request

from sojourn.api.etags import etag, expected, stale
from sojourn.api.problems import ProblemError


def asked(value: str | None) -> Request:
    headers = [(b"if-match", value.encode())] if value is not None else []
    return Request({"type": "http", "method": "POST", "headers": headers})


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (None, None),
        ("*", None),
        ('"41"', {41}),
        ('"41", "42"', {41, 42}),
        ('W/"41"', set()),
        ('W/"41","42"', {42}),
        ('"abc"', set()),
        ('""', set()),
    ],
)
def test_if_match_names_states(given: str | None, numbers: set[int] | None) -> None:
    assert expected(asked(given)) == numbers


@pytest.mark.parametrize("given", ["41", '"41', "", '"41";'])
def test_what_is_no_etag_is_refused(given: str) -> None:
    with pytest.raises(ProblemError) as refused:
        expected(asked(given))
    assert refused.value.status == 400


def test_a_tag_is_the_number_of_the_newest_event() -> None:
    assert etag(41) == '"41"'
    assert stale(42).headers == {"ETag": '"42"'}
