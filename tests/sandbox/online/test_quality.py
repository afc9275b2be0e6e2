from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from sojourn.core.outcomes import Completed
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.labels import Label
from sojourn.sandbox.online.datasets import provision, provisioned_labels
from sojourn.sandbox.online.desk import Limits
from sojourn.sandbox.online.directory import judge
from sojourn.sandbox.online.quality import measure
from sojourn.sandbox.quality import measure as computed
from tests.sandbox.online.desks import Site

GIVEN: dict[str, Any] = {"scenario": "general_demo", "size": "small"}
DATA = Path(__file__).parents[4] / "shared" / "data"


async def test_labelled_queries_are_judged_as_well_as_computed(site: Site) -> None:
    await site.provision()
    found = (await measure(site.desk(**GIVEN))).output
    wanted = await computed(site.desk(**GIVEN).call)
    assert isinstance(wanted, Completed)
    assert found["precision"] == pytest.approx(wanted.output["precision"], abs=0.05)
    assert found["queries"] == wanted.output["queries"]
    assert found["p95_latency_ms"] >= 0


async def test_a_stale_index_is_measured(site: Site) -> None:
    await site.provision()
    good = (await measure(site.desk(**GIVEN))).output["precision"]
    await site.trouble({"kind": "relevance", "from_day": 2, "amount": 0.6})
    assert (await measure(site.desk(1, **GIVEN))).output["precision"] == good
    stale = (await measure(site.desk(3, **GIVEN))).output
    assert stale["precision"] < 0.7 < good
    assert not stale["meets_threshold"]


async def test_there_must_be_a_collection(site: Site) -> None:
    with pytest.raises(BadInput, match="provision it first"):
        await measure(site.desk(**GIVEN))


@pytest.mark.skipif(not (DATA / "med").is_dir(), reason=f"the MED collection is not in {DATA}")
async def test_real_queries_on_real_texts_over_http(site: Site) -> None:
    site.limits = replace(Limits(), collections=DATA)
    desk = site.desk(scenario="med")
    await provision(desk)
    found = (await measure(desk)).output
    assert found["precision"] == pytest.approx(0.727, abs=0.03)
    assert found["ndcg"] == pytest.approx(0.680, abs=0.03)
    assert not found["meets_threshold"]  # a gate on real data refuses for a real reason
    name, labels = await provisioned_labels(desk)
    found_map = fmean([await _average_precision(site, name, label) for label in labels])
    assert found_map == pytest.approx(0.521, abs=0.03)


async def _average_precision(site: Site, name: str, label: Label) -> float:
    who = judge("medtronic", label.department)
    hits = await site.backend.search(label.text, who, [name], k=1100)
    places = [place for place, hit in enumerate(hits.ids, 1) if hit in label.relevant]
    return sum(n / place for n, place in enumerate(places, 1)) / len(label.relevant)
