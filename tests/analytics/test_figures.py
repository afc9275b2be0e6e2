from datetime import UTC, datetime

import pytest

from sojourn.analytics.figures import Figure, newest, share


def figure(value: float | None, better: str, target: float | None = 0.9) -> Figure:
    return Figure("f", "F", value, "share", 1, "what it says", better=better, target=target)


@pytest.mark.parametrize(
    ("value", "better", "met"),
    [
        (0.9, "higher", True),
        (0.89, "higher", False),
        (0.9, "lower", True),
        (0.91, "lower", False),
        (None, "lower", None),
    ],
)
def test_a_target_is_met_unmet_or_unknown(
    value: float | None, better: str, met: bool | None
) -> None:
    assert figure(value, better).met is met
    assert figure(0.5, better, None).met is None


def test_a_share_of_nothing_is_unknown() -> None:
    assert share(0, 0) is None
    assert share(1, 4) == 0.25


def test_the_newest_of_no_dates_is_none() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert newest([None, at, None]) == at
    assert newest([None]) is None
