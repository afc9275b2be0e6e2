import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from a2a.client import Client
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
    TaskState,
)
from a2a.utils.errors import (
    A2AError,
    InternalError,
    InvalidParamsError,
    TaskNotFoundError,
    UnsupportedOperationError,
)

from sojourn.api import a2a_intake
from sojourn.api.a2a_handler import answerable
from sojourn.control import change, tick
from sojourn.core.commands import Cancel
from sojourn.store.errors import DatabaseUnavailable
from sojourn.store.postgres import Database
from tests.api.faced import a2a_client, document, faced, message, send, streaming, text
from tests.api.served import Api
from tests.doors import rows

DONE, WORKING = TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_WORKING
FAILED, REJECTED = TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_REJECTED
ASKS, CANCELED = TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_CANCELED
START = {
    "skill": "start_journey",
    "client": "medtronic",
    "path": "standard",
    "reason": "signed",
    "facts": {"contract_signed": True, "data_sources": ["confluence"]},
}


@pytest.fixture
async def api(db: Database) -> AsyncIterator[Api]:
    async with faced(db) as api:
        yield api


@pytest.fixture
async def client(api: Api) -> AsyncIterator[Client]:
    async with a2a_client(api, "operator") as client:
        yield client


async def settled(api: Api) -> None:
    while await tick(api.door):
        pass


async def task_of(client: Client, task: Task) -> Task:
    return await client.get_task(GetTaskRequest(id=task.id))


async def move(api: Api, task: Task, stage: str) -> None:
    """Let a journey enter a stage, as its journal would say."""
    journey = document(task, 0)["journey"]["journey_id"]
    await rows(
        api.door.db,
        "WITH was AS (SELECT * FROM journey_states WHERE journey_id = %s),"
        " via AS (SELECT t.* FROM transitions t JOIN was USING (path_id)"
        "   WHERE t.from_stage = was.current_stage AND t.to_stage = %s LIMIT 1),"
        " told AS (INSERT INTO journey_events (journey_id, seq, type, at, actor, path_id,"
        "   from_stage, event, to_stage, prev_stage_seq, prev_hash, hash)"
        "   SELECT was.journey_id, was.seq + 1, 'transition', now(), 'test', was.path_id,"
        "     via.from_stage, via.event, via.to_stage, was.stage_seq, was.hash, '\\x01'"
        "   FROM was, via)"
        " UPDATE journey_states j SET seq = j.seq + 1, stage_seq = j.seq + 1,"
        "   target_stage = CASE WHEN via.to_stage = 'rollback' THEN 'pilot' END,"
        "   current_stage = via.to_stage FROM was, via WHERE j.journey_id = was.journey_id",
        journey,
        stage,
    )


async def test_a_short_errand_is_a_completed_task_with_its_result(api: Api, client: Client) -> None:
    await api.start("acme")
    task = await send(client, {"skill": "explain", "client": "acme"})
    assert task.status.state == DONE
    assert "acme (small@1) is in sandbox" in text(task)
    assert document(task)["client_id"] == "acme"
    assert await task_of(client, task) == task


async def test_plain_words_will_do(api: Api, client: Client) -> None:
    await api.start("acme")
    assert "sandbox" in text(await send(client, "why is acme stuck?", name="m-1"))
    held = await send(client, "hold acme because of a holiday", name="m-2")
    assert text(held).startswith("Held. acme (small@1) is in sandbox")
    stuck = await send(client, "Which clients are stuck and why?", name="m-3")
    assert document(stuck)["journeys"][0]["message"] == "held by a-operator: of a holiday"
    what = await send(client, "sing a song", name="m-4")
    assert what.status.state == REJECTED
    assert "explain medtronic" in text(what)


async def test_one_message_is_one_task_however_often_and_through_whom_it_comes(api: Api) -> None:
    async def one(binding: str) -> Task:
        async with a2a_client(api, "operator", binding) as client:
            return await send(client, START)

    tasks = await asyncio.gather(*(one(b) for b in ("JSONRPC", "HTTP+JSON") * 4))
    assert len({task.id for task in tasks}) == 1
    assert {task.status.state for task in tasks} == {DONE}
    assert await rows(api.door.db, "SELECT count(*) FROM journey_states") == [(1,)]
    assert await rows(api.door.db, "SELECT count(*) FROM a2a_tasks") == [(1,)]


