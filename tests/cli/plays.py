"""An open application on a test's database, at the time at which demonstrations begin."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr

from sojourn.agents.directory import Directory
from sojourn.app import App, open_app
from sojourn.cli.cast import Deed, entering
from sojourn.cli.people import DANA, SIGNED
from sojourn.cli.picture import Picture, look
from sojourn.cli.play import Part, Played, begin, play
from sojourn.cli.scenery import scenery
from sojourn.cli.tales import CLIENT, PATH, Tale
from sojourn.control import start
from sojourn.core.commands import Cancel
from sojourn.core.stages import JourneyStage
from sojourn.paths import find, load_file
from sojourn.sandbox.world_process import RunningWorld, world
from sojourn.settings import Settings

FAST = 1e9
"""As fast as the engine goes."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[App]:
    settings = Settings(database_url=SecretStr(url), data_dir=Path(), worker_tasks=24)
    async with open_app(settings, begin=begin(1)) as app:
        yield app


@asynccontextmanager
async def staged(app: App, tales: Sequence[Tale]) -> AsyncIterator[tuple[App, RunningWorld]]:
    """Yield the application with the agents of a world for these tales, and the world."""
    async with world(scenery(tales)) as running:
        settings = app.settings.model_copy(
            update={"agents": running.directory, "data_dir": running.directory.parent}
        )
        agents = Directory.load([running.directory])
        try:
            yield replace(app, agents=agents, settings=settings), running
        finally:
            await agents.aclose()


async def started(app: App, **facts: object) -> UUID:
    """Start a journey as a demonstration does, with more facts; no engine runs."""
    path = load_file(find(PATH))
    decision = await start(app.door, path, CLIENT, "dana.reyes", facts=SIGNED | facts)
    return decision.state.journey_id


SHORT = Tale(
    "short",
    "The client gives up before the sandbox is done.",
    end=JourneyStage.CANCELLED,
    deeds=(
        Deed(
            DANA,
            entering("sandbox", 1.4),
            lambda p: Cancel(actor=p.name, roles=p.roles, reason="enough seen"),
        ),
    ),
)
"""A scenario that takes a moment: work begins, and then the journey is cancelled."""


async def played(app: App, seen: Callable[[UUID], None] = lambda _: None) -> Played:
    """Play the short scenario as fast as it goes."""
    async with staged(app, [SHORT]) as (known, running):
        [done] = await play(
            known,
            running,
            [Part(SHORT)],
            speed=FAST,
            timeout=240,
            started=lambda journeys: seen(journeys[0]),
        )
    return done


async def photographed(url: str, wanted: Callable[[Picture], bool]) -> Picture:
    """Return the first picture of the short scenario that is as wanted."""
    album: list[Picture] = []

    async def watch(journey_id: UUID) -> None:
        while not album:
            picture = await look(app.door, journey_id, 60)
            if wanted(picture):
                album.append(picture)
            await asyncio.sleep(0.02)

    watching: list[asyncio.Task[None]] = []
    async with opened(url) as app:
        await played(app, lambda key: watching.append(asyncio.create_task(watch(key))))
        await asyncio.wait_for(watching[0], 10)
    return album[0]
