import asyncio
from datetime import UTC, datetime, timedelta
from time import perf_counter, sleep
from typing import Any

import pytest

from sojourn.sandbox.search_service import searching
from sojourn.sandbox.search_service.service import Options
from tests.sandbox.search_service.clients import Client, document

START = datetime(2026, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=3)


@pytest.fixture
def options() -> Options:
    return Options("secret", wait=0.2)


async def test_results_come_in_pages(client: Client) -> None:
    await client.fill(*(document(f"d{n}", "pump") for n in range(5)))
    seen: list[str] = []
    body: dict[str, object] = {"query": "pump", "pageSize": 2}
    for more in (True, True, False):
        answer = await client.client("search", body, email="ann@x")
        seen += [r["document"]["metadata"]["datasourceId"] for r in answer["results"]]
        assert answer["hasMoreResults"] is more
        body["cursor"] = answer.get("cursor")
    assert seen == [f"d{n}" for n in range(5)]
    await client.client("search", {"query": "a", "cursor": "x"}, email="ann@x", status=400)


async def test_a_search_is_limited_to_data_sources(client: Client) -> None:
    await client.fill(document("a", "pump"))
    await client.fill(document("b", "pump"), name="slack")
    options = {"datasourcesFilter": ["slack"], "facetBucketSize": 1}
    answer = await client.client(
        "search", {"query": "pump", "requestOptions": options}, email="ann@x"
    )
    assert [r["document"]["datasource"] for r in answer["results"]] == ["slack"]


async def test_the_time_it_took_is_measured(client: Client) -> None:
    await client.fill(document("a", "pump"))
    begun = perf_counter()
    answer = await client.client("search", {"query": "pump"}, email="ann@x", now=START)
    took = (perf_counter() - begun) * 1000
    assert 15 < answer["backendTimeMillis"] <= took


class TestSteadily:
    """A service that does not count what a busy machine adds."""

    @pytest.fixture
    def options(self) -> Options:
        return Options("secret", wait=0.2, steady=True)

    async def test_a_machine_that_wakes_it_late_is_not_counted(self, client: Client) -> None:
        await client.fill(document("a", "pump"))

        async def hog() -> None:
            await asyncio.sleep(0.01)
            sleep(0.5)  # noqa: ASYNC251 -- the event loop of the service is to stand still

        asked = client.client("search", {"query": "pump"}, email="ann@x", now=START)
        answer, _ = await asyncio.gather(asked, hog())
        assert 15 < answer["backendTimeMillis"] < 300

    async def test_a_machine_that_lets_the_work_wait_is_not_counted(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await client.fill(document("a", "pump"))
        find = searching._find

        def held_up(*args: Any) -> Any:
            sleep(0.5)
            return find(*args)

        monkeypatch.setattr(searching, "_find", held_up)
        answer = await client.client("search", {"query": "pump"}, email="ann@x", now=START)
        assert 15 < answer["backendTimeMillis"] < 300


async def test_a_slow_spell_makes_searches_slow_and_some_give_up(client: Client) -> None:
    await client.fill(document("a", "pump"))
    await client.trouble({"kind": "latency", "from_day": 2, "amount": 8})
    body = {"query": "pump"}
    quick, slow = await asyncio.gather(
        *(client.client("search", body, email="ann@x", now=now) for now in (START, LATER))
    )
    assert slow["backendTimeMillis"] > 3 * quick["backendTimeMillis"]
    impatient = {**body, "timeoutMillis": 20}
    await client.client("search", impatient, email="ann@x", now=LATER, status=408)


async def test_a_share_of_searches_fails(client: Client) -> None:
    await client.trouble({"kind": "errors", "from_day": 2})
    await client.client("search", {"query": "a"}, email="ann@x", now=START)
    await client.client("search", {"query": "a"}, email="ann@x", now=LATER, status=500)


async def test_a_client_token_says_whom_it_acts_as(client: Client) -> None:
    refused = await client.client("search", {"query": "a"}, status=403)
    assert "X-Glean-ActAs" in refused["message"]
