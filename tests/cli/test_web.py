import asyncio
import socket
from typing import Any

import httpx
import pytest

from sojourn.cli.failures import Failure, Status
from sojourn.cli.web import alone, listening, serving, url


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_requests_are_answered_while_it_serves() -> None:
    with listening("127.0.0.1", 0) as bound:
        async with serving(bound, hello) as running, httpx.AsyncClient() as client:
            assert (await client.get(url(bound))).text == "hello"
            assert not running.done()
        assert running.done()


def test_an_address_is_spelled_as_a_url() -> None:
    with listening("127.0.0.1", 0) as bound:
        assert url(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_what_this_machine_alone_reaches_is_known() -> None:
    for host, expected in (("127.0.0.1", True), ("0.0.0.0", False)):
        with listening(host, 0) as bound:
            assert alone(bound) is expected


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_ipv6_address_stands_in_brackets() -> None:
    try:
        with listening("::1", 0) as bound:
            assert url(bound).startswith("http://[::1]:")
    except Failure:
        pytest.skip("no IPv6 loopback here")


def refusal(host: str, port: int, *named: str) -> Failure:
    with pytest.raises(Failure) as caught, listening(host, port, *named):
        pass
    return caught.value


def test_what_cannot_be_bound_is_told_with_the_fix() -> None:
    with listening("127.0.0.1", 0) as bound:
        taken = refusal("127.0.0.1", bound.getsockname()[1])
        other = refusal("127.0.0.1", bound.getsockname()[1], "--port")
    assert other.told.remedy == "set --port to another port, or to 0 for a free one"
    assert taken.told.code == "conflict"
    assert "is taken by another process" in taken.told.message
    nowhere = refusal("no such host", 0)
    assert nowhere.told.status == Status.BAD_INPUT
    assert "is no address of this machine" in nowhere.told.message
    assert "cannot listen on" in refusal("192.0.2.1", 0).told.message


async def test_a_server_that_does_not_begin_is_no_success() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with listening("127.0.0.1", 0) as bound:
        with pytest.raises(Failure, match="has ended by itself"):
            async with serving(bound, broken) as running:
                await running
        with pytest.raises(ValueError, match="mine"):
            async with serving(bound, broken) as running:
                await running
                raise ValueError("mine")


async def test_cancelling_what_it_serves_stops_it() -> None:
    with listening("127.0.0.1", 0) as bound:

        async def work() -> None:
            async with serving(bound, hello):
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
