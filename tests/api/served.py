"""The API in a test: the real application on a real database, spoken to over ASGI."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from sojourn.agents.directory import Directory
from sojourn.api import Options, create_app
from sojourn.control import keys, start
from sojourn.control.door import Door
from sojourn.core.decision import Decision
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import still_door
from tests.journeys.small import SMALL

ROLES = ("viewer", "operator", "approver", "admin", "agent", "client")


@dataclass
class Api:
    """An application, and people who speak to it."""

    app: FastAPI
    door: Door
    tokens: dict[str, str] = field(default_factory=dict)

    async def token(self, role: str, actor: str = "", **bound: Any) -> str:
        """Return a key of a role, made once."""
        name = f"{role}/{actor}/{bound}"
        if name not in self.tokens:
            own = {"client": {"client_id": "acme"}, "agent": {"agent_id": "builder"}}
            given = own.get(role, {}) | bound
            made = await keys.create(self.door, actor or f"a-{role}", [role], "root", **given)
            self.tokens[name] = made.token
        return self.tokens[name]

    @asynccontextmanager
    async def client(self, role: str | None = "admin", **bound: Any) -> AsyncIterator[Any]:
        """Yield a client with the key of a role, or with none."""
        headers = {}
        if role is not None:
            headers["Authorization"] = f"Bearer {await self.token(role, **bound)}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", headers=headers
        ) as client:
            yield client

    async def ask(
        self, method: str, path: str, role: str | None = "admin", **given: Any
    ) -> httpx.Response:
        """Return the answer to one request."""
        bound = given.pop("bound", {})
        async with self.client(role, **bound) as client:
            answer: httpx.Response = await client.request(method, f"/api/v1{path}", **given)
        return answer

    async def get(self, path: str, role: str | None = "admin", **given: Any) -> httpx.Response:
        """Return the answer to a GET."""
        return await self.ask("GET", path, role, **given)

    async def post(
        self, path: str, body: Any = None, role: str | None = "admin", **given: Any
    ) -> httpx.Response:
        """Return the answer to a POST of JSON."""
        return await self.ask("POST", path, role, json=body, **given)

    async def start(
        self, client: str = "acme", facts: Mapping[str, Any] | None = None, path: str = SMALL
    ) -> Decision:
        """Start a journey on the small path."""
        return await start(self.door, load(path), client, "ann", facts=facts)


@asynccontextmanager
async def serving(db: Database, options: Options | None = None) -> AsyncIterator[Api]:
    """Yield the application, running."""
    door = still_door(db)
    app = create_app(door, Directory.load(), options)
    async with app.router.lifespan_context(app):
        yield Api(app, door)
