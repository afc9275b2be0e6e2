"""Both faces in a test: the API's application with them, spoken to by the protocols' own SDKs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.helpers import new_data_part, new_text_part
from a2a.types import AgentCard, Message, Role, SendMessageConfiguration, SendMessageRequest, Task
from google.protobuf.json_format import MessageToDict
from mcp import Client as McpClient
from mcp.client.streamable_http import streamable_http_client

from sojourn.agents.directory import Directory
from sojourn.api import create_app
from sojourn.api.faces import add_faces
from sojourn.control.keys import Principal
from sojourn.store.postgres import Database
from tests.api.served import Api
from tests.doors import still_door

BASE = "http://test"


@asynccontextmanager
async def faced(db: Database, guest: Principal | None = None) -> AsyncIterator[Api]:
    """Yield the application with both faces, running."""
    door = still_door(db)
    app = create_app(door, Directory.load())
    add_faces(app, version="1.2.3", base=BASE, guest=guest)
    async with app.router.lifespan_context(app):
        while not app.state.context.feed.alive:
            await asyncio.sleep(0.01)
        yield Api(app, door)


@asynccontextmanager
async def a2a_client(
    api: Api, role: str | None = "admin", binding: str = "JSONRPC", **bound: Any
) -> AsyncIterator[Client]:
    """Yield the A2A SDK's client with the key of a role."""
    async with api.client(role, **bound) as http:
        card = await A2ACardResolver(http, BASE).get_agent_card()
        config = ClientConfig(
            httpx_client=http,
            streaming=False,
            polling=True,
            supported_protocol_bindings=[binding],
        )
        yield ClientFactory(config).create(card)


def message(*parts: Any, name: str = "m-1", **given: Any) -> Message:
    """Return a message of texts and data."""
    made = [new_text_part(p) if isinstance(p, str) else new_data_part(p) for p in parts]
    return Message(message_id=name, role=Role.ROLE_USER, parts=made, **given)


async def send(client: Client, *parts: Any, name: str = "m-1", **given: Any) -> Task:
    """Send a message without waiting and return its task."""
    request = SendMessageRequest(
        message=message(*parts, name=name, **given),
        configuration=SendMessageConfiguration(return_immediately=True),
    )
    events = [event async for event in client.send_message(request)]
    assert len(events) == 1
    return events[0].task


def text(task: Task) -> str:
    """Return what a task's status says."""
    return " ".join(part.text for part in task.status.message.parts)


def document(task: Task, number: int = -1) -> dict[str, Any]:
    """Return the document of a task's artifact."""
    [data] = [p.data for p in task.artifacts[number].parts if p.WhichOneof("content") == "data"]
    found: dict[str, Any] = MessageToDict(data)
    return found


@asynccontextmanager
async def mcp_client(api: Api, role: str = "admin", **bound: Any) -> AsyncIterator[McpClient]:
    """Yield the MCP SDK's client with the key of a role."""
    headers = {"Authorization": f"Bearer {await api.token(role, **bound)}"}
    transport = httpx2.ASGITransport(app=api.app)
    async with (
        httpx2.AsyncClient(transport=transport, headers=headers) as http,
        McpClient(streamable_http_client(f"{BASE}/mcp", http_client=http)) as client,
    ):
        yield client


def streaming(client: Client) -> Client:
    """Return a client like another that asks for streams."""
    config = replace(vars(client)["_config"], streaming=True, polling=False)
    return ClientFactory(config).create(vars(client)["_card"])


def asked_anyway(client: Client) -> Client:
    """Return a client like another that asks also for what the card says is not there."""
    card = AgentCard()
    card.CopyFrom(vars(client)["_card"])
    card.capabilities.extended_agent_card = True
    return ClientFactory(vars(client)["_config"]).create(card)
