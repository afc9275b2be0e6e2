from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.agents.credentials import Credentials, MissingCredential, static_headers
from sojourn.agents.guard import Guard
from sojourn.agents.spec import OAuth2, SpecAuth
from sojourn.agents.wire import client
from tests.agents.servers import serving

BEARER = SpecAuth(bearer_env="PEER_TOKEN")
HEADER = SpecAuth(header="X-Api-Key", env="PEER_KEY")


class Server:
    """Issues tokens, and accepts the newest one only."""

    def __init__(self) -> None:
        self.issued = 0
        self.expires_in: Any = 3600
        self.seen: list[dict[str, str]] = []
        self.asked: list[tuple[str, str]] = []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/token", self.token, methods=["POST"]),
                Route("/work", self.work, methods=["POST"]),
            ]
        )

    async def token(self, asked: Request) -> Response:
        self.asked.append((asked.headers["authorization"], (await asked.body()).decode()))
        self.issued += 1
        if self.expires_in is None:
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": f"t{self.issued}", "expires_in": self.expires_in})

    async def work(self, asked: Request) -> Response:
        self.seen.append(dict(asked.headers))
        good = asked.headers.get("authorization") == f"Bearer t{self.issued}"
        return JSONResponse({}, 200 if good else 401)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def url(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setenv("PEER_TOKEN", "hunter2")
    monkeypatch.setenv("PEER_KEY", "hunter3")
    monkeypatch.setenv("PEER_ID", "sojourn")
    monkeypatch.setenv("PEER_SECRET", "hunter4")
    async with serving(server.app()) as there:
        yield there


def web(auth: SpecAuth, url: str) -> httpx.AsyncClient:
    return client(Guard(allow_private=True), auth=Credentials(auth, url))


def flow(url: str) -> SpecAuth:
    pair = {"client_id_env": "PEER_ID", "client_secret_env": "PEER_SECRET"}
    return SpecAuth(oauth2=OAuth2(token_url=f"{url}/token", scope="journeys", **pair))


async def test_a_bearer_token_or_a_header(url: str, server: Server) -> None:
    for auth in (BEARER, HEADER):
        async with web(auth, url) as asking:
            await asking.post(f"{url}/work")
    assert server.seen[0]["authorization"] == "Bearer hunter2"
    assert server.seen[1]["x-api-key"] == "hunter3"
    assert "authorization" not in server.seen[1]


async def test_another_origin_gets_no_credentials(url: str, server: Server) -> None:
    for auth in (BEARER, HEADER, flow(url)):
        async with web(auth, "https://agent.example/") as asking:
            await asking.post(f"{url}/work")
    for headers in server.seen:
        assert not {"authorization", "x-api-key"} & set(headers)
    assert server.issued == 0


async def test_an_origin_that_the_entry_names_gets_them_too(url: str, server: Server) -> None:
    auth = SpecAuth(bearer_env="PEER_TOKEN", origins=(url,))
    async with web(auth, "https://agent.example/") as asking:
        await asking.post(f"{url}/work")
    assert server.seen[0]["authorization"] == "Bearer hunter2"


async def test_a_token_is_fetched_once_and_used_again(url: str, server: Server) -> None:
    async with web(flow(url), url) as asking:
        answers = [await asking.post(f"{url}/work") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 200]
    basic = b64encode(b"sojourn:hunter4").decode()
    assert server.asked == [(f"Basic {basic}", "grant_type=client_credentials&scope=journeys")]


async def test_a_token_about_to_expire_is_not_used_for_long(url: str, server: Server) -> None:
    server.expires_in = 0
    credentials = Credentials(flow(url), url)
    async with client(Guard(allow_private=True), auth=credentials) as asking:
        await asking.post(f"{url}/work")
        assert credentials._tokens is not None
        credentials._tokens._until = 0.0
        assert (await asking.post(f"{url}/work")).status_code == 200
    assert server.issued == 2


async def test_a_refused_token_is_fetched_anew_once(url: str, server: Server) -> None:
    async with web(flow(url), url) as asking:
        await asking.post(f"{url}/work")
        server.issued = 7
        assert (await asking.post(f"{url}/work")).status_code == 200
    assert server.issued == 8


@pytest.mark.parametrize("expires_in", [None, "soon"])
async def test_a_server_that_gives_no_token(url: str, server: Server, expires_in: Any) -> None:
    server.expires_in = expires_in
    async with web(flow(url), url) as asking:
        with pytest.raises(MissingCredential, match="/token gave no token") as caught:
            await asking.post(f"{url}/work")
    assert "hunter" not in str(caught.value)


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEER_TOKEN", " ")
    with pytest.raises(MissingCredential, match="environment variable PEER_TOKEN is not set"):
        static_headers(BEARER)
    assert static_headers(None) == {}
