from tests.dashboard.life import ANN, EVE, Life


async def test_the_demonstration_is_begun_and_led_to(empty: Life) -> None:
    async with empty.client() as client:
        page = await client.post("/demo", data={"csrf": ANN.csrf})
        assert (page.status_code, empty.demos) == (200, 1)
        assert '<meta http-equiv="refresh" content="0; url=/about">' in page.text
        assert 'href="/about">Watch it' in page.text


async def test_who_only_looks_begins_nothing(empty: Life) -> None:
    empty.who = EVE
    async with empty.client() as client:
        assert (await client.post("/demo", data={"csrf": EVE.csrf})).status_code == 403
        assert (await client.post("/demo", data={"csrf": "wrong"})).status_code == 400
        assert empty.demos == 0
