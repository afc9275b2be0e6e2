from datetime import UTC, datetime, timedelta

import pytest

from sojourn.dashboard import telling

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=30), "now"),
        (timedelta(minutes=5, seconds=20), "5min ago"),
        (timedelta(days=2, hours=3, minutes=9), "2d 3h ago"),
        (-timedelta(hours=4), "in 4h"),
    ],
)
def test_ages(span: timedelta, told: str) -> None:
    assert telling.ago(NOW - span, NOW) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(12.44, "12.4 d"), (30.0, "30 d"), (0.5, "12 h"), (0.01, "14 min"), (0.0, "0 min")],
)
def test_days(value: float, told: str) -> None:
    assert telling.days(value) == told
    assert telling.days(timedelta(days=value)) == told


def test_nothing_is_a_dash() -> None:
    for tell in (telling.days, telling.percent, telling.number, telling.seconds, telling.when):
        assert tell(None) == telling.NONE
    assert telling.ago(None, NOW) == telling.day(None) == telling.listed([]) == telling.NONE


def test_numbers() -> None:
    assert telling.number(1234567).replace("\N{NARROW NO-BREAK SPACE}", " ") == "1 234 567"
    assert (telling.number(0.87654), telling.number(True)) == ("0.8765", "true")
    assert telling.percent(0.931) == "93 %"
    assert (telling.seconds(0.1234), telling.seconds(75)) == ("0.12 s", "1min 15s")
    assert telling.plain("sandbox/exit_gate") == "sandbox · exit gate"
    assert telling.day(NOW) == "2 Mar"
