from datetime import date, timedelta
from typing import Any

import pytest

from sojourn.sandbox.inputs import Inputs
from sojourn.sandbox.installed import Installed, installed
from sojourn.sandbox.people import (
    Experience,
    asked,
    days_before,
    elapsed,
    experience,
    own_queries,
)
from sojourn.sandbox.world import CONNECTORS, build
from tests.sandbox.worlds import NOON, call, world

WORLD = build("medtronic", "healthcare_demo", "small", CONNECTORS)
MONDAY, SUNDAY = date(2026, 3, 2), date(2026, 3, 8)


def service(*spells: dict[str, object]) -> Installed:
    data: dict[str, Any] = {"scenario": "healthcare_demo", "size": "small", "world": world(*spells)}
    return installed(call(**data), Inputs(data))


def average(found: Installed) -> float:
    return sum(experience(found, u).worth for u in WORLD.users) / len(WORLD.users)


def test_worse_results_and_longer_waits_are_worth_less() -> None:
    good = average(service())
    assert 0.85 < good <= 1
    assert average(service({"kind": "relevance", "amount": 0.6})) < good - 0.15
    assert average(service({"kind": "latency", "amount": 4.0})) < good - 0.2


def test_a_wait_within_patience_costs_nothing() -> None:
    assert Experience(0.9, 400).worth == 0.9
    assert Experience(0.9, 900).worth == pytest.approx(0.331, abs=0.001)


def test_a_person_always_asks_the_same_queries() -> None:
    first, second = WORLD.users[:2]
    assert own_queries(WORLD, first) == own_queries(WORLD, first) != own_queries(WORLD, second)


def test_people_ask_on_working_days_and_more_when_it_is_worth_it() -> None:
    assert sum(asked(WORLD, MONDAY, 0.9, 1.0)) > 4 * sum(asked(WORLD, SUNDAY, 0.9, 1.0))
    assert sum(asked(WORLD, MONDAY, 0.9, 1.0)) > 1.5 * sum(asked(WORLD, MONDAY, 0.5, 1.0))
    assert sum(asked(WORLD, MONDAY, 0.9, 1.5)) > 1.2 * sum(asked(WORLD, MONDAY, 0.9, 1.0))


def test_a_day_passes_as_people_work() -> None:
    shares = [elapsed(NOON.replace(hour=h)) for h in range(24)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[6] < 0.05
    assert 0.45 < shares[12] < 0.6
    assert elapsed(NOON.replace(hour=23, minute=59)) == pytest.approx(1, abs=0.001)


def test_days_before_ends_with_today() -> None:
    days = list(days_before(NOON, 7))
    assert len(days) == 8
    assert days[-1] == NOON.date()
    assert days[0] == NOON.date() - timedelta(days=7)
