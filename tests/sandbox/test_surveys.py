from datetime import timedelta

import pytest

from sojourn.sandbox.surveys import ask
from tests.sandbox.worlds import NOON, done, output, refused, world


@pytest.mark.parametrize("client", [f"client-{n}" for n in range(8)])
async def test_people_are_content_when_nothing_is_wrong(client: str) -> None:
    for day in range(0, 12, 4):
        at = {"client": client, "now": NOON + timedelta(days=day), "scenario": "healthcare_demo"}
        assert (await output(ask, kind="pilot", **at))["score"] > 4.0
        assert (await output(ask, kind="onboarding", **at))["score"] > 4.4
        assert (await output(ask, kind="search", **at))["score"] >= 4.5


async def test_each_kind_measures_its_own_metric() -> None:
    found = {k: (await done(ask, kind=k)) for k in ("pilot", "onboarding", "search")}
    metrics = {k: c.measurements[0].metric for k, c in found.items()}
    assert metrics == {
        "pilot": "user_satisfaction",
        "onboarding": "user_satisfaction",
        "search": "search_satisfaction",
    }
    for completed in found.values():
        assert completed.measurements[0].n == completed.output["responses"]
        assert completed.measurements[0].value == completed.output["score"]
    assert found["pilot"].output["responses"] < found["search"].output["responses"]


async def test_scores_follow_from_what_people_were_served() -> None:
    good = (await output(ask, kind="pilot"))["score"]
    stale = await output(ask, kind="pilot", world=world({"kind": "relevance", "amount": 0.7}))
    slow = await output(ask, kind="pilot", world=world({"kind": "latency", "amount": 5}))
    cross = await output(ask, kind="pilot", world=world({"kind": "mood", "amount": 1.5}))
    assert stale["score"] < 3.5
    assert slow["score"] < 3.5
    assert cross["score"] < good - 0.8


async def test_answers_differ_from_day_to_day_but_not_by_much() -> None:
    scores = [
        (await output(ask, kind="search", now=NOON + timedelta(days=d)))["score"] for d in range(5)
    ]
    assert len(set(scores)) > 1
    assert max(scores) - min(scores) < 0.3


async def test_wrong_input_is_refused() -> None:
    assert "one of pilot, onboarding, search" in await refused(ask, kind="exit")
    assert "kind: this field is required" in await refused(ask)
