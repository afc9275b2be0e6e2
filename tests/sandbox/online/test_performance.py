from dataclasses import replace

import pytest

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.backend import ServiceError
from sojourn.sandbox.online.desk import Limits
from sojourn.sandbox.online.performance import run
from tests.sandbox.online.desks import Site


@pytest.fixture
def wait() -> float:
    return 0.3


async def test_a_slow_spell_is_measured(site: Site) -> None:
    await site.install()
    await site.trouble({"kind": "latency", "from_day": 2, "amount": 5})
    site.limits = Limits(requests=40)
    good = (await run(site.desk(1, requests=500))).output
    slow = (await run(site.desk(4, requests=500))).output
    assert good["requests"] == slow["requests"] == 40
    assert slow["p95_ms"] > 1.5 * good["p95_ms"]


async def test_failures_are_counted(site: Site) -> None:
    await site.install()
    await site.trouble({"kind": "errors", "amount": 0.5})
    site.limits = Limits(requests=40)
    found = await run(site.desk(2))
    assert 5 < found.output["errors"] < 35
    assert found.output["requests"] + found.output["errors"] == 40
    await site.trouble({"kind": "errors"})
    with pytest.raises(ServiceError, match="none of 40 requests"):
        await run(site.desk(2))


async def test_load_ends_when_its_time_is_up(site: Site) -> None:
    await site.install()
    site.limits = Limits(requests=100_000, seconds=0.3)
    assert (await run(site.desk(requests=100_000))).output["requests"] < 3000


async def test_no_load_on_other_machines(site: Site) -> None:
    desk = site.desk()
    elsewhere = replace(desk, backend=replace(desk.backend, url="http://search.example"))
    with pytest.raises(BadInput, match="this machine only"):
        await run(elsewhere)
