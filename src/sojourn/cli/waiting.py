"""Waiting for change: woken by PostgreSQL, with a look every second or so as back-stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from sojourn.cli import screen
from sojourn.store.postgres import Database, DatabaseUnavailable

POLL: Final = 2.0
"""Real seconds between two looks when nothing is told."""
CHANNEL: Final = "sojourn_events"


async def looks(db: Database, poll: float = POLL) -> AsyncGenerator[None]:
    """Yield whenever it is time to look: at once, after each change, and every ``poll`` seconds.

    It goes on when the database is away for a while.
    """
    told = asyncio.Event()
    listening = asyncio.create_task(_listen(db, told))
    try:
        while True:
            told.clear()
            yield
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), poll)
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


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
