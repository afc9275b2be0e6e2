import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from a2a.types import AgentCapabilities
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.agents.callbacks import Callbacks
from sojourn.agents.directory import Directory
from sojourn.agents.python import PythonAgent
from sojourn.agents.spec import AgentSpec
from sojourn.api import create_app
from sojourn.api.callbacks import add_callbacks
from sojourn.control import change, start
from sojourn.control.tasks import callback_key
from sojourn.core.commands import AnswerQuestion, Cancel
from sojourn.core.outcomes import Call
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.agents.a2a_peer import Served, served
from tests.agents.conformance import Peer
from tests.agents.servers import serving
from tests.api.served import Api
from tests.doors import rows, still_door
from tests.journeys.story import Story
from tests.store.test_limits import path

DONE = {"status": "completed", "output": {"installed": 3}}


@dataclass
class Flow:
    """A flow of a flow builder: takes its work, and calls back when it is told to."""

    taken: list[dict[str, Any]] = field(default_factory=list)

    async def run(self, request: Request) -> Response:
        self.taken.append(orjson.loads(await request.body()))
        return JSONResponse({"status": "working"}, 202)

    async def started(self, request: Request) -> Response:
        """Answer as n8n's webhook node does by default."""
        self.taken.append(orjson.loads(await request.body()))
        return JSONResponse({"message": "Workflow was started"})

    @property
    def url(self) -> str:
        return str(self.taken[-1]["callback_url"])


@dataclass
class World:
    """An API that is called back, a worker, and the flow that it drives."""

    api: Api
    story: Story
    flow: Flow
    callbacks: Callbacks

    async def call(self, body: Any = None, url: str = "", **given: Any) -> httpx.Response:
        async with self.api.client(None) as http:
            answer: httpx.Response = await http.post(url or self.flow.url, json=body, **given)
        return answer

    async def call_of(self) -> Call:
        """Return a call that names the attempt of the only task, as it stands."""
        query = "SELECT journey_id, uow_id, task_id, agent_id, fence, retry_count FROM tasks"
        [found] = await rows(self.api.door.db, query)
        return Call(*found)

    async def task(self) -> tuple[Any, ...]:
        query = "SELECT status, output_data, question->>'prompt', error->>'message' FROM tasks"
        [found] = await rows(self.api.door.db, query)
        return found


@asynccontextmanager
async def world(db: Database, **specs: AgentSpec) -> AsyncIterator[World]:
    flow, door = Flow(), still_door(db)
    callbacks = Callbacks("http://test", await callback_key(door))
    routes = [Route(f"/{do.__name__}", do, methods=["POST"]) for do in (flow.run, flow.started)]
    async with serving(Starlette(routes=routes)) as url:
        n8n: dict[str, Any] = {
            "url": f"{url}/started",
            "completes": "callback",
            "idempotent": False,
        }
        known = {
            "flow": AgentSpec(protocol="http", url=f"{url}/run"),
            "n8n": AgentSpec(protocol="http", **n8n),
        } | specs
        agents = Directory(known, allow_private=True, callbacks=callbacks)
        app = create_app(door, agents)
        add_callbacks(app, callbacks)
        story = Story(door, agents)
        async with app.router.lifespan_context(app):
            while not app.state.context.feed.alive:
                await asyncio.sleep(0.01)
            yield World(Api(app, door), story, flow, callbacks)
        await story.worker.close()
        await agents.aclose()


@asynccontextmanager
async def pushing(db: Database) -> AsyncIterator[tuple[World, Served]]:
    """Yield a world and an A2A agent in it that works until it is told to go on, and pushes."""
    found: list[World] = []

    async def reach(asked: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(found[0].api.app)
        return await transport.handle_async_request(asked)

    peer = Peer(PythonAgent(lambda _: {}))
    card: dict[str, Any] = {"capabilities": AgentCapabilities(push_notifications=True)}
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(reach)) as web,
        served(peer, ["HTTP+JSON"], web, **card) as agent,
        world(db, flow=AgentSpec(protocol="a2a", url=agent.url)) as made,
    ):
        found.append(made)
        text = path(["flow"]).replace("agent: flow", "agent: flow, input: {behaviour: waiting}")
        await start(made.api.door, load(text), "acme", "ann")
        await made.story.settle()
        assert (await made.task())[0] == "running"
        yield made, agent


