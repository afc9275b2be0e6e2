"""Watching a journey: drawn anew four times a second, or told line by line, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final
from uuid import UUID

from rich.live import Live

from sojourn.cli import screen, telling
from sojourn.cli.board import Board
from sojourn.cli.picture import look
from sojourn.control.change import snapshot
from sojourn.control.door import Door
from sojourn.store import journal

Watcher = Callable[[Door, UUID, asyncio.Event, str], Awaitable[None]]
"""Shows a journey until the event is set; the text stands below the drawing."""
PERIOD: Final = 0.25
LINGERS: Final = 1.0
"""Seconds for which the last picture stays."""
NEWEST: Final = 60


async def live(door: Door, journey_id: UUID, stop: asyncio.Event, foot: str) -> None:
    """Draw the journey on the whole terminal, which looks as before when it is over."""
    since = monotonic()
    with Live(console=screen.out(), screen=True, auto_refresh=False) as view:
        while True:
            last = stop.is_set()
            picture = await look(door, journey_id, NEWEST)
            footer = f"{foot} · {monotonic() - since:.0f} s"
            view.update(Board(picture, footer), refresh=True)
            if last:
                break
            await rest(stop)
        await asyncio.sleep(LINGERS)


async def plain(door: Door, journey_id: UUID, stop: asyncio.Event, foot: str) -> None:
    """Tell each event on a line."""
    screen.note(foot)
    async with door.db.connection() as connection:
        shot = await snapshot(connection, door, journey_id, door.now())
    teller = telling.Teller(shot.path, shot.state.started_at)
    seen, last = 0, False
    while not last:
        last = stop.is_set()
        async with door.db.connection() as connection:
            events = await journal.of_journey(connection, journey_id, seen)
        for event in events:
            seen = event["seq"]
            if told := teller.line(event):
                screen.say(told)
        if not last:
            await rest(stop)


async def silent(_door: Door, _journey_id: UUID, _stop: asyncio.Event, _foot: str) -> None:
    """Show nothing."""
    return


async def rest(stop: asyncio.Event, seconds: float = PERIOD) -> None:
    """Wait so long, or until the event is set."""
    with suppress(TimeoutError):
        # Not wait_for: before Python 3.12 it loses a cancellation that comes with the event.
        async with asyncio.timeout(seconds):
            await stop.wait()
