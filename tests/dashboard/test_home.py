import re

from tests.dashboard.life import EVE, Life


async def test_every_number_leads_to_the_rows_behind_it(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get("/")).text
        for ball in ("operator", "client"):
            [count] = re.findall(rf"ball={ball}&amp;active=yes.*?<b>(\d+)</b>", page, re.DOTALL)
            listed = (await client.get(f"/journeys?ball={ball}&active=yes")).text
            assert f"of {count}</p>" in listed
        assert "/journeys?set=rolled_back" in page


async def test_an_empty_house_says_how_to_begin(empty: Life) -> None:
    async with empty.client() as client:
        page = await client.get("/")
        assert "sojourn start acme" in page.text
        assert "Start the demo fleet" in page.text
        empty.who = EVE
        assert "Start the demo fleet" not in (await client.get("/")).text