@pytest.fixture
async def begun(db: Database) -> AsyncIterator[World]:
    """A world in which the flow has taken its work."""
    async with world(db) as found:
        await start(found.api.door, load(path(["flow"])), "acme", "ann")
        await found.story.settle()
        assert (await found.task())[0] == "running"
        yield found


async def test_a_flow_calls_back_with_its_result(begun: World) -> None:
    answer = await begun.call(DONE)
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
    token, made = begun.flow.url.rpartition("/")[2], await begun.call_of()
    other = Callbacks("http://test", b"another key of 16 bytes")
    expired = begun.callbacks.token(made, datetime.now(UTC) - timedelta(days=3))
    wrong = other.token(made, datetime.now(UTC))
    for bad in ("x", f"{token}x", token[:-4], "a.b", ".", wrong, expired):
        answer = await begun.call({}, url=f"/callbacks/{bad}")
        assert answer.status_code == 404, bad
    for attempt in (replace(made, retry_count=1), replace(made, task_id="t1")):
        other_token = begun.callbacks.token(attempt, datetime.now(UTC))
        assert (await begun.call({}, url=f"/callbacks/{other_token}")).status_code == 409
    assert (await begun.task())[0] == "running"


async def test_a_flow_that_sends_credentials_of_its_own_is_heard(begun: World) -> None:
    own = {"Authorization": "Basic YTpi"}
    assert (await begun.call(DONE, headers=own)).status_code == 202
    assert (await begun.call(DONE, headers=own)).status_code == 409
    assert (await begun.call({}, url="/callbacks", headers=own)).status_code == 404


async def test_a_token_is_in_no_log(
    begun: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    capsys.readouterr()
    with monkeypatch.context() as broken:
        broken.setattr("sojourn.api.callbacks.call_back", None)
        assert (await begun.call(DONE)).status_code == 500
    assert "a request failed" in (failed := "".join(capsys.readouterr()))
    assert begun.flow.url.rpartition("/")[2] not in failed
    assert (await begun.call(DONE)).status_code == 202
    assert (await begun.call(DONE)).status_code == 409
    logged = "".join(capsys.readouterr())
    assert "/callbacks/…" in logged
    assert begun.flow.url.rpartition("/")[2] not in logged


async def test_a_token_may_come_in_the_header_of_a2a(begun: World) -> None:
    token = begun.flow.url.rpartition("/")[2]
    for given, status in (({}, 404), ({"x-a2a-notification-token": "x"}, 404)):
        assert (await begun.call({}, url="/callbacks", headers=given)).status_code == status
    headers = {"X-A2A-Notification-Token": token}
    assert (await begun.call(DONE, url="/callbacks", headers=headers)).status_code == 202
    await begun.story.settle()
    assert (await begun.task())[:2] == ("completed", {"installed": 3})


async def test_a_result_is_kept_though_nobody_has_read_yet_that_work_had_begun(
    begun: World,
) -> None:
    for body in ({"status": "Running"}, {"status": "in_progress"}, DONE):
        assert (await begun.call(body)).status_code == 202
    for body in ({"status": "working"}, {"status": "failed"}):
        assert (await begun.call(body)).status_code == 409
    await begun.story.settle()
    assert (await begun.task())[:2] == ("completed", {"installed": 3})


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b'{"a": NaN}', b'{"a": "\\u0000"}'])
async def test_what_is_no_object_is_refused_and_does_not_use_the_token_up(
    begun: World, body: bytes
) -> None:
    async with begun.api.client(None) as http:
        assert (await http.post(begun.flow.url, content=body)).status_code == 422
        assert (await http.post(begun.flow.url, content=b"x" * 2_000_000)).status_code == 413
    assert (await begun.call({"output": {"ok": True}})).status_code == 202


