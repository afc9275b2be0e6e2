from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.analytics.durations import (
    Spell,
    active_days,
    by_day,
    cumulative_incidence,
    percentile,
    summary,
    when_half,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = st.integers(0, 60).map(float)
OUTCOMES = st.sampled_from(["reached", "cancelled", None])


def test_percentiles_lie_between_values() -> None:
    assert percentile([1, 2, 3, 4], 0.5) == 2.5
    assert percentile([7], 0.9) == 7
    assert percentile([0, 10], 0.9) == 9


@given(st.lists(DAYS, min_size=1))
def test_a_summary_is_what_statistics_says(days: list[float]) -> None:
    found = summary(days)
    assert found.n == len(days)
    assert found.median == pytest.approx(median(days))
    assert min(days) <= (found.p90 or 0) <= max(days)


def test_of_nothing_nothing_is_known() -> None:
    assert summary([]).median is None
    assert cumulative_incidence([], "reached") == []
    assert by_day([], 30) is None
    assert when_half([]) is None


def test_a_cancelled_journey_competes_and_is_not_left_out() -> None:
    """Two of four get there on day 10, two are cancelled on day 5: half, not all."""
    spells = [Spell(5, "cancelled")] * 2 + [Spell(10, "reached")] * 2
    shares = cumulative_incidence(spells, "reached")
    assert [(s.day, s.reached, s.otherwise) for s in shares] == [(5, 0, 0.5), (10, 0.5, 0.5)]
    assert when_half(shares) == 10
    assert by_day(shares, 9) == 0


def test_whoever_still_goes_on_counts_as_long_as_watched() -> None:
    """By hand: at day 10 one of four gets there, one is watched to day 12, at day 20 one of two."""
    spells = [Spell(10, "reached"), Spell(12, None), Spell(20, "reached"), Spell(30, None)]
    shares = cumulative_incidence(spells, "reached")
    assert [s.day for s in shares] == [10, 20]
    assert shares[0].reached == pytest.approx(0.25)
    assert shares[1].reached == pytest.approx(0.25 + 0.75 / 2)
    assert by_day(shares, 15) == pytest.approx(0.25)


@given(st.lists(st.builds(Spell, DAYS, OUTCOMES)))
def test_shares_never_fall_and_never_exceed_the_whole(spells: list[Spell]) -> None:
    shares = cumulative_incidence(spells, "reached")
    assert [s.reached for s in shares] == sorted(s.reached for s in shares)
    assert all(s.reached + s.otherwise <= 1 + 1e-9 for s in shares)
    if spells and all(s.outcome for s in spells):
        share = sum(s.outcome == "reached" for s in spells) / len(spells)
        assert shares[-1].reached == pytest.approx(share)


def test_held_time_is_left_out() -> None:
    def day(n: float) -> datetime:
        return START + timedelta(days=n)

    free: dict[str, Any] = {"holds": [], "held_since": None}
    assert active_days(free, day(0), day(10)) == 10
    held = {"holds": [[day(2).isoformat(), day(4).isoformat()]], "held_since": day(8)}
    assert active_days(held, day(0), day(10)) == 6
    assert active_days(held, day(3), day(5)) == 1
    assert active_days(held, day(5), day(7)) == 2
