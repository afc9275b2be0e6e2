"""Signing in with a provider that is really there."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from sojourn.api import Options
from sojourn.api.oidc import Provider, RefusedLogin, add_oidc, parse_roles, principal, safe
from tests.api.provider import CLIENT, SECRET, Idp, provider
from tests.api.served import Api

SESSION = Options().cookie
COOKIE = f"{SESSION}_oidc"
ROLES = "leads=operator,approver; everyone=viewer; customers=client; it=admin"


@pytest.fixture(scope="module")
def served() -> Iterator[Idp]:
    with provider() as idp:
        yield idp


@pytest.fixture
def idp(served: Idp) -> Idp:
    served.claims = {"email": "ann@s.test", "groups": ["leads", "everyone", "other"]}
    served.bend, served.signed_by, served.deny, served.exchanges = {}, None, False, 0
    served.codes.clear()
    return served


def own(idp: Idp, **more: Any) -> Provider:
    return Provider(idp.issuer, CLIENT, SECRET, parse_roles(ROLES), **more)


class Browser:
    """Somebody at a browser who follows redirections between us and the provider."""

    def __init__(self, api: Api) -> None:
        transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
        self.us = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def leave(self, goal: str = "/journeys/acme") -> str:
        answer = await self.us.get("/login/oidc", params={"next": goal})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def over_there(self, url: str) -> str:
        async with httpx.AsyncClient() as client:
            answer = await client.get(url)
        assert answer.status_code == 307, answer.text
        return answer.headers["location"]

    async def sign_in(self, goal: str = "/journeys/acme") -> httpx.Response:
        return await self.us.get(await self.over_there(await self.leave(goal)))


async def test_somebody_signs_in_and_is_who_the_claims_say(api: Api, idp: Idp) -> None:
    add_oidc(api.app, own(idp))
    browser = Browser(api)
    url = await browser.leave()
    asked = parse_qs(urlsplit(url).query)
    assert asked["redirect_uri"] == ["http://test/login/oidc/callback"]
    assert asked["scope"] == ["openid email profile"]
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    back = await browser.us.get(await browser.over_there(url))
    assert (back.status_code, back.headers["location"]) == (303, "/journeys/acme")
    cookies = " ".join(back.headers.get_list("set-cookie")).lower()
    assert "httponly" in cookies
    assert "samesite=lax" in cookies
    assert SESSION in browser.us.cookies
    assert COOKIE not in browser.us.cookies, "what was kept for the way back is gone"
    me = (await browser.us.get("/api/v1/session")).json()
    assert me["actor"] == "ann@s.test"
    assert me["roles"] == ["operator", "approver", "viewer"]


async def test_a_client_s_person_sees_only_that_client(api: Api, idp: Idp) -> None:
    add_oidc(api.app, own(idp, client_claim="company", actor="name", claim="group"))
    idp.claims = {"name": "Bo", "group": "customers", "company": "acme"}
    browser = Browser(api)
    await browser.sign_in()
    me = (await browser.us.get("/api/v1/session")).json()
    assert (me["actor"], me["roles"], me["client_id"]) == ("Bo", ["client"], "acme")


async def test_an_answer_counts_once_and_only_in_the_browser_that_asked(api: Api, idp: Idp) -> None:
    add_oidc(api.app, own(idp))
    browser, other = Browser(api), Browser(api)
    back = await browser.over_there(await browser.leave())
    stolen = await other.us.get(back)
    assert stolen.headers["location"] == "/login?sso=old"
    assert idp.exchanges == 0, "the code of somebody else is not even tried"
    await other.leave()
    assert (await other.us.get(back)).headers["location"] == "/login?sso=old"
    kept = browser.us.cookies[COOKIE]
    assert (await browser.us.get(back)).headers["location"] == "/journeys/acme"
    browser.us.cookies.delete(SESSION)
    browser.us.cookies.set(COOKIE, kept, domain="test.local", path="/login/oidc")
    assert (await browser.us.get(back)).headers["location"] == "/login?sso=failed"
    assert SESSION not in browser.us.cookies


@pytest.mark.parametrize(
    "bend",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "https://evil.test"},
        {"exp": 1},
        {"azp": "another"},
        {"at_hash": "wrong"},
    ],
    ids=lambda bend: next(iter(bend)),
)
async def test_a_token_that_is_not_for_us_signs_nobody_in(
    api: Api, idp: Idp, bend: dict[str, Any]
) -> None:
    add_oidc(api.app, own(idp))
    idp.bend = bend
    browser = Browser(api)
    assert (await browser.sign_in()).headers["location"] == "/login?sso=failed"
    assert SESSION not in browser.us.cookies


async def test_a_state_of_other_letters_is_another(api: Api, idp: Idp) -> None:
    add_oidc(api.app, own(idp))
    browser = Browser(api)
    await browser.leave()
    answer = await browser.us.get("/login/oidc/callback", params={"code": "1", "state": "žába"})
    assert answer.headers["location"] == "/login?sso=old"


async def test_a_token_signed_by_another_key_signs_nobody_in(api: Api, idp: Idp) -> None:
    add_oidc(api.app, own(idp))
    idp.signed_by = RSAKey.generate_key(2048, {"kid": "one"})
    assert (await Browser(api).sign_in()).headers["location"] == "/login?sso=failed"


async def test_a_provider_may_change_its_keys(api: Api, idp: Idp) -> None:
    add_oidc(api.app, own(idp))
    assert (await Browser(api).sign_in()).headers["location"] == "/journeys/acme"
    idp.key = RSAKey.generate_key(2048, {"kid": "two"})
    assert (await Browser(api).sign_in()).headers["location"] == "/journeys/acme"


async def test_who_may_not_is_told_on_the_login_page(api: Api, idp: Idp) -> None:
    add_oidc(api.app, own(idp))
    idp.deny = True
    assert (await Browser(api).sign_in()).headers["location"] == "/login?sso=denied"
    idp.deny, idp.claims = False, {"email": "eve@s.test", "groups": ["strangers"]}
    assert (await Browser(api).sign_in()).headers["location"] == "/login?sso=role"
    tries = [(await Browser(api).us.get("/login/oidc/callback")).status_code for _ in range(20)]
    assert 429 in tries, "whoever fails too often waits"


async def test_a_provider_that_is_away_is_no_stack_trace(api: Api) -> None:
    add_oidc(api.app, Provider("http://127.0.0.1:1", CLIENT, SECRET, {}))
    for _ in range(12):
        answer = await Browser(api).us.get("/login/oidc")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?sso=failed")
    assert api.app.state.context.logins.wait("127.0.0.1") == 0, "nobody has failed but the provider"


async def test_metadata_of_another_issuer_is_not_believed(api: Api, idp: Idp) -> None:
    add_oidc(api.app, Provider(f"{idp.issuer}/", CLIENT, SECRET, {}))
    answer = await Browser(api).us.get("/login/oidc")
    assert answer.headers["location"] == "/login?sso=failed"


def test_roles_are_given_by_groups() -> None:
    assert parse_roles("a b=viewer; c = admin , operator;") == {
        "a b": ("viewer",),
        "c": ("admin", "operator"),
    }
    for wrong in ("leads", "=viewer", "leads=", "bots=agent", "leads=Big Boss"):
        with pytest.raises(ValueError):
            parse_roles(wrong)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "u", "groups": []},
        {"sub": "u", "email": "a@s.test", "email_verified": False, "groups": ["it"]},
        {"sub": "u", "email": "a@s.test", "email_verified": "false", "groups": ["it"]},
        {"sub": "u", "email": "a@s.test", "groups": 7},
        {"sub": "u", "email": "a@s.test", "groups": ["customers"]},
        {"sub": "u", "email": "a@s.test", "groups": ["customers", "it"], "client": "acme"},
        {"sub": "engine", "groups": ["it"]},
    ],
    ids=[
        "no group",
        "unverified",
        "unverified in words",
        "no list",
        "no client",
        "client and more",
        "the engine's name",
    ],
)
def test_claims_that_give_no_role_are_refused(claims: dict[str, Any]) -> None:
    given = Provider("https://i.test", CLIENT, SECRET, parse_roles(ROLES))
    with pytest.raises(RefusedLogin) as refused:
        principal(given, claims)
    assert refused.value.code == "role"


@pytest.mark.parametrize("goal", ["https://evil.test", "//evil.test", "/\\evil.test", "x", "/\n"])
def test_nobody_is_sent_elsewhere(goal: str) -> None:
    assert safe(goal) == safe("/" + "x" * 5000) == "/"
    assert safe("/journeys/acme?x=1") == "/journeys/acme?x=1"


async def test_a_cookie_that_is_none_is_none(api: Api, idp: Idp) -> None:
    add_oidc(api.app, own(idp))
    browser = Browser(api)
    for text in ("", "[1]", "[" * 20_000):
        cookie = urlsafe_b64encode(text.encode()).decode() or "x"
        answer = await browser.us.get(
            "/login/oidc/callback?code=1&state=", headers={"Cookie": f"{COOKIE}={cookie}"}
        )
        assert answer.headers["location"] == "/login?sso=old"


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(Provider("https://i.test", CLIENT, SECRET, {}))
