"""Opening an application: its database, its clock and its agents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sojourn.agents.callbacks import Callbacks
from sojourn.agents.directory import Directory
from sojourn.control.door import Door
from sojourn.control.tasks import callback_key
from sojourn.engine.engine import Pace
from sojourn.settings import Settings
from sojourn.store import clock
from sojourn.store.migrate import migrate
from sojourn.store.postgres import open_database


@dataclass(frozen=True, slots=True)
class App:
    """An open application: the door to the journeys, and the agents."""

    door: Door
    agents: Directory
    settings: Settings


@asynccontextmanager
async def open_app(
    settings: Settings, *, speed: float = 1.0, begin: datetime | None = None
) -> AsyncIterator[App]:
    """Open the database, bring its schema up to date, and read the agents' directory.

    ``speed`` is that of the journeys' clock where the database is new, ``begin`` what it shows
    then (real time unless given). Raises DatabaseError, and BadDirectory for the agents' file.
    """
    url = settings.database_url.get_secret_value() if settings.database_url else None
    agents = open_agents(settings)
    async with open_database(url, settings.data_dir, max_size=settings.connections) as db:
        await migrate(db)
        async with db.connection() as connection:
            shown = await clock.read(connection, speed, begin)
        app = App(Door(db, shown), agents, settings)
        if settings.public_url:
            await let_call_back(app, settings.public_url)
        try:
            yield app
        finally:
            await agents.aclose()


async def let_call_back(app: App, url: str) -> Callbacks:
    """Tell the agents to call back at a URL, or where the settings say; before they are used."""
    callbacks = Callbacks(app.settings.public_url or url, await callback_key(app.door))
    app.agents.let_call_back(callbacks)
    return callbacks


def open_agents(settings: Settings) -> Directory:
    """Return the agents: the built-in ones, extended by the user's file."""
    return Directory.load([settings.agents] if settings.agents else [])


def pace(settings: Settings) -> Pace:
    """Return how the engine's loops run."""
    return Pace(
        settings.poll_seconds,
        timedelta(seconds=settings.lease_seconds),
        settings.claim_batch,
        settings.worker_tasks,
        settings.journey_batch,
        settings.private_webhooks,
    )
