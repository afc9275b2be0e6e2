"""Waiting for change: woken by PostgreSQL, with a look every second or so as back-stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from sojourn.cli import screen
from sojourn.store.postgres import Database, DatabaseUnavailable
from sojourn.store.stopping import stopped

POLL: Final = 2.0
"""Real seconds between two looks when nothing is told."""
CHANNEL: Final = "sojourn_events"


async def looks(db: Database, poll: float = POLL) -> AsyncGenerator[None]:
    """Yield whenever it is time to look: at once, after each change, and every ``poll`` seconds.

    It goes on when the database is away for a while. Whoever leaves closes it, or it still listens.
    """
    told = asyncio.Event()
    listening = asyncio.create_task(_listen(db, told))
    try:
        while True:
            told.clear()
            yield
            with suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it loses a cancellation that comes with the news.
                async with asyncio.timeout(poll):
                    await told.wait()
    finally:
        await stopped(listening)


async def _listen(db: Database, told: asyncio.Event) -> None:
    while True:
        try:
            async with db.listen(CHANNEL) as payloads:
                async for _ in payloads:
                    told.set()
        except DatabaseUnavailable:
            await asyncio.sleep(POLL)


def away(error: DatabaseUnavailable) -> None:
    """Say that the database is away, and that this waits for it."""
    screen.note(f"{error} Waiting for it.")
