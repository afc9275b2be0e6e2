import html
import re
from urllib.parse import parse_qs, quote, urlsplit

from tests.dashboard.life import ANN, BOT, DEMO, EVE, FLEET, TOM, Life

PAGES = (
    "/", "/journeys", "/attention", "/inbox", "/alerts", "/agents", "/paths", "/paths/fleet/1",
    "/analytics", "/about", "/journeys.csv",
)  # fmt: skip
TABS = ("", "/work", "/metrics", "/history", "/events")
DEEDS = ("promote", "hold", "resume", "rollback", "cancel", "retry", "answer")


async def test_every_page_of_every_journey_is_drawn(life: Life) -> None:
    rules = (f"/{deed}?criterion={DEMO}" for deed in ("approve", "reject", "waive"))
    tabs = (*TABS, *(f"/{deed}" for deed in DEEDS), *rules)
    async with life.client() as client:
        for page in (*PAGES, *(life.key(name) + tab for name in life.journeys for tab in tabs)):
            found = await client.get(page)
            assert found.status_code == 200, (page, found.text[-500:])
            assert "default-src 'none'" in found.headers["content-security-policy"]
            assert found.headers["cache-control"] == "no-store"


async def test_nothing_is_shown_to_a_stranger(life: Life) -> None:
    life.who = None
    async with life.client() as client:
        found = await client.get("/journeys?stage=pilot")
        assert found.status_code == 303
        assert found.headers["location"] == "/login?next=/journeys%3Fstage%3Dpilot"
        assert (await client.post(life.key("acme") + "/hold")).status_code == 303


async def test_an_agent_has_no_pages(life: Life) -> None:
    life.who = BOT
    async with life.client() as client:
        assert (await client.get("/")).status_code == 403


async def test_a_client_sees_its_own_only(life: Life) -> None:
    life.who = TOM
    async with life.client() as client:
        for page in ("/inbox", "/alerts", "/agents", "/paths", "/analytics", "/attention"):
            assert (await client.get(page)).status_code == 403, page
        assert (await client.get(life.key("acme"))).status_code == 404
        assert (await client.get(life.key("globex"))).status_code == 200
        assert "acme" not in (await client.get("/")).text
        assert (await client.get("/journeys.csv")).text.count("\n") == 2


async def test_a_viewer_has_no_buttons_and_no_rights(life: Life) -> None:
    life.who = EVE
    async with life.client() as client:
        shown = (await client.get(life.key("globex"))).text
        assert f"{life.key('globex')}/hold" not in shown
        form = {"csrf": EVE.csrf, "seq": "11", "reason": "because"}
        assert (await client.post(life.key("globex") + "/hold", data=form)).status_code == 403
    [refused] = await life.story.events(life.journeys["globex"], "access.refused")
    assert refused["actor"] == "eve"


async def test_what_is_not_there_is_told(life: Life) -> None:
    async with life.client() as client:
        for page in ("/journeys/nobody", "/paths/fleet/7", "/static/0/none.css", "/no/such/page"):
            assert (await client.get(page)).status_code == 404, page
        assert (await client.get("/static/0/..%2Fapp.py")).status_code == 404


async def test_what_cannot_be_drawn_is_told_without_a_trace(life: Life) -> None:
    life.app.state.site.memo.get = None
    async with life.client() as client:
        found = await client.get("/about")
        assert found.status_code == 500
        assert "Traceback" not in found.text


async def test_static_files_are_kept_for_ever(life: Life) -> None:
    life.who = ANN
    async with life.client() as client:
        found = await client.get("/static/0/style.css")
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["content-type"].startswith("text/css")


ODD = "Wer? #1 & 50% Söhne+"


async def test_a_client_s_name_may_hold_any_letters(empty: Life) -> None:
    await empty.story.start(FLEET, ODD, owner="dana")
    where = f"/journeys/{quote(f'journey-{ODD}-2026', safe='')}"
    async with empty.client() as client:
        assert f'"{where}"' in (await client.get("/journeys")).text
        for part in ("", "/work", "/metrics", "/history", "/events", "/hold"):
            found = await client.get(f"{where}{part}")
            assert (found.status_code, html.escape(ODD) in found.text) == (200, True), part
        seq = re.findall(r'name="seq" value="(\d+)"', (await client.get(f"{where}/hold")).text)[0]
        form = {"csrf": ANN.csrf, "seq": seq, "reason": "a pause"}
        held = await client.post(f"{where}/hold", data=form)
        assert held.headers["location"] == f"{where}?done=hold"
        [file] = set(
            re.findall(r'href="([^"]*csv=[^"]*)"', (await client.get(f"{where}/events")).text)
        )
        assert (
            (await client.get(html.unescape(file))).headers["content-type"].startswith("text/csv")
        )
        empty.who = None
        sent = (await client.get(f"{where}?done=hold")).headers["location"]
        assert parse_qs(urlsplit(sent).query)["next"] == [f"{where}?done=hold"]
