"""``sojourn demo``: a client goes from contract to production in about a minute, to be watched."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from sojourn.app import App, open_app
from sojourn.cli import (
    ending,
    failures,
    fleet_board,
    fleet_story,
    gallery,
    grounds,
    screen,
    watching,
)
from sojourn.cli.fates import fleet
from sojourn.cli.gallery import Gallery
from sojourn.cli.play import Part, Played, begin, play
from sojourn.cli.scenery import AT_ONCE, scenery, step_of
from sojourn.cli.story import Story, tell
from sojourn.cli.tales import TALES
from sojourn.control.door import Door
from sojourn.core.work import hint
from sojourn.sandbox.world_process import RunningWorld, world
from sojourn.settings import Settings

SPEED: Final = 43_200.0
"""A day takes two seconds."""
DAY: Final = 86_400
SEEDS: Final = 520
FLEET: Final = "fleet"
NAMES: Final = (*TALES, FLEET)

Report = Callable[[Story], None]
"""Prints how it went."""
Scenario = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"What happens: {', '.join(NAMES)}.",
        autocompletion=lambda: list(NAMES),
    ),
]
Seed = Annotated[int, typer.Option(min=1, max=SEEDS, help="Another seed begins in another week.")]
Speed = Annotated[
    float,
    typer.Option(min=3600, max=1e9, help="How many times as fast as real time the clock may run."),
]
Timeout = Annotated[float, typer.Option(min=1, max=DAY, help="Real seconds until it gives up.")]
Keep = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Keep the data, in a new directory.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Tell the events line by line, draw nothing.")]
Serve = Annotated[
    bool, typer.Option("--serve", help="Show it in the dashboard too, on until Ctrl-C.")
]
Port = Annotated[
    int, typer.Option(min=0, max=65_535, help="Where --serve listens; 0 takes a free port.")
]
Attached = Annotated[bool, typer.Option("--attached", hidden=True)]
Json = Annotated[bool, typer.Option("--json", help="Print only the report, as JSON.")]


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: the scenario, its clients, and how fast the clock may run."""

    scenario: str
    parts: Sequence[Part]
    seed: int
    speed: float
    timeout: float
    gallery: Gallery | None = None

    @property
    def foot(self) -> str:
        """Return what stands below the drawing."""
        return f"Scenario {self.scenario} · a day takes {DAY / self.speed:.2g} s · Ctrl-C ends it"


def demo(
    scenario: Scenario = "happy",
    seed: Seed = 1,
    speed: Speed = SPEED,
    timeout: Timeout = 900,
    keep: Keep = None,
    serve: Serve = False,
    port: Port = 0,
    attached: Attached = False,
    as_plain: Plain = False,
    as_json: Json = False,
) -> None:
    """Take a client through a whole journey on a fast clock, and prove how it went.

    A healthcare client (medtronic, path healthcare) goes from contract to production: sandbox,
    compliance, pilot, production. The engine, the gates and the PostgreSQL are real, on a data
    directory of their own that is removed at the end. The agents are processes of their own,
    reached over A2A; they work on a search service that runs beside them, and what they report
    is measured there. Simulated people search, approve and report what is theirs to say. The
    clock waits for the engine, so that a slow machine takes longer and nothing else changes.

    Scenario fleet takes 100 clients on the three built-in paths, each with a fate of its own, as
    fast as they go. The exit status is 0 if each journey ended as its scenario says, otherwise 1.
    """
    if scenario not in NAMES:
        raise failures.bad(f"there is no scenario {scenario!r}{hint(scenario, NAMES)}")
    many = scenario == FLEET
    parts = fleet() if many else [Part(TALES[scenario])]
    pages = Gallery(port, attached, as_json) if serve else None
    wish = Wish(scenario, parts, seed, 1e9 if many else speed, timeout, pages)
    shown = "silent" if as_json else "live" if screen.interactive() and not as_plain else "plain"
    with grounds.directory(keep) as data_dir:
        settings = Settings(data_dir=data_dir, log_format="json")
        with grounds.logged(settings) as log:
            report = partial(_show, log=log, as_json=as_json)
            course = (_fleet if many else _one)(settings, wish, shown, report)
            story = grounds.run(course)
        if keep:
            what = "list" if many else f"show {story['client']}"
            screen.note(f"Kept: SOJOURN_DATA_DIR={data_dir} sojourn {what}")
    if not story["ok"]:
        raise typer.Exit(1)


async def _one(settings: Settings, wish: Wish, shown: str, report: Report) -> Story:
    async def watch(door: Door, journeys: Sequence[UUID], stop: asyncio.Event) -> None:
        watcher: watching.Watcher = getattr(watching, shown)
        await watcher(door, journeys[0], stop, wish.foot)

    async with staged(settings, wish) as (app, running):
        [played] = await watched(app, running, wish, watch)
        story = await tell(app.door, played)
        report(story)
        await gallery.stay(wish.gallery)
    return story


async def _fleet(settings: Settings, wish: Wish, shown: str, report: Report) -> Story:
    async def watch(door: Door, _: Sequence[UUID], stop: asyncio.Event) -> None:
        watcher: fleet_board.Watcher = getattr(fleet_board, shown)
        await watcher(door, stop, f"Scenario {wish.scenario} · Ctrl-C ends it")

    many = settings.model_copy(update={"worker_tasks": AT_ONCE})
    async with staged(many, wish) as (app, running):
        story = await fleet_story.tell_all(app.door, await watched(app, running, wish, watch))
        report(story)
        await gallery.stay(wish.gallery)
    return story


@asynccontextmanager
async def staged(settings: Settings, wish: Wish) -> AsyncIterator[tuple[App, RunningWorld]]:
    """Yield an open application and the world whose agents it knows, at the wished-for time."""
    options = replace(scenery([p.tale for p in wish.parts]), folder=settings.data_dir / "world")
    async with world(options) as running:
        known = settings.model_copy(update={"agents": running.directory})
        async with (
            open_app(known, begin=begin(wish.seed)) as app,
            gallery.opened(app, wish.gallery),
        ):
            yield app, running


Watch = Callable[[Door, Sequence[UUID], asyncio.Event], Awaitable[None]]


async def watched(app: App, running: RunningWorld, wish: Wish, watch: Watch) -> list[Played]:
    """Play while somebody watches."""
    stop = asyncio.Event()
    watchers: list[asyncio.Task[None]] = []

    def begun(journeys: Sequence[UUID]) -> None:
        watchers.append(asyncio.ensure_future(watch(app.door, journeys, stop)))

    try:
        return await play(
            app,
            running,
            wish.parts,
            speed=wish.speed,
            seed=wish.seed,
            timeout=wish.timeout,
            step=step_of(wish.parts),
            started=begun,
        )
    finally:
        stop.set()
        await asyncio.gather(*watchers)


def _show(story: Story, log: Path, *, as_json: bool) -> None:
    if as_json:
        return screen.print_json(story)
    console = screen.out()
    report = fleet_story.report if story["scenario"] == FLEET else ending.report
    for part in report(story):
        console.print(part)
    if not story["ok"] and (said := log.read_text().splitlines()):
        screen.note("The engine's log ends with:")
        for line in said[-5:]:
            screen.note(line)
    return None
