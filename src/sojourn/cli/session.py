"""From a command to the open application: settings, logs, database, door."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from sojourn.app import App, open_app
from sojourn.cli import logs
from sojourn.control.change import snapshot
from sojourn.control.door import Door, resolve
from sojourn.core.snapshot import Snapshot
from sojourn.settings import Settings
from sojourn.store.postgres import Database, open_database

T = TypeVar("T")


def run(work: Callable[[App], Awaitable[T]]) -> T:
    """Open the application, do the work, close it again."""
    settings = Settings.load()
    logs.configure(settings, quiet=True)

    async def opened() -> T:
        async with open_app(settings) as app:
            return await work(app)

    return asyncio.run(opened())


def run_database(work: Callable[[Database], Awaitable[T]]) -> T:
    """Open the database as it is, its schema untouched, do the work, close it again."""
    settings = Settings.load()
    logs.configure(settings, quiet=True)
    url = settings.database_url.get_secret_value() if settings.database_url else None

    async def opened() -> T:
        async with open_database(url, settings.data_dir) as db:
            return await work(db)

    return asyncio.run(opened())


def follow(work: Callable[[App], Awaitable[None]]) -> None:
    """Do work that goes on until it ends by itself or the user presses Ctrl-C."""
    with suppress(KeyboardInterrupt):
        run(work)


async def look(door: Door, name: str) -> Snapshot:
    """Return the journey of a client's name, a key or an id, with everything observed."""
    return await look_at(door, await resolve(door, name))


async def look_at(door: Door, journey_id: UUID) -> Snapshot:
    """Return a journey with everything observed."""
    async with door.db.connection() as connection:
        return await snapshot(connection, door, journey_id, door.now())
