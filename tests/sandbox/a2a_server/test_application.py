import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sojourn.sandbox.a2a_server.application import Setting, application, from_config
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.jobs import jobs
from sojourn.sandbox.serving import serving
from tests.sandbox.a2a_server.conftest import Agents
from tests.sandbox.a2a_server.peers import result

LETTER = {"to": "ann", "message": "hello"}


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
async def test_agents_are_called_over_both_bindings(world: Agents, binding: str) -> None:
    peer = await world.peer("notification-agent", binding)
    assert result(await peer.do(LETTER))["output"] == {"sent": 1}


async def test_every_agent_has_a_card_of_its_own(world: Agents) -> None:
    for name in jobs(Crowd()):
        url = f"{world.url}/{name}/.well-known/agent-card.json"
        card = (await world.http.get(url)).json()
        assert card["name"] == name
        assert card["supportedInterfaces"][0]["url"] == f"{world.url}/{name}/"


async def test_whoever_asked_for_it_is_told_of_the_end(world: Agents) -> None:
    told: list[tuple[str, Any]] = []
    finished = asyncio.Event()

    async def hear(request: Request) -> Response:
        body = await request.json()
        told.append((request.headers["x-a2a-notification-token"], body))
        if "COMPLETED" in str(body):
            finished.set()
        return Response(status_code=202)

    ears = Starlette(routes=[Route("/hear", hear, methods=["POST"])])
    async with serving(ears) as url:
        peer = await world.peer("notification-agent")
        await peer.send(LETTER, push=f"{url}/hear")
        async with asyncio.timeout(10):
            await finished.wait()
    assert {token for token, _ in told} == {"token"}


def test_a_process_serves_the_agents_it_is_told_to() -> None:
    config = {"service_url": "http://127.0.0.1:9", "secret": "s", "agents": ["survey-agent"],
              "limits": {"requests": 7, "collections": "/data"}}  # fmt: skip
    app = from_config(config, "http://127.0.0.1:8")
    assert [route.path for route in app.routes] == ["/survey-agent"]  # type: ignore[attr-defined]


def test_there_is_no_such_agent() -> None:
    with pytest.raises(BadInput, match="no agent 'survey'"):
        application(Setting("http://x", "http://y", "s", ("survey",)))
