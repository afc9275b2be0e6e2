import asyncio
from dataclasses import replace

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from sojourn.sandbox.online.wire import BrokenAnswer, Wire
from sojourn.sandbox.serving import serving
from tests.agents.servers import free_port, raw, reply, request
from tests.sandbox.online.desks import Site


async def echo(request: Request) -> JSONResponse:
    said = {"body": await request.json(), "who": request.headers.get("x-who")}
    return JSONResponse(said, 201, {"x-peer": str(request.client)})


async def stream(_: Request) -> StreamingResponse:
    return StreamingResponse(iter([b"a", b"b"]))


async def shown(request: Request) -> JSONResponse:
    return JSONResponse({"method": request.method, "q": request.query_params.get("q")})


APP = Starlette(
    routes=[
        Route("/shown", shown, methods=["GET", "DELETE"]),
        Route("/echo", echo, methods=["POST"]),
        Route("/stream", stream, methods=["POST"]),
    ]
)


async def test_requests_are_answered_over_kept_connections() -> None:
    async with serving(APP) as url:
        wire = Wire(url)
        for n in range(3):
            status, body = await wire.ask("POST", "/echo", {"x-who": "ann"}, b'{"n":%d}' % n)
            assert (status, orjson.loads(body)) == (201, {"body": {"n": n}, "who": "ann"})
        every = [wire.ask("POST", "/echo", {}, b"{}") for _ in range(20)]
        assert {status for status, _ in await asyncio.gather(*every)} == {201}
        await wire.aclose()


async def test_any_method_is_asked() -> None:
    async with serving(APP) as url:
        wire = Wire(url)
        for method in ("GET", "DELETE"):
            status, body = await wire.ask(method, "/shown?q=a", {})
            assert (status, orjson.loads(body)) == (200, {"method": method, "q": "a"})
        assert (await wire.ask("PUT", "/shown", {}, b"{}"))[0] == 405
        await wire.aclose()


async def test_a_connection_that_was_closed_meanwhile_is_opened_anew() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(reply(b"{}"))

    async with raw(once) as url:
        wire = Wire(url)
        for _ in range(3):
            assert await wire.ask("POST", "/", {}, b"{}") == (200, b"{}")
        await wire.aclose()


async def test_what_a_server_has_heard_is_not_asked_again() -> None:
    heard = 0

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        for answer in (reply(b"{}"), reply(b"{}")[:-1]):
            await request(reader)
            heard += 1
            writer.write(answer)

    async with raw(dies) as url:
        wire = Wire(url)
        assert await wire.ask("POST", "/", {}, b"{}") == (200, b"{}")
        with pytest.raises(BrokenAnswer, match="broken"):
            await wire.ask("POST", "/", {}, b"{}")
        await wire.aclose()
    assert heard == 2


async def test_answers_without_a_length_or_an_end_are_broken() -> None:
    async with serving(APP) as url:
        with pytest.raises(BrokenAnswer, match="length"):
            await Wire(url).ask("POST", "/stream", {}, b"{}")

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(reply(b"{}")[:-1])

    async with raw(dies) as url:
        with pytest.raises(BrokenAnswer, match="broken"):
            await Wire(url).ask("POST", "/", {}, b"{}")


async def test_a_server_that_is_gone_is_an_error() -> None:
    with pytest.raises(OSError, match="onnect"):
        await Wire(f"http://127.0.0.1:{free_port()}").ask("POST", "/", {}, b"{}")


async def test_searches_are_the_same_with_and_without_it(site: Site) -> None:
    await site.install("jira")
    world = await site.desk().installed()
    who = "judge-sales@medtronic.example"
    text = " ".join(world.queries[0].words)
    lean = await site.backend.search(text, who)
    general = await replace(site.backend, wire=None).search(text, who)
    assert lean.ids == general.ids
    assert lean.ids
