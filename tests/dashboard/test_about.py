import httpx
import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sojourn.agents.directory import Directory
from sojourn.control.keys import Principal
from sojourn.dashboard import create_dashboard
from sojourn.dashboard.about import safe
from tests.dashboard.life import ANN, Life


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        ("/journeys?stage=pilot", "/journeys?stage=pilot"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\nb", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_to_our_own_pages_only(given: str, goal: str) -> None:
    assert safe(given) == goal


async def test_this_installation(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get("/about")).text
    assert "6 active, 2 ended" in page
    assert "ann" in page


async def test_signing_in_with_a_key_and_out(life: Life) -> None:
    async def identify(_request: Request) -> Principal | None:
        return ANN

    async def sign_in(_request: Request, key: str) -> Response | None:
        return RedirectResponse("/x", headers={"set-cookie": "s=1"}) if key == "good" else None

    async def sign_out(_request: Request) -> Response:
        return RedirectResponse("/login", 303)

    app = create_dashboard(
        life.story.door, Directory.load(), identify=identify, sign_in=sign_in, sign_out=sign_out
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert "API key" in (await client.get("/login?next=/inbox")).text
        wrong = await client.post("/login", data={"key": "bad", "next": "/inbox"})
        assert (wrong.status_code, "unknown, expired" in wrong.text) == (401, True)
        good = await client.post("/login", data={"key": "good", "next": "/inbox"})
        assert (good.status_code, good.headers["location"]) == (303, "/inbox")
        assert good.headers["set-cookie"] == "s=1"
        far = await client.post("/login", data={"key": "good", "next": "/journeys/žižka?a=b"})
        assert far.headers["location"] == "/journeys/%C5%BEi%C5%BEka?a=b"
        other = {"sec-fetch-site": "cross-site"}
        assert (await client.post("/login", data={"key": "good"}, headers=other)).status_code == 400
        assert (await client.post("/logout", data={"csrf": ANN.csrf})).headers[
            "location"
        ] == "/login"


async def test_signing_in_elsewhere_is_offered_where_somebody_does_it(life: Life) -> None:
    async def nobody(_request: Request) -> Principal | None:
        return None

    def pages(sso: str) -> httpx.AsyncClient:
        door, agents = life.story.door, Directory.load()
        app = create_dashboard(door, agents, identify=nobody, sso=sso)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x")

    async with pages("Okta & Co") as client:
        page = (await client.get("/login?next=/inbox%3Fa%3D1%26b%3D2")).text
        assert (
            'href="/login/oidc?next=/inbox%3Fa%3D1%26b%3D2">Sign in with Okta &amp; Co</a>' in page
        )
        told = (await client.get("/login?sso=role")).text
        assert "no group that may come in here" in told
        assert "<script>" not in (await client.get("/login?sso=<script>")).text
    async with pages("") as client:
        assert "Sign in with" not in (await client.get("/login")).text.replace(
            "sign in with an", ""
        )
