"""The whole sandbox world as processes: the search service, the agents, and a directory of them."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import httpx

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.backend import Backend
from sojourn.sandbox.online.desk import Limits
from sojourn.sandbox.online.jobs import titles
from sojourn.sandbox.processes import Child
from sojourn.sandbox.scenario import Scenario
from sojourn.sandbox.search_service.tokens import Tokens

SERVICE: Final = "sojourn.sandbox.search_service"
AGENTS: Final = "sojourn.sandbox.a2a_server"
DIRECTORY: Final = "a2a_agents.yaml"


@dataclass(frozen=True, slots=True)
class Options:
    """How the world behaves.

    ``folder`` takes the directory of agents, the service's file and logs; None is a temporary
    one. ``wait`` scales how long searches take beside their real work (1: about 200 ms, 0: not at
    all), ``crawl_seconds`` is what one document takes to be crawled on the clients' clocks, which
    run ``speed`` times as fast as real time. Agents named in ``alone`` get processes of their own.
    ``steady``: what a busy machine adds is not counted as the service's time.
    """

    folder: Path | None = None
    wait: float = 0.5
    crawl_seconds: float = 0.0
    speed: float = 1.0
    limits: Limits = Limits()
    alone: tuple[str, ...] = ()
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    service_port: int | None = None
    agents_port: int | None = None
    steady: bool = False


class RunningWorld:
    """A world whose processes run; ``directory`` is the file that declares its agents."""

    def __init__(self, folder: Path, options: Options, http: httpx.AsyncClient) -> None:
        """Plan the processes; nothing is started yet. Raises BadInput for an unknown agent."""
        self._http = http
        self._secret = token_hex(16)
        self.directory = folder / DIRECTORY
        self.service = Child(SERVICE, self._service_config(folder, options), folder / "service.log")
        _port(self.service, options.service_port)
        self._agents = self._plan(folder, options)

    @property
    def service_url(self) -> str:
        """Return where the search service is; a client's instance is a path below it."""
        return self.service.url

    @property
    def tokens(self) -> Tokens:
        """Return what makes the service's tokens."""
        return Tokens(self._secret)

    @property
    def agents(self) -> Mapping[str, str]:
        """Return the URL of each agent by its id."""
        return {name: f"{child.url}/{name}" for name, child in self._agents.items()}

    @property
    def processes(self) -> list[Child]:
        """Return all processes, the service first."""
        every = {id(child): child for child in self._agents.values()}
        return [self.service, *every.values()]

    def backend(self, client: str, now: datetime | None = None) -> Backend:
        """Return a client's instance of the service, to look at it or to change it."""
        return Backend(self._http, self.service_url, self.tokens, client, now)

    def process(self, agent_id: str) -> Child:
        """Return the process that an agent runs in, to kill it and to start it again."""
        return self._agents[agent_id]

    async def trouble(self, client: str, scenario: Scenario) -> None:
        """Let a client's world be troubled from now on."""
        await self.backend(client).trouble(scenario)

    async def start(self) -> None:
        """Start all processes and write the directory; raises NotStarted."""
        await asyncio.gather(*(child.start() for child in self.processes))
        self.directory.write_text(directory(self.agents))

    async def stop(self) -> None:
        """End all processes."""
        await asyncio.gather(*(child.stop() for child in self.processes))

    def _service_config(self, folder: Path, options: Options) -> dict[str, Any]:
        return {
            "secret": self._secret,
            "wait": options.wait,
            "crawl_seconds": options.crawl_seconds,
            "speed": options.speed,
            "steady": options.steady,
            "path": str(folder / "service.jsonl"),
        }

    def _plan(self, folder: Path, options: Options) -> dict[str, Child]:
        every = list(titles())
        for name in options.alone:
            if name not in every:
                raise BadInput(f"there is no agent {name!r}; there is: {', '.join(every)}")
        together = [name for name in every if name not in options.alone]
        groups = [together, *([name] for name in options.alone)]
        children = [self._child(folder, options, group) for group in groups if group]
        _port(children[0], options.agents_port)
        return {name: child for child in children for name in child.config["agents"]}

    def _child(self, folder: Path, options: Options, names: list[str]) -> Child:
        limits = {
            k: str(v) if isinstance(v, Path) else v for k, v in asdict(options.limits).items()
        }
        config = {
            "secret": self._secret,
            "service_url": self.service.url,
            "agents": names,
            "limits": limits,
        }
        return Child(AGENTS, config, folder / f"agents-{names[0]}.log")


@asynccontextmanager
async def world(options: Options | None = None) -> AsyncIterator[RunningWorld]:
    """Run a world for as long as the context lasts.

    Its processes end with the context, and also when this process is killed. Raises NotStarted
    with the last words of the process that did not start, BadInput for an unknown agent.
    """
    options = options or Options()
    async with AsyncExitStack() as ends:
        folder = options.folder or Path(ends.enter_context(_temporary()))
        folder.mkdir(parents=True, exist_ok=True)
        http = await ends.enter_async_context(httpx.AsyncClient(timeout=60.0, trust_env=False))
        running = RunningWorld(folder, options, http)
        ends.push_async_callback(running.stop)
        await running.start()
        for client, scenario in options.scenarios.items():
            await running.trouble(client, scenario)
        yield running


async def run_world(
    options: Options, ready: Callable[[RunningWorld], None], stop: asyncio.Event
) -> None:
    """Run a world until ``stop`` is set; ``ready`` is told when everything serves."""
    async with world(options) as running:
        ready(running)
        await stop.wait()


def directory(agents: Mapping[str, str]) -> str:
    """Return a directory file that puts A2A agents in the place of the built-in ones."""
    lines = ["# The sandbox's agents over A2A, in the place of the built-in ones.", "agents:"]
    for name, url in agents.items():
        lines += [
            f"  {name}:",
            f"    title: {json.dumps(titles()[name])}",
            "    protocol: a2a",
            f"    url: {url}",
            "    allow_private: true",
            "    idempotent: true",
        ]
    return "\n".join(lines) + "\n"


def _temporary() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="sojourn-sandbox-", ignore_cleanup_errors=True)


def _port(child: Child, port: int | None) -> None:
    if port is not None:
        child.port = port
