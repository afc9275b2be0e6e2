"""Several agents in one web application, each under a path of its own."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.server.tasks import (
    BasePushNotificationSender,
    InMemoryPushNotificationConfigStore,
    InMemoryTaskStore,
)
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from sojourn.sandbox.a2a_server.cards import card
from sojourn.sandbox.a2a_server.executor import Worker
from sojourn.sandbox.a2a_server.once import OnceContextBuilder, OnceHandler
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.backend import Backend
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.desk import Limits
from sojourn.sandbox.online.jobs import Job, jobs
from sojourn.sandbox.online.wire import Wire
from sojourn.sandbox.search_service.tokens import Tokens

CONNECTIONS = 100
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the agents are served and where the search service is; ``agents`` empty means all."""

    url: str
    service_url: str
    secret: str
    agents: tuple[str, ...] = ()
    limits: Limits = Limits()


def application(setting: Setting) -> Starlette:
    """Return the application; raises BadInput for an agent that there is not."""
    every = jobs(Crowd())
    chosen = setting.agents or tuple(every)
    for name in chosen:
        if name not in every:
            raise BadInput(f"there is no agent {name!r}; there is: {', '.join(sorted(every))}")
    service = _client(SECONDS)
    push = _client(5.0)
    wire = Wire(setting.service_url)
    backend = Backend(service, setting.service_url, Tokens(setting.secret), "", wire=wire)
    handlers = {name: _handler(name, every[name], setting, backend, push) for name in chosen}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as ends:
            for client in (service, push, wire):
                ends.push_async_callback(client.aclose)
            for handler in handlers.values():
                ends.push_async_callback(handler.aclose)
            yield

    routes = [
        Mount(f"/{name}", routes=_routes(handlers[name], name, every[name], setting))
        for name in chosen
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def from_config(config: Mapping[str, Any], url: str) -> Starlette:
    """Return the application of a process, from the configuration that its parent gives it."""
    limits = dict(config.get("limits") or {})
    if limits.get("collections"):
        limits["collections"] = Path(limits["collections"])
    names: Iterable[str] = config.get("agents") or ()
    return application(
        Setting(url, config["service_url"], config["secret"], tuple(names), Limits(**limits))
    )


def _handler(
    name: str, job: Job, setting: Setting, backend: Backend, push: httpx.AsyncClient
) -> OnceHandler:
    wanted = InMemoryPushNotificationConfigStore()
    return OnceHandler(
        agent_executor=Worker(name, job, backend, setting.limits),
        task_store=InMemoryTaskStore(),
        agent_card=card(name, job.title, f"{setting.url}/{name}"),
        push_config_store=wanted,
        push_sender=BasePushNotificationSender(push, wanted),
        request_context_builder=OnceContextBuilder(),
    )


def _routes(handler: OnceHandler, name: str, job: Job, setting: Setting) -> list[BaseRoute]:
    own = card(name, job.title, f"{setting.url}/{name}")
    return [
        *create_agent_card_routes(own),
        *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=True),
        *create_rest_routes(handler, path_prefix="/rest"),
    ]


def _client(seconds: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=seconds,
        trust_env=False,
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
    )
