"""The performance test: requests over a day's rhythm, and how long they took."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.installed import Installed, installed
from sojourn.sandbox.latency import busy_hour, percentile, request_ms
from sojourn.sandbox.scenario import Trouble
from sojourn.sandbox.seeds import rng

FAILING = 0.0005
"""The share of requests that fails on a good day."""


@agent
def run(call: Call, inputs: Inputs) -> Completed:
    """Send requests spread over the last day as people work; report percentiles in ms."""
    count = inputs.whole("requests", 400, 1, 100_000)
    service = installed(call, inputs)
    return measured(*_load(service, count))


def measured(times: Sequence[float], errors: int) -> Completed:
    """Return the answer for requests that took so many milliseconds each."""
    p95 = round(percentile(times, 0.95), 1)
    output = {
        "p50_ms": round(percentile(times, 0.5), 1),
        "p95_ms": p95,
        "requests": len(times),
        "errors": errors,
    }
    return done(output, Measured("p95_latency_ms", p95, len(times)))


def _load(service: Installed, count: int) -> tuple[list[float], int]:
    chance = rng(service.world.client_id, "load", service.now)
    failing = service.scenario.amount(Trouble.ERRORS, service.now, FAILING)
    work = [served.work for served in service.answered()]
    times = [
        request_ms(
            chance.choice(work), moment_of(service.now, chance), service.scenario, chance.gauss()
        )
        for _ in range(count)
    ]
    return times, sum(chance.random() < failing for _ in range(count))


def moment_of(now: datetime, chance: Random) -> datetime:
    """Return an hour of the last day, drawn as often as people work in it."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return hour - timedelta(hours=(hour.hour - busy_hour(chance)) % 24)
