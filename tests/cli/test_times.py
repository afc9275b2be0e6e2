import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sojourn.cli import times
from sojourn.cli.failures import Failure

NOW = datetime(2026, 5, 3, 10, tzinfo=UTC)


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_moment_is_local_and_relative(in_tokyo: None) -> None:
    assert times.when(NOW - timedelta(days=3), NOW) == "2026-04-30 19:00 (3d ago)"
    assert times.when(None, NOW) == ""
    assert times.local(None) == ""


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (timedelta(hours=5, minutes=3, seconds=2), "5h 3min ago"),
        (timedelta(seconds=-90), "in 1min 30s"),
        (timedelta(milliseconds=20), "now"),
    ],
)
def test_how_far_a_moment_is(gap: timedelta, said: str) -> None:
    assert times.ago(NOW - gap, NOW) == said


def test_a_moment_needs_a_time_zone() -> None:
    assert times.moment("2026-05-03T10:00:00Z") == NOW
    assert times.moment("2026-05-03T12:00:00+02:00") == NOW
    for text in ("2026-05-03T10:00:00", "2026-05-03", "tomorrow", "", "2026-13-01T00:00:00Z"):
        with pytest.raises(Failure) as caught:
            times.moment(text)
        assert caught.value.told.remedy == "write it as 2026-11-22T10:00:00Z"


def test_a_duration_is_as_in_path_files() -> None:
    assert times.duration("1d12h", "--for") == timedelta(days=1.5)
    for text in ("7", "-1d", "soon", "", "99999d"):
        with pytest.raises(Failure, match="--for"):
            times.duration(text, "--for")
