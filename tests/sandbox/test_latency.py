from datetime import timedelta
from math import exp
from statistics import median

import pytest

from sojourn.sandbox.latency import busy_hour, percentile, request_ms, spread
from sojourn.sandbox.scenario import Scenario, Spell, Trouble
from sojourn.sandbox.seeds import rng
from tests.sandbox.worlds import NOON


def typical(work: int, hour: int, scenario: Scenario = Scenario()) -> float:  # noqa: B008
    chance = rng("latency")
    at = NOON.replace(hour=hour)
    return median(request_ms(work, at, scenario, chance.gauss()) for _ in range(500))


def test_more_work_and_more_load_take_longer() -> None:
    assert typical(1000, 3) > 1.2 * typical(100, 3)
    assert typical(100, 9) == pytest.approx(1.25 * typical(100, 3), rel=0.01)


def test_a_regression_multiplies() -> None:
    slow = Scenario(NOON - timedelta(days=1), (Spell(Trouble.LATENCY, amount=1.5),))
    assert typical(100, 12, slow) == pytest.approx(1.5 * typical(100, 12))


@pytest.mark.parametrize("begin", [0.0, 0.3, 0.999])
def test_a_few_requests_are_like_all(begin: float) -> None:
    every = [exp(0.28 * spread(begin, n)) for n in range(6000)]
    whole = percentile(every, 0.95)
    assert whole == pytest.approx(exp(0.28 * 1.645), rel=0.01)
    for first in range(0, 6000, 60):
        assert percentile(every[first : first + 60], 0.95) == pytest.approx(whole, rel=0.07)


def test_percentiles_are_values_that_were_there() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.95) == 95
    assert percentile(values, 0.5) == 50
    assert percentile([7.0], 0.95) == 7
    assert percentile([1.0, 2.0], 1.0) == 2


def test_most_requests_come_in_working_hours() -> None:
    chance = rng("hours")
    hours = [busy_hour(chance) for _ in range(1000)]
    assert sum(8 <= hour < 17 for hour in hours) > 650
