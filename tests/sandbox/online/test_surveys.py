import pytest

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.surveys import ask
from tests.sandbox.online.desks import Site


async def test_scores_follow_from_what_people_were_served(site: Site) -> None:
    await site.install()
    await site.deploy(30)
    good = await ask(site.desk(2, kind="pilot"), site.crowd)
    assert good.output["score"] > 4.0
    assert good.measurements[0].n == good.output["responses"] > 15
    await site.trouble({"kind": "relevance", "amount": 0.8})
    bad = await ask(site.desk(8, kind="pilot"), site.crowd)
    assert bad.output["score"] < good.output["score"] - 0.8


async def test_mood_takes_points_away(site: Site) -> None:
    await site.install()
    await site.deploy(30)
    await site.trouble({"kind": "mood", "from_day": 2, "amount": 1.5})
    good = await ask(site.desk(1, kind="search"), site.crowd)
    cross = await ask(site.desk(2, kind="search"), site.crowd)
    assert cross.measurements[0].metric == "search_satisfaction"
    assert cross.output["score"] < good.output["score"] - 0.8


async def test_on_the_first_day_people_try_it_when_they_are_asked(site: Site) -> None:
    await site.install()
    await site.deploy(30)
    assert (await ask(site.desk(kind="pilot"), site.crowd)).output["score"] > 4.0


async def test_somebody_must_have_access(site: Site) -> None:
    await site.install()
    with pytest.raises(BadInput, match="nobody has access yet"):
        await ask(site.desk(kind="pilot"), site.crowd)
