import pytest

from sojourn.sandbox.quality import measure
from tests.sandbox.worlds import done, output, refused, world


async def test_the_specifications_example_runs() -> None:
    found = await done(measure, precision_threshold=0.80)
    output = found.output
    assert set(output) == {"precision", "ndcg", "queries", "meets_threshold", "p95_latency_ms"}
    assert output["meets_threshold"] is True
    assert 0.85 < output["precision"] < 1
    assert 0.8 < output["ndcg"] < 1
    (measured,) = found.measurements
    assert (measured.metric, measured.value, measured.n) == (
        "search_precision", output["precision"], output["queries"],
    )  # fmt: skip


@pytest.mark.parametrize("client", [f"client-{n}" for n in range(12)])
async def test_every_client_can_pass_the_gates_when_nothing_is_wrong(client: str) -> None:
    for size in ("small", "medium"):
        found = await output(measure, client=client, scenario="healthcare_demo", size=size)
        assert found["precision"] >= 0.85
        assert found["p95_latency_ms"] < 500


async def test_no_client_has_a_perfect_search() -> None:
    found = [(await output(measure, client=f"c{n}"))["precision"] for n in range(4)]
    assert len(set(found)) > 1
    assert max(found) < 1


async def test_a_stale_index_misses_the_threshold() -> None:
    stale = world({"kind": "relevance", "amount": 0.4})
    found = await output(measure, precision_threshold=0.85, world=stale)
    assert found["precision"] < 0.85
    assert found["meets_threshold"] is False


async def test_the_threshold_only_says_whether_it_is_met() -> None:
    low, high = [await output(measure, precision_threshold=t) for t in (0.1, 1.0)]
    assert low["precision"] == high["precision"]
    assert (low["meets_threshold"], high["meets_threshold"]) == (True, False)


async def test_wrong_input_is_refused() -> None:
    assert "precision_threshold: must be a number" in await refused(
        measure, precision_threshold="0.8"
    )
    assert "between 0 and 1" in await refused(measure, precision_threshold=80)
