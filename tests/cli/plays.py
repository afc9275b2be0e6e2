"""An open application on a test's database, at the time at which demonstrations begin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr

from sojourn.app import App, open_app
from sojourn.cli.play import begin
from sojourn.cli.tales import CLIENT, PATH, SIGNED
from sojourn.control import start
from sojourn.paths import find, load_file
from sojourn.settings import Settings


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[App]:
    settings = Settings(database_url=SecretStr(url), data_dir=Path())
    async with open_app(settings, begin=begin(1)) as app:
        yield app


async def started(app: App, **facts: object) -> UUID:
    """Start a journey as a demonstration does, with more facts; no engine runs."""
    path = load_file(find(PATH))
    decision = await start(app.door, path, CLIENT, "dana.reyes", facts=SIGNED | facts)
    return decision.state.journey_id
