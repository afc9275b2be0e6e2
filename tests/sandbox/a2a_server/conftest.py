"""A search service and the agents, in the test's own event loop."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from sojourn.sandbox.a2a_server.application import Setting
from sojourn.sandbox.a2a_server.application import application as agents
from sojourn.sandbox.online.backend import Backend
from sojourn.sandbox.online.desk import Limits
from sojourn.sandbox.search_service.application import application as service
from sojourn.sandbox.search_service.service import Options
from sojourn.sandbox.search_service.tokens import Tokens
from sojourn.sandbox.serving import listen, serving, url_of
from tests.sandbox.a2a_server.peers import Peer, connect


@dataclass
class Agents:
    """All agents under one URL, and one client's instance of the service they work on."""

    url: str
    http: httpx.AsyncClient
    backend: Backend

    async def peer(self, name: str, binding: str = "JSONRPC") -> Peer:
        return await connect(self.http, f"{self.url}/{name}", binding)


@pytest.fixture
def limits() -> Limits:
    """The agents' limits: here they tell of each task first and work then."""
    return Limits(prompt_seconds=0.0)


@pytest.fixture
async def world(limits: Limits) -> AsyncIterator[Agents]:
    sock = listen()
    async with serving(service(Options("secret"))) as service_url:
        app = agents(Setting(url_of(sock), service_url, "secret", limits=limits))
        async with serving(app, sock) as url, httpx.AsyncClient(timeout=20) as http:
            backend = Backend(http, service_url, Tokens("secret"), "medtronic")
            yield Agents(url, http, backend)
