import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from sojourn.agents import connections
from sojourn.agents.connections import Lines
from sojourn.agents.guard import Guard
from sojourn.agents.http import HttpAgent
from sojourn.agents.wire import client
from sojourn.core.outcomes import Failed
from tests.agents.calls import call
from tests.agents.servers import raw, reply, request

OPEN = Guard(allow_private=True)


class Counting:
    """A server that counts its connections, and answers each request when it may."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.waiting = 0
        self.may = asyncio.Event()
        self.may.set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        try:
            while True:
                asked = await request(reader)
                self.waiting += 1
                await self.may.wait()
                self.waiting -= 1
                writer.write(reply(b"{}"))
                await writer.drain()
                if b"/bye" in asked:
                    return
        finally:
            self.closed += 1

    async def has(self, name: str, many: int) -> None:
        """Wait until a count is what it should be."""
        async with asyncio.timeout(30):
            while getattr(self, name) != many:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def counted(most: int = 600) -> AsyncIterator[tuple[Counting, str, httpx.AsyncClient]]:
    served = Counting()
    async with raw(served) as url, client(OPEN, connections=most) as web:
        yield served, url, web


async def burst(served: Counting, web: httpx.AsyncClient, url: str, many: int) -> None:
    """Send so many requests that are all under way at once."""
    served.may.clear()
    sent = [asyncio.create_task(fetched(web, url)) for _ in range(many)]
    await served.has("waiting", many)
    served.may.set()
    assert await asyncio.gather(*sent) == [200] * many


async def test_what_one_burst_opened_serves_the_next() -> None:
    async with counted() as (served, url, web):
        for _ in range(3):
            await burst(served, web, url, 60)
        assert served.opened == 60
        assert served.closed == 0


async def test_where_too_many_are_open_the_one_unused_longest_goes() -> None:
    lines, one, other = Lines(most=5), Counting(), Counting()
    async with raw(one) as here, raw(other) as there, client(OPEN, lines=lines) as web:
        await burst(one, web, here, 4)
        await burst(other, web, there, 3)
        await one.has("closed", 2)
        await burst(other, web, there, 8)
        await one.has("closed", 4)
        assert (other.opened, other.closed) == (8, 0)
        await fetched(web, here)
        await other.has("closed", 4)


async def test_clients_share_room_but_no_connection() -> None:
    lines, served = Lines(most=3), Counting()
    async with raw(served) as url, client(OPEN, lines=lines) as one:
        async with client(OPEN, lines=lines) as other:
            await burst(served, one, url, 2)
            await burst(served, other, url, 2)
            await served.has("closed", 1)
            assert served.opened == 4
        await served.has("closed", 3)
        assert await fetched(one, url) == 200
        assert served.opened == 4


async def test_what_nobody_used_for_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "KEEP_SECONDS", 0.05)
    async with counted() as (served, url, web):
        await burst(served, web, url, 4)
        await served.has("closed", 4)
        assert await fetched(web, url) == 200
        await served.has("closed", 5)


async def test_a_connection_that_the_server_has_closed_is_not_taken() -> None:
    async with counted() as (served, url, web):
        await fetched(web, f"{url}/bye")
        await served.has("closed", 1)
        assert [await fetched(web, url) for _ in range(3)] == [200] * 3
        assert served.opened == 2


async def test_a_request_that_is_given_up_takes_its_connection_with_it() -> None:
    async with counted(most=1) as (served, url, web):
        served.may.clear()
        given_up = asyncio.create_task(fetched(web, url))
        await served.has("waiting", 1)
        given_up.cancel()
        await asyncio.wait([given_up])
        served.may.set()
        assert await fetched(web, url) == 200
        assert served.opened == 2


async def test_an_answer_that_nobody_reads_to_its_end_takes_its_connection_with_it() -> None:
    async with counted(most=1) as (served, url, web):
        async with web.stream("GET", url):
            pass
        assert await fetched(web, url) == 200
        assert served.opened == 2


async def test_each_server_has_its_own() -> None:
    async with counted() as (one, here, web), raw(other := Counting()) as there:
        for url in (here, there, here, there):
            assert await fetched(web, url) == 200
        assert (one.opened, other.opened) == (1, 1)


async def test_the_end_closes_what_is_in_use_too() -> None:
    async with counted() as (served, url, web):
        await fetched(web, url)
        served.may.clear()
        cut = asyncio.create_task(fetched(web, url))
        await served.has("waiting", 1)
        await web.aclose()
        with pytest.raises(httpx.TransportError):
            await cut
        served.may.set()
        await served.has("closed", 1)


async def test_a_connection_is_kept_until_more_comes_than_was_asked_for() -> None:
    opened, answers = 0, iter((b"", b"", reply(b"{}"), b"", b""))

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while True:
            await request(reader)
            writer.write(reply(b"[]") + next(answers))
            await writer.drain()

    async with raw(counting) as url, client(OPEN) as web:
        for connections in (1, 1, 1, 2, 2):
            assert (await web.get(url)).content == b"[]"
            assert opened == connections


async def test_who_finds_no_connection_in_time_has_sent_nothing() -> None:
    taken = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await asyncio.Event().wait()

    async with raw(silent) as url, client(OPEN, connections=1) as web:
        first = asyncio.create_task(web.get(url))
        await asyncio.wait_for(taken.wait(), 30)
        agent = HttpAgent(url, web, idempotent=False)
        outcome = await agent.send(call(seconds=0.3))
        assert outcome == Failed("cannot be reached: all connections are busy")
        first.cancel()
        await asyncio.wait([first])
    async with raw(Counting()) as url, client(OPEN, connections=1) as web:
        assert await asyncio.gather(*(fetched(web, url) for _ in range(20))) == [200] * 20


async def fetched(web: httpx.AsyncClient, url: str) -> int:
    return (await web.get(url)).status_code
