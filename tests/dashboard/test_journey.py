from sojourn.core.explain import explain
from tests.dashboard.life import DEMO, Life, into_pilot


async def test_the_page_says_what_explain_says(life: Life) -> None:
    async with life.client() as client:
        for name, key in life.journeys.items():
            page = (await client.get(life.key(name))).text
            found = explain(await life.story.shot(key), life.story.now)
            for sentence in found.sentences[:2]:
                assert sentence.replace("'", "&#39;").replace(">", "&gt;") in page, name


async def test_a_rollout_shows_its_waves(life: Life) -> None:
    story, key = life.story, life.journeys["hooli"]
    await story.tell("hooli", quality=0.9)
    await into_pilot(life, "hooli")
    await story.tell("hooli", satisfaction=4.5)
    assert await story.stage(key) == "production"
    async with life.client() as client:
        page = (await client.get(life.key("hooli"))).text
    assert "10 % of users are served" in page
    assert "no value of incidents" in page
    assert DEMO not in page