async def test_a_message_id_is_for_one_message_and_its_senders_own(
    api: Api, client: Client
) -> None:
    await api.start("acme")
    task = await send(client, "status acme")
    with pytest.raises(InvalidParamsError, match="another message"):
        await send(client, "explain acme")
    async with a2a_client(api, "viewer") as other:
        own = await send(other, "explain acme")
        assert own.id != task.id
        for asked in (other.get_task(GetTaskRequest(id=task.id)), task_of(other, task)):
            with pytest.raises(TaskNotFoundError):
                await asked
        assert [t.id for t in (await other.list_tasks(ListTasksRequest())).tasks] == [own.id]


async def test_callers_act_within_their_roles(api: Api) -> None:
    await api.start("acme")
    async with a2a_client(api, "viewer") as client:
        task = await send(client, "hold acme because I say so")
    assert task.status.state == REJECTED
    assert "needs the role operator" in text(task)
    assert document(task)["code"] == "role"
    assert await rows(api.door.db, "SELECT 1 FROM journey_states WHERE held_by IS NOT NULL") == []


async def test_a_refused_change_is_a_failed_task_with_the_checks(api: Api, client: Client) -> None:
    await api.start("acme", {"contract_signed": True})
    await settled(api)
    task = await send(client, "promote acme because it is time")
    assert task.status.state == FAILED
    assert {c["name"] for c in document(task)["gate"]["checks"]} >= {"quality"}
    again = await send(client, "start acme because again", name="m-2")
    assert again.status.state in (FAILED, DONE)


async def test_what_is_missing_is_asked_for_and_the_same_task_goes_on(
    api: Api, client: Client
) -> None:
    await api.start("acme")
    task = await send(client, {"skill": "hold"})
    assert task.status.state == ASKS
    assert text(task).startswith("Hold: give client (the client's name, the journey's key")
    more = await send(client, {"client": "acme"}, name="m-2", task_id=task.id)
    assert (more.id, more.status.state) == (task.id, ASKS)
    assert text(more).startswith("Hold: give reason (why; it stands in the journal")
    done = await send(client, "the client is away", name="m-3", task_id=task.id)
    assert (done.id, done.status.state) == (task.id, DONE)
    assert len(done.history) == 3
    again = await send(client, "the client is away", name="m-3", task_id=task.id)
    assert again == done
    [(reason,)] = await rows(api.door.db, "SELECT hold_reason FROM journey_states")
    assert reason == "the client is away"
    with pytest.raises(UnsupportedOperationError, match="completed"):
        await send(client, "once more", name="m-4", task_id=task.id)


async def test_what_is_wrong_is_rejected_with_its_place(client: Client) -> None:
    for given, told in (
        ({"skill": "explain", "client": "nobody"}, "no journey of client 'nobody'"),
        ({"skill": "explain", "client": 7}, "client: Input should be a valid string"),
        ({"skill": "fly", "client": "acme"}, "there is no skill 'fly'"),
        ({"skill": "hold", "client": "acme", "reason": "x", "speed": 9}, "speed: Extra inputs"),
    ):
        task = await send(client, given, name=told[:40])
        assert task.status.state == REJECTED
        assert told in text(task)


async def test_a_start_that_waits_stands_as_its_journey_does(api: Api, client: Client) -> None:
    task = await send(client, {**START, "until": "production"})
    assert task.status.state == WORKING
    assert text(task).startswith("medtronic is in sandbox, on its way to production")
    await move(api, task, "pilot")
    assert text(await task_of(client, task)).startswith("medtronic is in pilot")
    await move(api, task, "production")
    done = await task_of(client, task)
    assert done.status.state == DONE
    assert text(done) == "medtronic has reached production."
    assert done.status.timestamp.ToNanoseconds() > task.status.timestamp.ToNanoseconds()
    await move(api, task, "rollback")
    assert await task_of(client, task) == done


async def test_a_wait_ends_with_its_journey(api: Api, client: Client) -> None:
    task = await send(client, {**START, "until": "pilot"})
    found = UUID(document(task)["journey"]["journey_id"])
    await change(api.door, found, Cancel(actor="ann", reason="gone"))
    ended = await task_of(client, task)
    assert ended.status.state == FAILED
    assert text(ended) == "medtronic is cancelled, and has not reached pilot."


async def test_cancelling_a_wait_leaves_the_journey_alone(api: Api, client: Client) -> None:
    task = await send(client, {**START, "until": "pilot"})
    ended = await client.cancel_task(CancelTaskRequest(id=task.id))
    assert ended.status.state == CANCELED
    assert text(ended) == "No longer waiting; the journey of medtronic goes on."
    await move(api, task, "pilot")
    assert (await task_of(client, task)).status.state == CANCELED
    [(stage,)] = await rows(api.door.db, "SELECT current_stage FROM journey_states")
    assert stage == "pilot"


