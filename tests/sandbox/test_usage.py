from datetime import timedelta

import pytest

from sojourn.sandbox.usage import report
from tests.sandbox.worlds import NOON, done, output, refused, world


@pytest.mark.parametrize("client", [f"client-{n}" for n in range(8)])
async def test_most_people_search_when_nothing_is_wrong(client: str) -> None:
    found = await output(report, client=client, stage="production")
    assert 0.70 < found["adoption"] < 1
    assert found["adoption"] == round(found["active_users"] / found["enabled_users"], 4)


async def test_the_stage_says_who_has_access_unless_the_call_does() -> None:
    pilot = await output(report, stage="pilot")
    all_of_them = await output(report, stage="production")
    half = await output(report, stage="production", percent=50)
    assert pilot["enabled_users"] < half["enabled_users"] < all_of_them["enabled_users"]
    assert pilot["queries"] < half["queries"] < all_of_them["queries"]


async def test_measurements_carry_their_samples() -> None:
    found = await done(report)
    adoption, volume = found.measurements
    assert (adoption.metric, volume.metric) == ("user_adoption", "query_volume")
    assert adoption.n == found.output["enabled_users"]
    assert volume.value == found.output["queries"]


async def test_nobody_with_access_is_no_adoption_but_no_measurement_of_it() -> None:
    found = await done(report, percent=0)
    assert found.output["enabled_users"] == found.output["queries"] == 0
    assert [m.metric for m in found.measurements] == ["query_volume"]


async def test_a_week_is_a_week_at_any_hour() -> None:
    counts = [
        (await output(report, now=NOON + timedelta(hours=5 * n)))["queries"] for n in range(10)
    ]
    assert len(set(counts)) > 1
    assert max(counts) < 1.15 * min(counts)


async def test_usage_grows_from_a_known_start_and_falls_when_search_is_bad() -> None:
    first = (await output(report, world=world()))["queries"]
    month = (await output(report, world=world(), now=NOON + timedelta(days=30)))["queries"]
    assert month > 1.2 * first
    bad = await output(report, world=world({"kind": "relevance", "amount": 0.8}))
    assert bad["queries"] < 0.7 * first


async def test_wrong_input_is_refused() -> None:
    assert "between 0 and 100" in await refused(report, percent=101)