async def due(world: World) -> bool:
    [(found,)] = await rows(world.api.door.db, "SELECT due_at <= %s FROM tasks", world.story.now)
    return bool(found)


async def test_a_push_lets_a_worker_ask_at_once(db: Database) -> None:
    async with pushing(db) as (world, agent):
        await world.story.settle()
        assert not await due(world)
        agent.executor.go.set()
        # The push that says that the work has begun may come only now, and be the first one seen to.
        while (await world.task())[0] == "running":
            while not await due(world):
                await asyncio.sleep(0.01)
            await world.story.settle()
        assert (await world.task())[:2] == ("completed", {"said": "gone"})
        assert sum(agent.executor.peer.executed.values()) == 1


async def test_a_push_is_a_hint_and_the_agent_is_asked(db: Database) -> None:
    async with pushing(db) as (world, agent):
        made = await world.call_of()
        url = world.callbacks.fields(made)["callback_url"]
        lie = {"task": {"id": "x", "status": {"state": "TASK_STATE_COMPLETED"}}, **DONE}
        for _ in range(3):
            assert (await world.call(lie, url)).status_code == 202
        assert await due(world)
        await world.story.settle()
        assert (await world.task())[0] == "running"
        assert not await due(world)
        for body in ({"statusUpdate": {"status": {"state": "TASK_STATE_FAILED"}}}, {}):
            assert (await world.call(body, url)).status_code == 202
            await world.story.settle()
        assert (await world.task())[0] == "running"
        agent.executor.go.set()


async def test_what_pushes_after_its_journey_ended_is_told_so(db: Database) -> None:
    async with pushing(db) as (world, agent):
        made = await world.call_of()
        await change(world.api.door, made.journey_id, Cancel(actor="ann", reason="gone"))
        await world.story.settle()
        url = world.callbacks.fields(made)["callback_url"]
        assert (await world.call(DONE, url)).status_code == 409
        agent.executor.go.set()


async def test_a_flow_that_only_says_that_it_was_started_is_done_when_it_calls_back(
    db: Database,
) -> None:
    async with world(db) as world_:
        await start(world_.api.door, load(path(["n8n"])), "acme", "ann")
        await world_.story.settle()
        assert (await world_.task())[0] == "running"
        for body in ({"status": "working"}, DONE):
            assert (await world_.call(body)).status_code == 202
        await world_.story.settle()
        assert (await world_.task())[:2] == ("completed", {"installed": 3})
        assert len(world_.flow.taken) == 1


async def test_a_flow_asks_a_person_and_goes_on_with_the_answer(db: Database) -> None:
    async with world(db) as world_:
        await start(world_.api.door, load(path(["n8n"])), "acme", "ann")
        await world_.story.settle()
        asks = {"status": "input-required", "prompt": "Which space?", "answer_url": "/started"}
        assert (await world_.call(asks)).status_code == 202
        await world_.story.settle()
        assert (await world_.task())[2] == "Which space?"
        made = await world_.call_of()
        answer = AnswerQuestion(actor="ann", unit=str(made.uow_id), task=made.task_id, answer="ENG")
        await change(world_.api.door, made.journey_id, answer)
        await world_.story.settle()
        assert [t.get("answer") for t in world_.flow.taken] == [None, "ENG"]
        assert (await world_.task())[0] == "running"
        assert (await world_.call(DONE)).status_code == 202
        await world_.story.settle()
        assert (await world_.task())[:2] == ("completed", {"installed": 3})


async def test_a_token_of_an_earlier_run_of_repeated_work_is_over(begun: World) -> None:
    earlier = begun.flow.url
    query = "UPDATE tasks SET started_at = started_at + interval '6 hours'"
    async with begun.api.door.db.connection() as connection:
        await connection.execute(query.encode())
    answer = await begun.call({"output": {"installed": 3}}, url=earlier)
    assert (answer.status_code, answer.json()["code"]) == (409, "over")
    assert (await begun.task())[0] == "running"
