"""``sojourn demo``: a client goes from contract to production in about a minute, to be watched."""

import asyncio
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from sojourn.app import open_app
from sojourn.cli import failures, grounds, screen
from sojourn.cli.ending import report
from sojourn.cli.play import begin, play
from sojourn.cli.story import Story, tell
from sojourn.cli.tales import TALES, Tale
from sojourn.cli.watching import Watcher, live, plain, silent
from sojourn.core.work import hint
from sojourn.settings import Settings

SPEED: Final = 43_200.0
"""A day takes two seconds."""
DAY: Final = 86_400
SEEDS: Final = 520

Scenario = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"What happens: {', '.join(TALES)}.",
        autocompletion=lambda: list(TALES),
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
Json = Annotated[bool, typer.Option("--json", help="Print only the report, as JSON.")]


def demo(
    scenario: Scenario = "happy",
    seed: Seed = 1,
    speed: Speed = SPEED,
    timeout: Timeout = 900,
    keep: Keep = None,
    as_plain: Plain = False,
    as_json: Json = False,
) -> None:
    """Take a client through a whole journey on a fast clock, and prove how it went.

    A healthcare client (medtronic, path healthcare) goes from contract to production: sandbox,
    compliance, pilot, production. The engine, the gates and the PostgreSQL are real, on a data
    directory of their own that is removed at the end; the reference agents measure a small
    simulated world, and simulated people approve and report what is theirs to say. The clock
    waits for the engine, so that a slow machine takes longer and nothing else changes.

    The exit status is 0 if the journey ended as its scenario says, otherwise 1.
    """
    tale = TALES.get(scenario)
    if tale is None:
        raise failures.bad(f"there is no scenario {scenario!r}{hint(scenario, TALES)}")
    watcher = silent if as_json else live if screen.interactive() and not as_plain else plain
    with grounds.directory(keep) as data_dir:
        settings = Settings(data_dir=data_dir, log_format="json")
        with grounds.logged(settings) as log:
            story = grounds.run(_played(settings, tale, watcher, seed, speed, timeout))
        _show(story, log, as_json=as_json)
        if keep:
            screen.note(f"Kept: SOJOURN_DATA_DIR={data_dir} sojourn show {story['client']}")
    if not story["ok"]:
        raise typer.Exit(1)


async def _played(
    settings: Settings,
    tale: Tale,
    watcher: Watcher,
    seed: int,
    speed: float,
    timeout: float,  # noqa: ASYNC109 -- reaching it is a result, not an error
) -> Story:
    foot = f"Scenario {tale.name} · a day takes {DAY / speed:.2g} s · Ctrl-C ends it"
    stop = asyncio.Event()
    watching: list[asyncio.Task[None]] = []
    async with open_app(settings, begin=begin(seed)) as app:

        def watch(journey_id: UUID) -> None:
            seen = watcher(app.door, journey_id, stop, foot)
            watching.append(asyncio.ensure_future(seen))

        try:
            played = await play(app, tale, speed=speed, seed=seed, timeout=timeout, started=watch)
        finally:
            stop.set()
            await asyncio.gather(*watching)
        return await tell(app.door, played)


def _show(story: Story, log: Path, *, as_json: bool) -> None:
    if as_json:
        return screen.print_json(story)
    console = screen.out()
    for part in report(story):
        console.print(part)
    if not story["ok"] and (said := log.read_text().splitlines()):
        screen.note("The engine's log ends with:")
        for line in said[-5:]:
            screen.note(line)
    return None
