"""The whole application as it is served, followed by a browser while journeys go on."""

import asyncio

from playwright.async_api import expect

from sojourn.agents.directory import Directory
from sojourn.app import App, let_call_back
from sojourn.app.serving import create_site
from sojourn.control.change import change
from sojourn.control.door import resolve
from sojourn.control.sessions import create_link
from sojourn.control.start import start
from sojourn.core.commands import HoldJourney, Resume
from sojourn.paths import load
from sojourn.settings import Settings
from sojourn.store.postgres import Database
from tests.browser.chromium import browser, page, served
from tests.doors import still_door
from tests.journeys.small import SMALL


async def test_the_first_page_follows_a_fleet(db: Database) -> None:
    door, path = still_door(db), load(SMALL)
    app = App(door, Directory.load(), Settings.load({}))
    site = create_site(app, await let_call_back(app, "http://test"))
    token = await create_link(door, "ann", ("operator", "admin"))
    async with (
        site.router.lifespan_context(site),
        served(site) as url,
        browser() as opened,
        page(opened) as shown,
    ):
        await shown.goto(f"{url}/login/link?token={token}")
        await expect(shown.get_by_role("heading", name="No journeys yet")).to_be_visible()
        await shown.locator("#live").get_by_text("Live", exact=True).wait_for()
        await start(door, path, "acme", "ann")
        await expect(shown.locator(".fleet tbody tr")).to_have_count(1)
        await shown.locator("#live").get_by_text("Live", exact=True).wait_for()
        for client in ("globex", "initech", "hooli"):
            await start(door, path, client, "ann")
        await expect(shown.locator(".fleet tbody tr")).to_have_count(4)
        key = await resolve(door, "hooli")
        await change(door, key, HoldJourney(actor="dana", reason="their holidays"))
        row = shown.locator(".fleet tbody tr", has_text="hooli")
        await expect(row).to_contain_text("Held")
        await expect(shown.locator("#attention")).to_contain_text("their holidays")
        await change(door, key, Resume(actor="dana"))
        await expect(row).not_to_contain_text("Held")


async def test_a_page_is_read_again_without_any_news(db: Database) -> None:
    """Time alone makes a client late: no event tells of that."""
    door = still_door(db)
    app = App(door, Directory.load(), Settings.load({}))
    site = create_site(app, await let_call_back(app, "http://test"))
    token = await create_link(door, "ann", ("viewer",))
    await start(door, load(SMALL), "acme", "ann")
    async with (
        site.router.lifespan_context(site),
        served(site) as url,
        browser() as opened,
        page(opened) as shown,
    ):
        await shown.clock.install()
        await shown.goto(f"{url}/login/link?token={token}")
        row = shown.locator(".fleet tbody tr", has_text="acme")
        await expect(row).not_to_contain_text("zoe")
        async with db.connection() as connection:
            await connection.execute(b"UPDATE journey_states SET owner = 'zoe'")
        async with asyncio.timeout(60):
            while not await row.get_by_text("zoe").count():
                async with shown.expect_response(url + "/"):
                    await shown.clock.run_for(20_000)
        await expect(row).to_contain_text("zoe")
