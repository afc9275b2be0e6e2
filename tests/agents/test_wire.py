import asyncio
import gzip
from collections.abc import Sequence

import httpx
import pytest

from sojourn.agents.a2a_stream import STREAMS
from sojourn.agents.guard import Forbidden, Guard
from sojourn.agents.http import HttpAgent
from sojourn.agents.shape import BadAnswer
from sojourn.agents.wire import CONNECTIONS, client, patience
from sojourn.control import traces
from sojourn.core.outcomes import Failed
from sojourn.settings import Settings
from tests.agents.calls import call
from tests.agents.servers import raw, reply, request
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

    async with raw(hello) as url, client(Guard(allow_private=True, resolve=rebinding)) as web:
        port = url.rpartition(":")[2]
        response = await web.get(f"http://rebinding.example:{port}/")
        assert response.json() == {"hello": 1}
        assert asked == ["rebinding.example"]
        with pytest.raises(Forbidden, match=r"rebinding.example \(169.254.169.254\)"):
            await web.get(f"http://rebinding.example:{port}/")


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async def two(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with raw(hello) as url, client(Guard(allow_private=True, resolve=two)) as web:
        port = url.rpartition(":")[2]
        assert (await web.get(f"http://two.example:{port}/")).is_success


async def test_an_announced_size_is_refused_before_it_is_read() -> None:
    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n")
        await writer.drain()
        await asyncio.Event().wait()

    async with raw(large) as url, client(OPEN) as web:
        with pytest.raises(BadAnswer, match="larger than 1,048,576 bytes"):
            await web.get(url)


async def test_compressed_answers_are_refused() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    seen: list[bytes] = []

    async def zipped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request(reader))
        writer.write(reply(bomb, "200 OK", "Content-Encoding: gzip"))
        await writer.drain()

    async with raw(zipped) as url, client(OPEN) as web:
        with pytest.raises(BadAnswer, match=r"compressed \(gzip\)"):
            await web.get(url)
    assert b"Accept-Encoding: identity" in seen[0]


async def test_redirects_are_left_to_the_caller() -> None:
    async def away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(reply(b"", "302 Found", "Location: http://169.254.169.254/"))
        await writer.drain()

    async with raw(away) as url, client(OPEN) as web:
        assert (await web.get(url)).status_code == 302


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with raw(hello) as url, client(OPEN) as web:
        assert (await web.get(url)).is_success


async def test_plain_text_where_tls_was_expected_is_a_failure() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"{}", "400 Bad Request"))
        await writer.drain()

    async with raw(plain) as url:
        agent = HttpAgent(url.replace("http:", "https:"), client(OPEN))
        outcome = await agent.send(call())
        assert isinstance(outcome, Failed)
        assert outcome.retryable
        await agent.aclose()


def test_connecting_has_a_limit_of_its_own() -> None:
    assert patience(60) == httpx.Timeout(60, connect=10, pool=48)
    assert patience(2) == httpx.Timeout(2, connect=2, pool=1.6)


async def test_an_agent_is_told_of_the_trace_only_where_somebody_traces() -> None:
    told: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append((await reader.readuntil(b"\r\n\r\n")).lower())
        writer.write(reply(b"{}"))
        await writer.drain()

    async with raw(keep) as url, client(OPEN) as web:
        await web.get(url)
        with traced() as kept, traces.span("call"):
            await web.get(url)
    [span] = kept.get_finished_spans()
    without, within = told
    assert b"traceparent" not in without
    assert (
        f"traceparent: 00-{span.context.trace_id:032x}-{span.context.span_id:016x}".encode()
        in within
    )


def test_a_call_does_not_wait_for_the_end_of_another_s() -> None:
    assert Settings.model_fields["worker_tasks"].default + STREAMS <= CONNECTIONS
