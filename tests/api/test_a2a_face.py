"""The scenarios of the A2A project's conformance kit, on both bindings; the kit itself is fetched.

    git clone -b 1.0-dev https://github.com/a2aproject/a2a-tck && cd a2a-tck && pip install -e .
    ./run_tck.py --sut-host http://127.0.0.1:8420 --transport jsonrpc,http_json

The kit brings no key, so strangers must be taken for a guest. Its CORE-SEND-003 counts the very
error that it asks for as a failure: it has no place to say which error it expects.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from a2a.client import Client
from a2a.types import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    ListTasksRequest,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import (
    ContentTypeNotSupportedError,
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)

from sojourn.api import a2a_handler, a2a_intake
from sojourn.control.keys import Principal
from sojourn.store.postgres import Database
from tests.api import faced
from tests.api.faced import message, send

DONE, ASKS = TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_INPUT_REQUIRED
GUEST = Principal("guest", ("viewer",))


@pytest.fixture(params=["JSONRPC", "HTTP+JSON"])
async def client(db: Database, request: Any) -> AsyncIterator[Client]:
    async with (
        faced.faced(db, GUEST) as api,
        faced.a2a_client(api, None, request.param) as client,
    ):
        yield client


async def stream(client: Client, name: str) -> list[StreamResponse]:
    """Send a message and return everything that is told of it."""
    streaming = faced.streaming(client)
    asked = SendMessageRequest(message=message("hello", name=name))
    return [event async for event in streaming.send_message(asked)]


def states(events: list[StreamResponse]) -> list[TaskState]:
    found = []
    for event in events:
        if event.HasField("task"):
            found.append(event.task.status.state)
        elif event.HasField("status_update"):
            found.append(event.status_update.status.state)
    return found


def texts(task: Task) -> list[str]:
    return [p.text for m in task.history for p in m.parts]


async def test_a_task_is_completed(client: Client) -> None:
    task = await send(client, "hello", name="tck-complete-task-1")
    assert task.status.state == DONE
    assert task.status.message.parts[0].text == "Hello from TCK"
    assert task.context_id
    found = await client.get_task(GetTaskRequest(id=task.id))
    assert found == task
    other = await send(client, "hello", name="tck-complete-task-1")
    assert other.id != task.id


@pytest.mark.parametrize("kind", ["text", "file", "file-url", "data"])
async def test_artifacts_of_each_kind(client: Client, kind: str) -> None:
    task = await send(client, "hello", name=f"tck-artifact-{kind}-1")
    [artifact] = task.artifacts
    [part] = artifact.parts
    told = {"text": "text", "file": "raw", "file-url": "url", "data": "data"}
    assert part.WhichOneof("content") == told[kind]
    assert artifact.artifact_id
    if kind.startswith("file"):
        assert (part.filename, part.media_type) == ("output.txt", "text/plain")


async def test_a_message_is_answered_by_a_message(client: Client) -> None:
    asked = SendMessageRequest(message=message("hello", name="tck-message-response-1"))
    [event] = [event async for event in client.send_message(asked)]
    assert event.message.parts[0].text == "Direct message response"


async def test_a_task_is_rejected(client: Client) -> None:
    task = await send(client, "hello", name="tck-reject-task-1")
    assert task.status.state == TaskState.TASK_STATE_REJECTED


async def test_a_task_that_asks_goes_on_in_its_context_with_its_history(client: Client) -> None:
    task = await send(client, "one", name="tck-input-required-1")
    assert task.status.state == ASKS
    again = await send(client, "two", name="tck-input-required-1", task_id=task.id)
    assert (again.id, again.context_id, again.status.state) == (task.id, task.context_id, ASKS)
    done = await send(client, "three", name="tck-complete-task-1", task_id=task.id)
    assert done.status.state == DONE
    full = await client.get_task(GetTaskRequest(id=task.id))
    assert texts(full) == ["one", "two", "three"]
    last = await client.get_task(GetTaskRequest(id=task.id, history_length=1))
    assert texts(last) == ["three"]
    none = await client.get_task(GetTaskRequest(id=task.id, history_length=0))
    assert texts(none) == []


async def test_what_cannot_be_is_refused_by_its_error(client: Client) -> None:
    done = await send(client, "hello", name="tck-complete-task-1")
    open_ = await send(client, "hello", name="tck-input-required-1")
    with pytest.raises(UnsupportedOperationError):
        await send(client, "more", name="tck-x-1", task_id=done.id)
    with pytest.raises(TaskNotFoundError):
        await send(client, "more", name="tck-x-2", task_id="nothing")
    with pytest.raises(InvalidParamsError):
        await send(client, "more", name="tck-x-3", task_id=open_.id, context_id="other")
    with pytest.raises(TaskNotFoundError):
        await client.get_task(GetTaskRequest(id="5b0d6b1e-7c1f-5d0a-9f0e-2f6a54a0b6d1"))
    with pytest.raises(TaskNotCancelableError):
        await client.cancel_task(CancelTaskRequest(id=done.id))
    with pytest.raises(TaskNotFoundError):
        await client.cancel_task(CancelTaskRequest(id="nothing"))
    with pytest.raises(InvalidParamsError):
        await client.list_tasks(ListTasksRequest(page_size=1000))
    with pytest.raises((PushNotificationNotSupportedError, UnsupportedOperationError)):
        await client.create_task_push_notification_config(
            TaskPushNotificationConfig(task_id=done.id, id="x", url="https://example.com")
        )
    with pytest.raises(UnsupportedOperationError):
        await faced.asked_anyway(client).get_extended_agent_card(GetExtendedAgentCardRequest())
    bad = message("hello", name="tck-x-4")
    bad.parts[0].media_type = "application/x-other"
    with pytest.raises(ContentTypeNotSupportedError):
        [_ async for _ in client.send_message(SendMessageRequest(message=bad))]


async def test_an_open_task_is_cancelled_once(client: Client) -> None:
    task = await send(client, "hello", name="tck-input-required-1")
    ended = await client.cancel_task(CancelTaskRequest(id=task.id))
    assert (ended.id, ended.status.state) == (task.id, TaskState.TASK_STATE_CANCELED)
    with pytest.raises(TaskNotCancelableError):
        await client.cancel_task(CancelTaskRequest(id=task.id))


async def test_tasks_are_listed_newest_first_page_by_page(client: Client) -> None:
    made = [await send(client, "x", name="tck-artifact-text", context_id="c-1") for _ in range(5)]
    await send(client, "x", name="tck-complete-task", context_id="c-2")
    asked = ListTasksRequest(context_id="c-1", page_size=2)
    pages: list[list[str]] = []
    while not pages or asked.page_token:
        page = await client.list_tasks(asked)
        assert page.total_size == 5
        pages.append([task.id for task in page.tasks])
        assert not any(task.artifacts for task in page.tasks)
        asked.page_token = page.next_page_token
    assert [id_ for page in pages for id_ in page] == [task.id for task in reversed(made)]
    assert [len(page) for page in pages] == [2, 2, 1]
    full = await client.list_tasks(ListTasksRequest(context_id="c-1", include_artifacts=True))
    assert all(task.artifacts for task in full.tasks)
    assert full.next_page_token == ""


@pytest.mark.parametrize(
    "name",
    ["tck-stream-001", "tck-stream-003", "tck-stream-ordering-001", "tck-stream-artifact-file"],
)
async def test_a_stream_tells_a_task_from_beginning_to_end(client: Client, name: str) -> None:
    events = await stream(client, f"{name}-1")
    assert events[0].HasField("task")
    assert states(events) == [
        TaskState.TASK_STATE_SUBMITTED,
        TaskState.TASK_STATE_WORKING,
        TaskState.TASK_STATE_COMPLETED,
    ]
    assert [e for e in events if e.HasField("artifact_update")]
    assert events[-1].HasField("status_update")


async def test_who_subscribes_is_told_until_the_end_as_all_others(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    followers = 0
    pulse = a2a_intake.pulse

    def counted(seconds: float | None) -> AsyncIterator[None]:
        nonlocal followers
        followers += seconds is None
        return pulse(seconds)

    monkeypatch.setattr(a2a_handler, "pulse", counted)
    task = await send(client, "hello", name="tck-input-required-1")
    subscribed = [asyncio.create_task(follow(client, task.id)) for _ in range(2)]
    while followers < 2:
        await asyncio.sleep(0.01)
    await send(client, "go on", name="tck-complete-task-1", task_id=task.id)
    one, two = await asyncio.gather(*subscribed)
    assert one == two
    assert states(one) == [ASKS, DONE]
    with pytest.raises(UnsupportedOperationError):
        await follow(client, task.id)


async def test_a_long_task_is_streamed_and_subscribed_to(client: Client) -> None:
    running = asyncio.create_task(stream(client, "test-resubscribe-message-id-1"))
    listed: list[Task] = []
    while not listed:
        await asyncio.sleep(0.05)
        listed = list((await client.list_tasks(ListTasksRequest())).tasks)
    assert listed[0].status.state == TaskState.TASK_STATE_WORKING
    again = await follow(client, listed[0].id)
    events = await running
    assert states(events)[-1] == states(again)[-1] == DONE


async def follow(client: Client, task_id: str) -> list[StreamResponse]:
    asked = SubscribeToTaskRequest(id=task_id)
    return [event async for event in faced.streaming(client).subscribe(asked)]
