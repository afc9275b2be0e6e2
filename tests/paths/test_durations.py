from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.paths.durations import parse, parse_any, parse_range, write


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("6h", timedelta(hours=6)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("1d12h", timedelta(hours=36)),
        ("1.5h", timedelta(minutes=90)),
        ("0s", timedelta(0)),
    ],
)
def test_a_duration_is_read(text: str, length: timedelta) -> None:
    assert parse(text) == length


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7 days", "'7 days' is not a duration; did you mean '7d'?"),
        ("15min", "did you mean '15m'?"),
        ("6H", "did you mean '6h'?"),
        ("2 weeks", "did you mean '2w'?"),
        (60, "60 has no unit; write for example 60s, 60h or 60d"),
        ("60", "'60' has no unit"),
        (-3, "-3 is negative"),
        ("-5d", "'-5d' is negative"),
        ("12h1d", "is not a duration; a duration is needed, such as 30s, 15m, 6h, 7d or 2w"),
        ("1d1d", "is not a duration"),
        ("1mo", "is not a duration"),
        ("", "is not a duration"),
        ("d", "is not a duration"),
        (".", "has no unit"),
        ("٣d", "is not a duration"),
        (True, "a duration is needed"),
        (None, "a duration is needed"),
        ([], "a duration is needed"),
        ("600w", "'600w' is over ten years"),
        ("9" * 400 + "w", "is over ten years"),
    ],
)
def test_a_bad_duration_says_what_was_meant_or_is_allowed(text: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "ends"), [("10d..15d", (10, 15)), ("10d .. 15d", (10, 15)), ("15d", (0, 15))]
)
def test_a_range_has_two_ends(text: str, ends: tuple[int, int]) -> None:
    assert parse_range(text) == (timedelta(days=ends[0]), timedelta(days=ends[1]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("15d..10d", "ends before it begins"),
        ("10..15d", "'10' has no unit"),
        ("10d..", "'' is not a duration"),
        ("10d...15d", "is not a duration"),
    ],
)
def test_a_bad_range_says_why(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_range(text)
    assert message in str(caught.value)


@given(st.timedeltas(min_value=timedelta(0)))
def test_what_is_written_is_read_back_exactly(length: timedelta) -> None:
    assert parse_any(write(length)) == length


def test_a_negative_duration_is_not_written() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        write(timedelta(seconds=-1))


@given(st.text(max_size=12) | st.integers() | st.floats())
def test_anything_is_a_duration_or_an_error_in_words(text: object) -> None:
    try:
        assert parse(text) >= timedelta(0)
    except ValueError as error:
        assert len(str(error)) > 10  # noqa: PT017 - the message is the point
