"""An agent over A2A, called with the official client."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.helpers import new_data_part, new_text_part
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    Message,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from google.protobuf.json_format import MessageToDict

from sojourn.sandbox.a2a_server.cards import EXTENSION

WORKING = (TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING)
ABOUT = {
    "client_id": "medtronic",
    "journey_id": "00000000-0000-0000-0000-000000000001",
    "uow_id": "00000000-0000-0000-0000-000000000002",
    "task_id": "task-001",
    "stage": "sandbox",
    "now": "2026-03-04T12:00:00+00:00",
}


@dataclass
class Peer:
    """Calls one agent."""

    client: Client
    http: httpx.AsyncClient

    async def send(
        self,
        data: Mapping[str, Any] | str,
        message_id: str = "",
        *,
        task: Task | None = None,
        push: str = "",
        **about: str,
    ) -> Task:
        """Send a message without waiting for what becomes of it; return its task."""
        part = new_text_part(data) if isinstance(data, str) else new_data_part(dict(data))
        message = Message(
            message_id=message_id or str(uuid4()),
            role=Role.ROLE_USER,
            parts=[part],
            metadata={EXTENSION: {**ABOUT, **about}},
        )
        if task is not None:
            message.task_id, message.context_id = task.id, task.context_id
        config = SendMessageConfiguration(return_immediately=True)
        if push:
            told = TaskPushNotificationConfig(url=push, token="token")
            config.task_push_notification_config.CopyFrom(told)
        asked = SendMessageRequest(message=message, configuration=config)
        async for event in self.client.send_message(asked):
            assert event.HasField("task"), event
            return event.task
        raise AssertionError("no answer")

    async def get(self, task: Task) -> Task:
        return await self.client.get_task(GetTaskRequest(id=task.id))

    async def cancel(self, task: Task) -> Task:
        return await self.client.cancel_task(CancelTaskRequest(id=task.id))

    async def follow(self, task: Task) -> Task:
        """Return the task once it is not being worked on any more."""
        async with asyncio.timeout(20):
            while task.status.state in WORKING:
                await asyncio.sleep(0.01)
                task = await self.get(task)
        return task

    async def do(self, data: Mapping[str, Any] | str, **more: Any) -> Task:
        return await self.follow(await self.send(data, **more))


async def connect(http: httpx.AsyncClient, url: str, binding: str = "JSONRPC") -> Peer:
    """Return a peer for the agent at a URL."""
    card = await A2ACardResolver(http, url).get_agent_card()
    config = ClientConfig(
        httpx_client=http, streaming=False, polling=True, supported_protocol_bindings=[binding]
    )
    return Peer(ClientFactory(config).create(card), http)


def result(task: Task) -> dict[str, Any]:
    """Return the answer of a completed task."""
    assert task.status.state == TaskState.TASK_STATE_COMPLETED, task.status
    found: dict[str, Any] = MessageToDict(task.artifacts[0].parts[0].data)
    return found


def said(task: Task) -> str:
    """Return what a task's status says."""
    return " ".join(part.text for part in task.status.message.parts)
