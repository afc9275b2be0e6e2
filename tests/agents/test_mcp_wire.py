import asyncio
from collections.abc import Sequence

import httpx2
import pytest

from sojourn.agents.guard import Forbidden, Guard
from sojourn.agents.mcp_wire import Credentials, Witness, http_client
from sojourn.agents.shape import BadAnswer
from sojourn.agents.spec import OAuth2, SpecAuth
from sojourn.control import traces
from tests.agents.servers import free_port, raw, reply, request, serving
from tests.agents.test_credentials import Server
from tests.tracer import traced

OPEN = Guard(allow_private=True)


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    writer.write(reply(b'{"hello": 1}'))
    await writer.drain()


async def test_a_name_is_resolved_once_and_then_connected_to() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    guard = Guard(allow_private=True, resolve=rebinding)
    witness = Witness()
    async with raw(hello) as url, http_client(guard, witness, 100) as web:
        port = url.rpartition(":")[2]
        assert (await web.get(f"http://rebinding.example:{port}/")).json() == {"hello": 1}
        with pytest.raises(Forbidden):
            await web.get(f"http://rebinding.example:{port}/")
    assert isinstance(witness.error, Forbidden)


async def test_answers_are_bounded_and_witnessed() -> None:
    witness = Witness()
    async with raw(hello) as url, http_client(OPEN, witness, 5) as web:
        with pytest.raises(BadAnswer, match="larger than 5 bytes"):
            await web.get(url)
    assert isinstance(witness.error, BadAnswer)


async def test_compressed_answers_are_refused() -> None:
    async def zipped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"ccept-encoding: identity" in (await request(reader)).lower()
        writer.write(reply(b"x", "200 OK", "Content-Encoding: gzip"))
        await writer.drain()

    async with raw(zipped) as url, http_client(OPEN, Witness(), 100) as web:
        with pytest.raises(BadAnswer, match=r"compressed \(gzip\)"):
            await web.get(url)


async def test_refusals_are_witnessed_until_the_call_begins() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(reply(b"", "503 Service Unavailable"))
        await writer.drain()

    witness = Witness()
    async with raw(refuse) as url, http_client(OPEN, witness, 100) as web:
        await web.get(url)
    assert witness.response is not None
    assert witness.response.status_code == 503
    witness.begin()
    assert witness == Witness(calling=True)


async def test_a_server_that_is_not_there_is_witnessed() -> None:
    witness = Witness()
    async with http_client(OPEN, witness, 100) as web:
        with pytest.raises(httpx2.ConnectError):
            await web.get(f"http://127.0.0.1:{free_port()}/")
        with pytest.raises(httpx2.ConnectError, match="cannot be resolved"):
            await web.get("http://no-such-host.invalid/")
    assert isinstance(witness.error, httpx2.ConnectError)


async def test_credentials_go_to_their_own_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEER_TOKEN", "hunter2")
    monkeypatch.setenv("PEER_ID", "sojourn")
    monkeypatch.setenv("PEER_SECRET", "hunter4")
    server = Server()
    bearer = SpecAuth(bearer_env="PEER_TOKEN")
    async with serving(server.app()) as url:
        pair = {"client_id_env": "PEER_ID", "client_secret_env": "PEER_SECRET"}
        flow = SpecAuth(oauth2=OAuth2(token_url=f"{url}/token", **pair))
        for auth, there in ((bearer, url), (bearer, "https://x.example"), (flow, url)):
            async with http_client(OPEN, Witness(), 100, Credentials(auth, there, OPEN)) as web:
                await web.post(f"{url}/work")
                server.issued += auth is flow
                await web.post(f"{url}/work")
    seen = [headers.get("authorization") for headers in server.seen]
    assert seen == ["Bearer hunter2"] * 2 + [None] * 2 + ["Bearer t1", "Bearer t1", "Bearer t3"]


async def test_a_server_is_told_of_the_trace_where_somebody_traces() -> None:
    told: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append((await reader.readuntil(b"\r\n\r\n")).lower())
        writer.write(reply(b"{}"))
        await writer.drain()

    async with raw(keep) as url, http_client(OPEN, Witness(), 100) as web:
        await web.get(url)
        with traced() as kept, traces.span("call"):
            await web.get(url)
    [span] = kept.get_finished_spans()
    assert b"traceparent" not in told[0]
    assert f"traceparent: 00-{span.context.trace_id:032x}-".encode() in told[1]
