"""What administrators do in a real browser: keys, sessions, webhooks, deliveries; and the flow."""

import re

from playwright.async_api import Page, expect

from sojourn.control import keys
from sojourn.store import webhooks
from tests.browser.chromium import browser, page, served
from tests.dashboard.life import Life
from tests.dashboard.test_deliveries import delivered


async def test_a_key_is_made_and_revoked(life: Life) -> None:
    async with served(life.app) as url, browser() as opened, page(opened, "phone") as shown:
        await shown.goto(url + "/settings")
        await shown.get_by_text("New key", exact=True).click()
        await shown.get_by_label("Whose").fill("deploy")
        await shown.get_by_label("Roles").fill("client operator")
        await shown.get_by_role("button", name="Make the key").click()
        await expect(shown.get_by_role("alert")).to_contain_text("That cannot be")
        await shown.get_by_label("Roles").fill("operator")
        await shown.get_by_role("button", name="Make the key").click()
        token = await shown.get_by_label("The secret").inner_text()
        assert re.fullmatch(r"sojourn_[a-z2-7]{10}_[a-z2-7]{52}", token)
        assert await keys.find(life.story.door, token)
        await shown.goto(url + "/settings")
        assert token not in await shown.content()
        row = shown.get_by_role("row", name="deploy")
        await row.get_by_text("Revoke", exact=False).first.click()
        await row.get_by_role("button", name="Yes, revoke it").click()
        await expect(shown.get_by_text("The key is revoked")).to_be_visible()
        await expect(shown.get_by_role("row", name="deploy")).to_contain_text("Revoked")
    assert await keys.find(life.story.door, token) is None


async def add(shown: Page) -> None:
    """Add a webhook by the form."""
    await shown.get_by_text("New webhook", exact=True).click()
    await shown.get_by_label("URL").fill("https://crm.example.com/in")
    await shown.get_by_label("Name").fill("CRM")
    await shown.get_by_role("button", name="Add the webhook").click()
    await expect(shown.get_by_label("The secret")).to_contain_text("whsec_")


async def test_a_webhook_is_added_tried_and_removed(life: Life) -> None:
    async with served(life.app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url + "/settings")
        await add(shown)
        await shown.goto(url + "/deliveries")
        await shown.get_by_role("button", name="Send a test to CRM").click()
        await expect(shown.locator("#deliveries tbody tr")).to_have_count(1)
        await expect(shown.locator("#deliveries")).to_contain_text("webhook.test")
        await shown.goto(url + "/settings")
        row = shown.locator("#all-webhooks tbody tr")
        await row.get_by_text("Switch off").click()
        await row.get_by_label("Reason").fill("they move house")
        await row.get_by_role("button", name="Switch it off").click()
        await expect(row).to_contain_text("they move house (ann)")
        await row.get_by_text("Remove", exact=False).first.click()
        await row.get_by_role("button", name="Yes, remove it with its log").click()
        await expect(shown.get_by_text("No webhook is told of anything.")).to_be_visible()
    async with life.story.door.db.connection() as connection:
        assert await webhooks.list_subscriptions(connection) == []


async def test_a_delivery_is_sent_again(life: Life) -> None:
    await delivered(life)
    async with served(life.app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url + "/deliveries")
        await shown.get_by_label("State").select_option("failed")
        await shown.get_by_role("button", name="Filter").click()
        await shown.get_by_role("button", name="Replay journey.resumed of globex").click()
        await expect(shown.get_by_text("The event is sent again")).to_be_visible()
        await expect(shown.locator("#deliveries tbody tr")).to_have_count(3)


async def test_the_numbers_of_the_flow_lead_to_their_journeys(life: Life) -> None:
    async with served(life.app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url)
        await shown.locator(".flow .back").click()
        await expect(shown.locator(".fleet tbody tr")).to_have_count(1)
        await expect(shown.locator(".chips")).to_contain_text("rolled back from pilot")
        await shown.goto(url + "/analytics")
        async with shown.expect_download() as download:
            await shown.get_by_role("link", name="CSV of time in stage").click()
        saved = await (await download.value).path()
        assert saved.read_text().splitlines()[0].startswith("Stage,Visits,Median")
