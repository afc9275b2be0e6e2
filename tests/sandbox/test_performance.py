from datetime import timedelta

import pytest

from sojourn.sandbox.performance import run
from tests.sandbox.worlds import NOON, done, output, refused, world


async def test_a_client_meets_the_sla_when_nothing_is_wrong() -> None:
    found = await done(run)
    assert found.output["p50_ms"] < found.output["p95_ms"] < 500
    assert found.output["requests"] == 400
    (measured,) = found.measurements
    assert (measured.metric, measured.n) == ("p95_latency_ms", 400)
    assert measured.value == found.output["p95_ms"]


async def test_the_hour_of_the_day_does_not_look_like_a_regression() -> None:
    p95 = [(await output(run, now=NOON + timedelta(hours=7 * n)))["p95_ms"] for n in range(12)]
    assert max(p95) < 1.2 * min(p95)


async def test_a_regression_is_measured() -> None:
    before = (await output(run))["p95_ms"]
    slow = world({"kind": "latency", "from_day": 1, "until_day": 9, "amount": 1.5})
    during = (await output(run, world=slow))["p95_ms"]
    after = (await output(run, world=slow, now=NOON + timedelta(days=8)))["p95_ms"]
    assert during == pytest.approx(1.5 * before, rel=0.05)
    assert after == pytest.approx(before, rel=0.15)


async def test_failing_requests_are_counted() -> None:
    failing = await output(run, requests=1000, world=world({"kind": "errors", "amount": 0.2}))
    assert 150 < failing["errors"] < 250
    assert (await output(run, requests=1000))["errors"] < 10


async def test_wrong_input_is_refused() -> None:
    assert "between 1 and 100000, not 0" in await refused(run, requests=0)
    assert "a whole number" in await refused(run, requests=1.5)