async def test_a_stream_follows_the_journey_to_its_stage(api: Api, client: Client) -> None:
    following = asyncio.create_task(told(client, {**START, "until": "pilot"}))
    while not await rows(api.door.db, "SELECT 1 FROM a2a_tasks"):
        await asyncio.sleep(0.02)
    [(task_id,)] = await rows(api.door.db, "SELECT task_id::text FROM a2a_tasks")
    task = await client.get_task(GetTaskRequest(id=task_id))
    subscribed = asyncio.create_task(subscribe(client, task_id))
    await move(api, task, "pilot")
    for events in await asyncio.gather(following, subscribed):
        assert events[0].task.id == task_id
        assert events[-1].status_update.status.state == DONE


async def told(client: Client, *parts: Any) -> list[Any]:
    asked = SendMessageRequest(message=message(*parts))
    return [event async for event in streaming(client).send_message(asked)]


async def subscribe(client: Client, task_id: str) -> list[Any]:
    """Subscribe; a task that has ended before is told as it ended."""
    try:
        asked = SubscribeToTaskRequest(id=task_id)
        return [event async for event in streaming(client).subscribe(asked)]
    except UnsupportedOperationError:
        task = await client.get_task(GetTaskRequest(id=task_id))
        return [Ended(task)] * 2


class Ended:
    """Stands for both ends of a subscription that came too late."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.status_update = task


async def test_who_blocks_waits_for_the_end(api: Api, client: Client) -> None:
    async def blocked() -> Task:
        asked = SendMessageRequest(message=message({**START, "until": "pilot"}))
        asked.configuration.return_immediately = False
        blocking = streaming(client)
        vars(blocking)["_config"].streaming = False
        [event] = [event async for event in blocking.send_message(asked)]
        return event.task

    waiting = asyncio.create_task(blocked())
    while not await rows(api.door.db, "SELECT 1 FROM a2a_tasks"):
        await asyncio.sleep(0.02)
    [(task_id,)] = await rows(api.door.db, "SELECT task_id::text FROM a2a_tasks")
    await move(api, await client.get_task(GetTaskRequest(id=task_id)), "pilot")
    assert (await waiting).status.state == DONE


async def test_nothing_is_lost_with_the_process(db: Database) -> None:
    async with faced(db) as api, a2a_client(api, "operator", actor="bot") as client:
        task = await send(client, {**START, "until": "pilot"})
        asked = await send(client, {"skill": "hold"}, name="m-2")
    async with faced(db) as api, a2a_client(api, "operator", actor="bot") as client:
        assert await task_of(client, task) == task
        assert (await send(client, {**START, "until": "pilot"})).id == task.id
        await move(api, task, "pilot")
        assert (await task_of(client, task)).status.state == DONE
        given = {"client": "medtronic", "reason": "pause"}
        done = await send(client, given, name="m-3", task_id=asked.id)
        assert done.status.state == DONE


async def test_lists_are_narrowed_by_state_and_time(api: Api, client: Client) -> None:
    await api.start("acme")
    waits = await send(client, {**START, "until": "pilot"}, name="m-1")
    await send(client, "status acme", name="m-2")
    asked = ListTasksRequest(status=WORKING)
    assert [t.id for t in (await client.list_tasks(asked)).tasks] == [waits.id]
    await move(api, waits, "pilot")
    since = ListTasksRequest()
    since.status_timestamp_after.FromDatetime(datetime(2999, 1, 1, tzinfo=UTC))
    assert (await client.list_tasks(since)).total_size == 0
    found = (await client.list_tasks(ListTasksRequest(status=DONE))).tasks
    assert found[0].id == waits.id
    with pytest.raises(InvalidParamsError, match="none of ours"):
        await client.list_tasks(ListTasksRequest(page_token="???"))


async def test_ids_have_bounds(client: Client) -> None:
    with pytest.raises(InvalidParamsError, match="messageId"):
        await send(client, "stuck", name="m" * 201)
    with pytest.raises(InvalidParamsError, match="contextId"):
        await send(client, "stuck", context_id="c" * 201)


async def test_our_own_faults_are_not_shown(
    api: Api, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(a2a_intake, "find", broken)
    with pytest.raises(InternalError) as found:
        await send(client, "stuck")
    assert "hunter2" not in str(found.value)
    assert "the database is away" in str(answerable(DatabaseUnavailable("x")))
    assert isinstance(answerable(TaskNotFoundError()), A2AError)
