"""Playing a scenario: the engine, the world and the people, until the journey has ended."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final
from uuid import UUID

from sojourn.app import App, pace
from sojourn.cli.cast import Cast, Seen
from sojourn.cli.mischief import Tally, World
from sojourn.cli.pacing import Pacer
from sojourn.cli.tales import CLIENT, DANA, EVERYDAY, PATH, SIGNED, Tale
from sojourn.control.door import Door
from sojourn.control.start import start
from sojourn.engine.engine import run_engine
from sojourn.paths import find, load_file
from sojourn.store.journeys import list_journeys
from sojourn.store.sets import Row

FIRST_MONDAY: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When the journey of seed 1 starts; each further seed is a week later."""
LONGEST: Final = timedelta(days=200)
"""How long, on its clock, a journey of a demonstration may take."""


@dataclass(frozen=True, slots=True)
class Played:
    """What was played: the journey, what its agents were asked, and why it stopped early."""

    tale: Tale
    journey_id: UUID
    tallies: Mapping[str, Tally]
    speed: float
    seed: int
    seconds: float
    stopped: str = ""


def begin(seed: int) -> datetime:
    """Return when the journey of a seed starts: on a Monday morning."""
    return FIRST_MONDAY + timedelta(weeks=seed - 1)


async def play(
    app: App,
    tale: Tale,
    *,
    speed: float,
    seed: int = 1,
    timeout: float = 600,  # noqa: ASYNC109 -- reaching it is a result, not an error
    started: Callable[[UUID], None] = lambda _: None,
) -> Played:
    """Play a scenario to its end, or until ``timeout`` real seconds have passed."""
    world = World(app.agents, CLIENT, begin(seed), tale.mischief, seed)
    stop = asyncio.Event()
    engine = asyncio.create_task(run_engine(app.door, world, stop, pace(app.settings)))
    since = monotonic()
    try:
        journey_id = await _start(app.door)
        started(journey_id)
        cast = Cast(app.door, journey_id, (*tale.deeds, *EVERYDAY))
        course = asyncio.create_task(_course(app.door, cast, world, Pacer(app.door, speed)))
        stopped = await _first(engine, course, timeout)
    finally:
        stop.set()
        world.close()
        await engine
    return Played(tale, journey_id, world.tallies, speed, seed, monotonic() - since, stopped)


async def _start(door: Door) -> UUID:
    path = load_file(find(PATH))
    decision = await start(door, path, CLIENT, DANA.name, facts=SIGNED, owner=DANA.name)
    return decision.state.journey_id


async def _first(
    engine: asyncio.Task[None],
    course: asyncio.Task[str],
    timeout: float,  # noqa: ASYNC109
) -> str:
    """Return why the play stopped early; an engine that ends takes its error with it."""
    try:
        await asyncio.wait({engine, course}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if course.done():
            return course.result()
        return "the engine stopped" if engine.done() else f"not done in {timeout:g} seconds"
    finally:
        course.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await course


async def _course(door: Door, cast: Cast, world: World, pacer: Pacer) -> str:
    """Let people act and the clock run, always when the engine has done its part."""
    seen = Seen(door.now(), {})
    until = door.now() + LONGEST
    while door.now() < until:
        if not await pacer.idle():
            continue
        row = await row_of(door)
        if row["ended_at"]:
            return ""
        acted = await cast.act(seen, row)
        world.look(seen)
        if not acted:
            await pacer.step()
    return f"not done in {LONGEST.days} days on the journey's clock"


async def row_of(door: Door) -> Row:
    """Return the client's journey as lists show it."""
    async with door.db.connection() as connection:
        rows = await list_journeys(connection, 1, search=CLIENT)
    return rows[0]
