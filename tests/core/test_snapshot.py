from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.journal import GENESIS
from sojourn.core.snapshot import Answer, GateMemory, Trip, span
from tests.core.scenes import DAY, HOUR, MINUTE, shot

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(0), "0s"),
        (40 * SECOND, "40s"),
        (59.6 * SECOND, "1min"),
        (90 * MINUTE, "1h 30min"),
        (2 * DAY + 3 * HOUR + 5 * MINUTE, "2d 3h"),
        (DAY + 5 * SECOND, "1d 5s"),
        (400 * DAY, "400d"),
        (-(2 * HOUR), "-2h"),
        (-timedelta(milliseconds=1), "0s"),
    ],
)
def test_durations_are_said_in_their_two_largest_units(value: timedelta, text: str) -> None:
    assert span(value) == text


@given(st.timedeltas(timedelta(0), 1000 * DAY))
def test_a_duration_has_at_most_two_units_and_is_never_empty(value: timedelta) -> None:
    text = span(value)
    assert 1 <= len(text.split()) <= 2
    assert span(-value) == (text if text == "0s" else f"-{text}")


def test_a_new_journey_s_journal_begins_at_the_beginning() -> None:
    fresh = shot()
    assert (fresh.seq, fresh.hash, fresh.version) == (0, GENESIS, 0)
    assert (fresh.trips, fresh.alerts, fresh.undoable) == ({}, frozenset(), ())
    assert (Trip(), GateMemory("p", 1, "passed", 1, 1).attempted) == (Trip(None, None, None), ())
    assert [*Answer] == ["approve", "reject", "waive"]


def test_a_snapshot_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        shot().seq = 3  # type: ignore[misc]
