import math
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sojourn.control.door import RefusedError
from sojourn.control.lines import Line, Sorted, sort, target
from sojourn.core.snapshot import Fact
from sojourn.paths import load
from tests.doors import START

PATH = load(
    """
name: p
stages:
  - name: sandbox
    exit: { criteria: [{ fact: signed }, { metric: quality, is: ">= 0.8" }] }
"""
)
ONE, TWO = UUID(int=1), UUID(int=2)
TARGETS = {"acme": target(ONE, PATH), "other": target(TWO, PATH)}


def sorted_(*lines: Line) -> Sorted:
    return sort(lines, TARGETS, START, "ann")


def line(name: str = "quality", value: Any = 0.9, **more: Any) -> Line:
    return Line("acme", name, value, place="data.csv:7", **more)


def test_a_line_is_what_the_path_asks_for() -> None:
    hour = START - timedelta(hours=1)
    found = sorted_(
        line(at=hour, n=12, source="glean"),
        line("signed", True, at=hour, source="crm"),
        Line("other", "quality", 1),
    )
    assert list(found.rows.values()) == [
        {
            "journey_id": ONE,
            "metric": "quality",
            "at": hour,
            "source": "glean",
            "value": 0.9,
            "n": 12,
            "error": None,
        },
        {
            "journey_id": TWO,
            "metric": "quality",
            "at": START,
            "source": "ann",
            "value": 1.0,
            "n": 1,
            "error": None,
        },
    ]
    assert found.facts == {ONE: {"signed": Fact(True, hour, "crm", "ann")}}
    assert not found.notes


def test_what_no_criterion_looks_at_is_kept_with_a_note() -> None:
    found = sorted_(
        line("qualty", 1),
        line("region", "eu"),
        line("up", True),
        line("down", error="x", value=None),
    )
    assert [key[1] for key in found.rows] == ["qualty", "down"]
    assert set(found.facts[ONE]) == {"region", "up"}
    assert "did you mean 'quality'?" in next(iter(found.notes))


def test_an_error_of_a_source_is_a_measurement_without_a_value() -> None:
    [row] = sorted_(line(value=None, error="timeout")).rows.values()
    assert (row["value"], row["error"]) == (None, "timeout")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (line(value="much"), "needs a finite number"),
        (line(value=True), "needs a finite number"),
        (line(value=None), "needs a finite number"),
        (line(value=math.nan), "needs a finite number"),
        (line(value=math.inf), "needs a finite number"),
        (line(value=1e101), "needs a finite number"),
        (line(value=10**400), "needs a finite number, not one so large"),
        (line(value=-(10**9_000)), "needs a finite number, not one so large"),
        (line(n=0), "n is 0"),
        (line(n=2**31), "n is"),
        (line("a b"), "is no name"),
        (line(""), "is no name"),
        (line(source="x" * 101), "is too long"),
        (line(source="\x00"), "cannot be kept"),
        (line(error="\x00", value=None), "cannot be kept"),
        (line("signed", None), "has no value"),
        (line("signed", math.nan), "is not a number"),
        (line("signed", "x" * 10_001), "more than 10000 characters"),
        (line("signed", True, error="down"), "has no error"),
        (line("signed", True, at=START + timedelta(minutes=1)), "in the future"),
        (line(at=START + timedelta(seconds=6)), "in the future"),
        (line(at=datetime(2026, 1, 1)), "has no time zone"),  # noqa: DTZ001
    ],
)
def test_a_bad_line_is_refused_with_its_place(bad: Line, why: str) -> None:
    with pytest.raises(RefusedError, match=why) as caught:
        sorted_(line(at=START - timedelta(days=1)), bad)
    assert caught.value.refusal.message.startswith("data.csv:7: ")
    assert caught.value.refusal.remedy


def test_a_clock_a_little_ahead_is_forgiven() -> None:
    assert sorted_(line(at=START + timedelta(seconds=5))).rows


def test_two_values_at_one_time_from_one_source_are_refused_not_dropped() -> None:
    with pytest.raises(RefusedError, match="two values of quality at one time from one source"):
        sorted_(line(value=1), line(value=2))
    assert len(sorted_(line(value=1), line(value=1)).rows) == 1
    assert len(sorted_(line(value=1, source="a"), line(value=2, source="b")).rows) == 2
