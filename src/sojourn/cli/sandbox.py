"""``sojourn sandbox``: the outside world in small, as processes to try agents and paths on."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from sojourn.cli import failures, logs, options, screen
from sojourn.cli.engine import finish, told_to_stop
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.desk import Limits
from sojourn.sandbox.processes import NotStarted
from sojourn.sandbox.scenario import Scenario, read
from sojourn.sandbox.world_process import Options, RunningWorld, run_world
from sojourn.settings import Settings

LARGEST: Final = 1 << 20

Folder = Annotated[
    Path | None,
    typer.Option("--dir", metavar="DIR", help="Keep file of agents, logs and data there."),
]
Scenarios = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="YAML: what goes wrong, by client; see docs/how-to/sandbox."),
]
Collections = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", exists=True, file_okay=False, help="Real labelled collections, one a folder."
    ),
]
Wait = Annotated[
    float,
    typer.Option(
        min=0, max=10, help="How long searches take: 1 is about 200 ms, 0 no wait at all."
    ),
]
Crawl = Annotated[
    float, typer.Option(min=0, max=60, help="Seconds that one document takes to be crawled.")
]
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65_534, help="Port of the search service; the agents' is the next."),
]


def sandbox(
    folder: Folder = None,
    scenarios: Scenarios = None,
    collections: Collections = None,
    wait: Wait = 1.0,
    crawl: Crawl = 0.0,
    port: Port = None,
    as_json: options.Json = False,
) -> None:
    """Run a small world of agents to try things in.

    It is a search service, and twelve agents that work on it and are reached over A2A. It runs on
    loopback until SIGTERM or Ctrl-C and says where everything is. Give the file of agents to
    Sojourn as SOJOURN_AGENTS: its agents take the place of the built-in ones, which are
    simulations. Without --dir everything is gone when it ends.

    \b
    Example:
      sojourn sandbox
      SOJOURN_AGENTS=/tmp/sojourn-sandbox-x/a2a_agents.yaml sojourn serve
    """
    # The settings of Sojourn, wrong ones even, have no part in it.
    logs.configure(Settings(data_dir=Path()))
    wanted = Options(
        folder=_made(folder) if folder else None,
        wait=wait,
        crawl_seconds=crawl,
        limits=Limits(collections=collections.absolute() if collections else None),
        scenarios=_read(scenarios) if scenarios else {},
        service_port=port,
        agents_port=port + 1 if port else None,
    )

    async def main() -> None:
        with told_to_stop() as stop:
            await run_world(wanted, lambda running: _ready(running, as_json=as_json), stop)

    try:
        finish(main())
    except NotStarted as error:
        raise failures.bad(str(error), "is the port taken? name another with --port") from None


def _made(folder: Path) -> Path:
    try:
        folder = folder.expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        told = getattr(error, "strerror", None) or error
        raise failures.bad(f"--dir {folder}: {told}", "name another directory") from None
    return folder


def _read(path: Path) -> Mapping[str, Scenario]:
    """Return the scenarios of a file by client."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise BadInput(f"larger than {LARGEST:,} bytes")
        given: Any = yaml.safe_load(text)
        if not isinstance(given, dict):
            raise BadInput("must map clients to what goes wrong, as {start, spells}")
        return {str(client): _scenario(str(client), world) for client, world in given.items()}
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        raise failures.bad(f"--scenarios {path}: cannot be read: {error}") from None
    except BadInput as error:
        raise failures.bad(f"--scenarios {path}: {error}") from None


def _scenario(client: str, world: Any) -> Scenario:
    try:
        # YAML has moments of its own where they are not quoted.
        if isinstance(world, dict) and isinstance(world.get("start"), date):
            world = world | {"start": world["start"].isoformat()}
        return read(world)
    except BadInput as error:
        raise BadInput(f"{client}: {error}") from None


def _ready(running: RunningWorld, *, as_json: bool) -> None:
    told = {
        "ready": True,
        "service": running.service_url,
        "agents": dict(running.agents),
        "directory": str(running.directory),
        "processes": [child.pid for child in running.processes],
    }
    if as_json:
        return screen.print_json(told, compact=True)
    screen.say(f"search service  {running.service_url}/{{client}}")
    for name, url in running.agents.items():
        screen.say(f"agent           {url}  {name}")
    screen.say(f"agents' file    {running.directory}")
    screen.say(f"Use them: SOJOURN_AGENTS={running.directory} sojourn serve; Ctrl-C ends the world")
    return None
