"""API, pages, faces and callbacks as one application."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from sojourn.agents.directory import Directory
from sojourn.app import App, let_call_back
from sojourn.app.serving import create_site
from sojourn.control import keys, start
from sojourn.control.sessions import create_link
from sojourn.engine.vitals import Vitals
from sojourn.paths import load
from sojourn.settings import Settings, SettingsError
from sojourn.store.postgres import Database
from tests.doors import rows, still_door
from tests.journeys.small import SMALL

HTML = {"Accept": "text/html"}


class Served:
    """One site, and browsers for it."""

    def __init__(self, site: Any, app: App) -> None:
        self.site, self.app = site, app

    def browser(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.site, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    @asynccontextmanager
    async def signed_in(self) -> AsyncIterator[httpx.AsyncClient]:
        token = await create_link(self.app.door, "ann", ("operator", "admin"))
        async with self.browser() as browser:
            answer = await browser.get(f"/login/link?token={token}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            yield browser


@asynccontextmanager
async def serving(db: Database, **settings: str) -> AsyncIterator[Served]:
    named = {f"SOJOURN_{name.upper()}": value for name, value in settings.items()}
    app = App(still_door(db), Directory.load(), Settings.load(named))
    site = create_site(app, await let_call_back(app, "http://test"), vitals=Vitals())
    async with site.router.lifespan_context(site):
        while not site.state.context.feed.alive:
            await asyncio.sleep(0.01)
        yield Served(site, app)


@pytest.fixture
async def served(db: Database) -> AsyncIterator[Served]:
    async with serving(db) as found:
        yield found


async def test_pages_and_api_share_one_address_and_one_session(served: Served) -> None:
    await start(served.app.door, load(SMALL), "acme", "ann")
    async with served.signed_in() as browser:
        assert "acme" in (await browser.get("/journeys/acme")).text
        assert (await browser.get("/api/v1/journeys/acme")).json()["client_id"] == "acme"
        assert (await browser.get("/static/x/none.css")).status_code == 404
        assert "<html" in (await browser.get("/nothing/here", headers=HTML)).text


async def test_strangers_are_shown_where_to_sign_in(served: Served) -> None:
    async with served.browser() as stranger:
        answer = await stranger.get("/journeys?stage=pilot")
        assert answer.headers["location"].startswith("/login?next=/journeys")
        assert (await stranger.get("/api/v1/journeys")).status_code == 401
        assert (await stranger.get("/healthz")).status_code == 200


async def test_below_api_everything_is_the_apis(served: Served) -> None:
    async with served.signed_in() as browser:
        missing = await browser.get("/api/v1/nothing")
        assert missing.headers["content-type"] == "application/problem+json"
        wrong = await browser.put("/healthz")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


async def test_a_form_carries_its_own_token_and_the_api_wants_a_header(served: Served) -> None:
    await start(served.app.door, load(SMALL), "acme", "ann")
    async with served.signed_in() as browser:
        page = (await browser.get("/journeys/acme/hold")).text
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        assert token
        form = {"reason": "a pause", "csrf": "wrong"}
        assert (await browser.post("/journeys/acme/hold", data=form)).status_code == 400
        body = {"reason": "a pause"}
        refused = await browser.post("/api/v1/journeys/acme/hold", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        form["csrf"] = token[1]
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        done = await browser.post("/journeys/acme/hold", data=fields | form)
        assert done.status_code == 303, done.text
    assert await rows(served.app.door.db, "SELECT type FROM journey_events WHERE actor = 'ann'"
                      " AND type = 'journey.held'") == [("journey.held",)]  # fmt: skip


async def test_a_session_opens_no_face(served: Served) -> None:
    async with served.signed_in() as browser:
        for face in ("/a2a", "/mcp"):
            assert (await browser.post(face, json={})).status_code == 401, face
        assert (await browser.get("/.well-known/agent-card.json")).status_code == 200


async def test_signing_in_with_a_key_and_out_again(served: Served) -> None:
    made = await keys.create(served.app.door, "bob", ["viewer"], "root")
    async with served.browser() as browser:
        wrong = await browser.post("/login", data={"key": "sojourn_wrong"})
        assert (wrong.status_code, "unknown, expired" in wrong.text) == (401, True)
        good = await browser.post("/login", data={"key": made.token, "next": "/inbox"})
        assert (good.status_code, good.headers["location"]) == (303, "/inbox")
        page = await browser.get("/about")
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert token
        out = await browser.post("/logout", data={"csrf": token[1]})
        assert out.headers["location"] == "/login"
        assert (await browser.get("/about")).status_code == 303


async def test_whoever_guesses_keys_is_made_to_wait(served: Served) -> None:
    async with served.browser() as browser:
        for _ in range(30):
            answer = await browser.post("/login", data={"key": "sojourn_wrong"})
            if answer.status_code == 429:
                break
        assert (answer.status_code, "wait" in answer.text) == (429, True)


async def test_a_link_is_good_once_and_a_browser_is_told_so_on_a_page(served: Served) -> None:
    token = await create_link(served.app.door, "ann", ("viewer",))
    async with served.browser(**HTML) as browser:
        assert (await browser.get(f"/login/link?token={token}")).status_code == 303
    async with served.browser(**HTML) as browser:
        again = await browser.get(f"/login/link?token={token}", follow_redirects=True)
        assert "used already" in again.text


async def test_who_signs_people_in_is_offered_and_what_the_engine_does_is_counted(
    db: Database,
) -> None:
    given = {
        "oidc_issuer": "https://login.example",
        "oidc_client_id": "sojourn",
        "oidc_client_secret": "hush",
        "oidc_roles": "staff=operator",
        "oidc_name": "Example",
        "public_metrics": "true",
    }
    async with serving(db, **given) as served, served.browser() as browser:
        assert "Sign in with Example" in (await browser.get("/login")).text
        assert "sojourn_engine_claims_total 0.0" in (await browser.get("/metrics")).text
        async with served.signed_in() as ann:
            shown = (await ann.get("/settings")).text
            assert ("SOJOURN_OIDC_CLIENT_SECRET" in shown, "hush" in shown) == (True, False)


async def test_half_a_provider_is_told_at_the_start(db: Database) -> None:
    with pytest.raises(SettingsError, match="SOJOURN_OIDC_CLIENT_ID"):
        async with serving(db, oidc_issuer="https://login.example"):
            pass


async def test_what_the_settings_say_is_heeded(db: Database) -> None:
    given = {
        "public_url": "https://sojourn.example/x",
        "public_metrics": "true",
        "cors_origins": "https://a.example, https://b.example",
    }
    async with serving(db, **given) as served, served.browser() as browser:
        card = (await browser.get("/.well-known/agent-card.json")).json()
        assert card["supportedInterfaces"][0]["url"].startswith("https://sojourn.example/x/")
        assert (await browser.get("/metrics")).status_code == 200
        seen = await browser.get("/healthz", headers={"Origin": "https://b.example"})
        assert seen.headers["access-control-allow-origin"] == "https://b.example"


async def test_other_agents_without_a_key_are_guests_only_where_it_is_set(db: Database) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {}}
    for settings, status in (({}, 401), ({"guest_role": "viewer"}, 200)):
        async with serving(db, **settings) as found, found.browser(**{"A2A-Version": "1.0"}) as web:
            assert (await web.post("/a2a", json=asked)).status_code == status
            assert (await web.get("/api/v1/journeys")).status_code == 401


async def test_settings_in_force_are_shown_without_secrets(db: Database) -> None:
    url = "postgresql://ann:p4ssw0rd@db/sojourn"
    async with (
        serving(db, database_url=url, port="8421") as served,
        served.signed_in() as browser,
    ):
        shown = (await browser.get("/settings")).text
    assert "p4ssw0rd" not in shown
    assert "set; not shown" in shown
    assert "8421" in shown
