"""Every screen in a real browser: at three sizes, light and dark, judged by axe's rules (WCAG 2.2 AA)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, ViewportSize, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Mount, Route

from sojourn.core.commands import HoldJourney, Resume
from tests.browser.chromium import SIZES, browser, page, served
from tests.dashboard.life import ANN, DEMO, TOM, Life, go_on, roll_back
from tests.dashboard.test_deliveries import delivered

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SCREENS = (
    "/", "/journeys?schedule=behind+stuck", "/journeys?search=nobody", "/attention", "/inbox",
    "/alerts", "/agents", "/agents/loader", "/paths", "/paths/fleet/1", "/analytics",
    "/deliveries", "/settings", "/about", "/login", "/journeys/nobody",
)  # fmt: skip


def screens(life: Life) -> list[str]:
    globex, initech, hooli = life.key("globex"), life.key("initech"), life.key("hooli")
    return [
        *SCREENS,
        *(globex + tab for tab in ("", "/work", "/metrics", "/history", "/events")),
        f"{globex}/rollback",
        f"{hooli}/approve?criterion={DEMO}",
        f"{hooli}/waive?criterion=quality",
        hooli,
        f"{hooli}/history",
        f"{initech}/work",
        f"{initech}/retry",
        f"{life.key('umbrella')}/answer",
        f"{life.key('wayne')}/metrics",
        life.key("stark"),
        life.key("tyrell"),
    ]


async def faults(shown: Page, *rules: str) -> list[str]:
    """Return what axe finds wrong with a page, in a line each; by all of WCAG 2.2 AA or by rules."""
    if not await shown.evaluate("'axe' in window"):
        await shown.evaluate(AXE_SCRIPT)
    asked: dict[str, Any] = {"runOnly": list(rules)} if rules else {**RULES}
    asked |= {"resultTypes": ["violations"], "iframes": False, "elementRef": False}
    found: dict[str, Any] = await shown.evaluate("rules => axe.run(document, rules)", asked)
    return [
        f"{v['id']}: {v['help']} ({', '.join(str(n['target']) for n in v['nodes'][:3])})"
        for v in found["violations"]
    ]


def viewport(size: str) -> ViewportSize:
    width, height = SIZES[size]
    return {"width": width, "height": height}


async def wider(shown: Page) -> int:
    """Return by how many pixels a page is wider than the screen."""
    return int(
        await shown.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )


async def judged(shown: Page, url: str) -> list[str]:
    """Return what is wrong with a screen: loaded once, looked at in all sizes, light and dark."""
    await shown.emulate_media(color_scheme="light")
    await shown.set_viewport_size(viewport("laptop"))
    await shown.goto(url, wait_until="domcontentloaded")
    await shown.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    found = await faults(shown)
    if await shown.locator("h1").count() != 1:
        found.append("one first heading")
    if over := await wider(shown):
        found.append(f"{over} px too wide for a laptop")
    await shown.emulate_media(color_scheme="dark")
    await shown.set_viewport_size(viewport("wall"))
    if over := await wider(shown):
        found.append(f"{over} px too wide for a wall")
    await shown.set_viewport_size(viewport("phone"))
    if over := await wider(shown):
        found.append(f"{over} px too wide for a phone")
    return found + await faults(shown, "target-size", "color-contrast", "heading-order")


PAGES_AT_ONCE = 3


async def test_every_screen_fits_and_is_accessible(life: Life) -> None:
    await delivered(life)
    wrong: dict[str, list[str]] = {}
    waiting = screens(life)

    async def work(opened: Browser, url: str) -> None:
        async with page(opened) as shown:
            await shown.add_init_script(AXE_SCRIPT)
            while waiting:
                screen = waiting.pop()
                if found := await judged(shown, url + screen):
                    wrong[screen] = found

    async with served(life.app) as url, browser() as opened:
        await asyncio.gather(*(work(opened, url) for _ in range(PAGES_AT_ONCE)))
    assert wrong == {}


async def test_a_journey_is_held_resumed_and_rolled_back_without_a_script(life: Life) -> None:
    async with (
        served(life.app) as url,
        browser() as opened,
        page(opened, "phone", script=False) as shown,
    ):
        await shown.goto(url + life.key("globex"))
        await shown.get_by_role("link", name="Hold", exact=True).click()
        await shown.get_by_label("Reason").fill("waiting for their security review")
        await shown.get_by_role("button", name="Hold").click()
        await expect(shown.get_by_text("The journey is held.")).to_be_visible()
        held = shown.locator(".notice.tone-wait")
        assert "Held by ann" in await held.inner_text()
        await shown.get_by_role("link", name="Resume").click()
        await shown.get_by_role("button", name="Resume").click()
        await expect(held).to_have_count(0)
        await shown.get_by_role("link", name="Roll back").click()
        assert "Undo Deploy the pilot" in await shown.locator(".effects").inner_text()
        await shown.get_by_label("Because of").select_option("critical_bug")
        await shown.get_by_role("button", name="Preview").click()
        await shown.wait_for_url("**trigger=critical_bug**")
        await shown.get_by_label("Reason").fill("search shows other tenants")
        await shown.get_by_role("button", name="Roll back now").click()
        await expect(shown.locator(".strip")).to_contain_text("Rolling back")
    await life.story.settle()
    [row] = await life.story.rollbacks(life.journeys["globex"])
    assert (row["trigger_type"], row["actor"], row["status"]) == (
        "critical_bug",
        "ann",
        "completed",
    )


async def test_somebody_else_was_faster(life: Life) -> None:
    key = life.journeys["globex"]
    async with served(life.app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url + life.key("globex") + "/cancel")
        await life.story.do(key, HoldJourney(actor="dana", reason="they asked for a pause"))
        await life.story.do(key, Resume(actor="dana"))
        await shown.get_by_label("Reason").fill("budget was cut")
        await shown.get_by_role("button", name="Cancel the journey").click()
        told = shown.get_by_role("alert")
        await expect(told).to_contain_text("Someone else was faster")
        await expect(told).to_contain_text("they asked for a pause")
        assert await shown.get_by_label("Reason").input_value() == "budget was cut"
        assert await life.story.stage(key) == "pilot"
        await shown.get_by_role("button", name="Cancel the journey").click()
        await expect(shown.get_by_text("The journey was cancelled.")).to_be_visible()
    assert await life.story.stage(key) == "cancelled"


async def test_the_inbox_is_worked_off(life: Life) -> None:

    async with served(life.app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url + "/inbox")
        await shown.get_by_role("link", name="Answer").click()
        await shown.get_by_label("Your answer").fill("space HR")
        await shown.get_by_role("button", name="Send the answer").click()
        await expect(shown.get_by_text("Your answer was sent.")).to_be_visible()
        await shown.goto(url + "/inbox")
        await shown.get_by_role("link", name=f"Approve {DEMO} of hooli").click()
        await expect(shown.locator("main")).to_contain_text("Not enough evidence")
        await shown.get_by_role("button", name="Approve").click()
        await expect(shown.get_by_text("Your approval counts.")).to_be_visible()
        await shown.goto(url + "/inbox")
        await expect(shown.get_by_role("link", name="of hooli")).to_have_count(0)
        await shown.goto(url + "/alerts")
        row = shown.get_by_role("row", name="acme")
        await row.get_by_text("Take note").click()
        await row.get_by_label("Owner").fill("grace")
        await row.get_by_label("Then").select_option("quiet for a day")
        await row.get_by_role("button", name="Note alert of acme").click()
        await expect(shown.get_by_role("row", name="acme")).to_contain_text("quiet until")
        await expect(shown.get_by_role("row", name="acme")).to_contain_text("grace")


async def test_an_empty_house_starts_the_demo(empty: Life) -> None:
    life = empty
    async with served(life.app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url)
        assert await faults(shown) == []
        await shown.get_by_role("button", name="Start the demo fleet").click()
        await expect(shown).to_have_url(f"{url}/about")
        assert life.demos == 1


async def test_filters_live_in_the_address_and_csv_has_the_same_rows(life: Life) -> None:
    async with served(life.app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url)
        await shown.get_by_label("Schedule").select_option("behind")
        await shown.get_by_role("button", name="Filter").click()
        rows = shown.locator(".fleet tbody tr")
        await expect(rows).to_have_count(5)
        assert "schedule=behind" in shown.url
        async with shown.expect_download() as download:
            await shown.get_by_role("link", name="CSV").click()
        saved = await (await download.value).path()
        assert len(saved.read_text().splitlines()) == 5 + 1
        await shown.get_by_role("link", name="schedule: behind").click()
        await expect(rows).to_have_count(8)
        await shown.keyboard.press("/")
        assert await shown.evaluate("document.activeElement.type") == "search"


async def test_a_client_sees_its_own_journey_only(life: Life) -> None:
    life.who = TOM
    async with served(life.app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url)
        await expect(shown.locator(".fleet tbody tr")).to_have_count(1)
        await shown.goto(url + life.key("globex"))
        assert await shown.get_by_role("link", name="Roll back").count() == 0
        await shown.goto(url + life.key("acme"))
        await expect(shown.get_by_role("heading", name="Not found")).to_be_visible()


def with_stream(life: Life, news: asyncio.Queue[str]) -> Starlette:
    """Return the pages beside a stream of events, as the whole application has it."""

    async def stream(_request: Request) -> StreamingResponse:
        async def told() -> AsyncIterator[str]:
            yield "retry: 200\n\n"
            while True:
                yield f"data: {await news.get()}\n\n"

        return StreamingResponse(told(), media_type="text/event-stream")

    return Starlette(routes=[Route("/api/v1/events/stream", stream), Mount("/", life.app)])


async def test_pages_follow_what_happens(life: Life) -> None:
    news: asyncio.Queue[str] = asyncio.Queue()
    app = with_stream(life, news)
    async with served(app) as url, browser() as opened, page(opened) as shown:
        await shown.goto(url + life.key("globex"))
        live = shown.locator("#live")
        await live.get_by_text("Live", exact=True).wait_for()
        assert await shown.get_by_text("Rolling back").count() == 0
        await roll_back(life, "globex")
        await go_on(life.story, hours=6)
        news.put_nowait("{}")
        await shown.locator(".strip dd a", has_text="1").wait_for()
        assert await shown.locator(".step.current").inner_text() != "Pilot"
        await shown.get_by_role("link", name="Hold", exact=True).focus()
        before = await shown.locator("#as-of").get_attribute("datetime")
        await go_on(life.story, hours=6)
        news.put_nowait("{}")
        await shown.wait_for_function(
            "old => document.getElementById('as-of').dateTime !== old", arg=before
        )
        assert await shown.evaluate("document.activeElement.textContent") == "Hold"
        assert ANN.actor in await shown.locator(".actor").inner_text()
