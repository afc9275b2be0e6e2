import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.agents.callbacks import Callbacks
from sojourn.agents.directory import Directory
from sojourn.agents.spec import AgentSpec
from sojourn.api import create_app
from sojourn.api.callbacks import add_callbacks
from sojourn.control import start
from sojourn.control.tasks import callback_key
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.agents.servers import serving
from tests.api.served import Api
from tests.doors import rows, still_door
from tests.journeys.story import Story
from tests.store.test_limits import path


@dataclass
class Flow:
    """A flow of a flow builder: takes its work, and calls back when it is told to."""

    taken: list[dict[str, Any]] = field(default_factory=list)

    async def run(self, request: Request) -> Response:
        self.taken.append(orjson.loads(await request.body()))
        return JSONResponse({"status": "working"}, 202)

    @property
    def url(self) -> str:
        return str(self.taken[-1]["callback_url"])


@dataclass
class World:
    """An API that is called back, a worker, and the flow that it drives."""

    api: Api
    story: Story
    flow: Flow

    async def call(self, body: Any = None, url: str = "", **given: Any) -> httpx.Response:
        async with self.api.client(None) as http:
            answer: httpx.Response = await http.post(url or self.flow.url, json=body, **given)
        return answer

    async def task(self) -> tuple[Any, ...]:
        query = "SELECT status, output_data, question->>'prompt', error->>'message' FROM tasks"
        [found] = await rows(self.api.door.db, query)
        return found


@asynccontextmanager
async def world(db: Database, **specs: AgentSpec) -> AsyncIterator[World]:
    flow, door = Flow(), still_door(db)
    callbacks = Callbacks("http://test", await callback_key(door))
    async with serving(Starlette(routes=[Route("/run", flow.run, methods=["POST"])])) as url:
        known = {"flow": AgentSpec(protocol="http", url=f"{url}/run")} | specs
        agents = Directory(known, allow_private=True, callbacks=callbacks)
        app = create_app(door, agents)
        add_callbacks(app, callbacks)
        story = Story(door, agents)
        async with app.router.lifespan_context(app):
            while not app.state.context.feed.alive:
                await asyncio.sleep(0.01)
            yield World(Api(app, door), story, flow)
        await story.worker.close()
        await agents.aclose()


@pytest.fixture
async def begun(db: Database) -> AsyncIterator[World]:
    """A world in which the flow has taken its work."""
    async with world(db) as found:
        await start(found.api.door, load(path(["flow"])), "acme", "ann")
        await found.story.settle()
        assert (await found.task())[0] == "running"
        yield found


async def test_a_flow_calls_back_with_its_result(begun: World) -> None:
    answer = await begun.call({"status": "completed", "output": {"installed": 3}})
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    again = await begun.call({"status": "completed", "output": {"installed": 4}})
    assert (again.status_code, again.json()["code"]) == (409, "over")
    await begun.story.settle()
    assert (await begun.task())[:2] == ("completed", {"installed": 3})
    assert (await begun.call({"output": {}})).status_code == 409


async def test_a_flow_says_that_it_works_and_then_that_it_is_done(begun: World) -> None:
    assert (await begun.call({"status": "working"})).status_code == 202
    await begun.story.settle()
    assert (await begun.task())[0] == "running"
    assert (await begun.call({"status": "failed", "message": "no space"})).status_code == 202
    await begun.story.settle()
    assert (await begun.task())[3] == "no space"


async def test_a_flow_asks_and_names_where_it_waits_for_the_answer(begun: World) -> None:
    await begun.call({"status": "input-required", "prompt": "Which?", "answer_url": "/run"})
    await begun.story.settle()
    assert (await begun.task())[2] == "Which?"


async def test_a_result_that_cannot_be_used_fails_the_task_and_says_why(begun: World) -> None:
    await begun.call({"status": "sideways"})
    await begun.story.settle()
    assert "the status 'sideways' is none of" in (await begun.task())[3]


async def test_only_good_tokens_open(begun: World) -> None:
    token = begun.flow.url.rpartition("/")[2]
    for bad in ("x", f"{token}x", token[:-4], "a.b", "."):
        answer = await begun.call({}, url=f"/callbacks/{bad}")
        assert answer.status_code == 404, bad
    other = Callbacks("http://test", b"another key of 16 bytes")
    assert other.good_for == timedelta(days=3)


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b'{"a": NaN}', b'{"a": "\\u0000"}'])
async def test_what_is_no_object_is_refused_and_does_not_use_the_token_up(
    begun: World, body: bytes
) -> None:
    async with begun.api.client(None) as http:
        assert (await http.post(begun.flow.url, content=body)).status_code == 422
        assert (await http.post(begun.flow.url, content=b"x" * 2_000_000)).status_code == 413
    assert (await begun.call({"output": {"ok": True}})).status_code == 202
