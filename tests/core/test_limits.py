from datetime import timedelta

import pytest

from sojourn.core.limits import MINUTE, Limits


@pytest.mark.parametrize(
    ("rate", "most", "seconds"),
    [(60, 60, 60.0), (90.5, 90, 59.668508), (1, 1, 60.0), (0.25, 1, 240.0), (1.5, 1, 40.0)],
)
def test_a_rate_is_so_many_starts_in_so_much_time(rate: float, most: int, seconds: float) -> None:
    found = Limits("a", rate_per_minute=rate).window
    assert found is not None
    assert (found[0], found[1]) == (most, timedelta(seconds=seconds))
    assert found[0] / found[1].total_seconds() == pytest.approx(rate / MINUTE.total_seconds())


def test_no_rate_has_no_window() -> None:
    assert Limits("a", max_concurrency=3).window is None
