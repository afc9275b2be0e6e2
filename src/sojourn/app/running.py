"""The engine inside a process: begun, known by its lease, ended with the process."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sojourn.app.opening import App, pace
from sojourn.app.outside import outbound
from sojourn.engine.engine import run_engine
from sojourn.engine.vitals import Vitals
from sojourn.store.sets import Row
from sojourn.store.workers import list_workers

LOOK: Final = 0.05
Running = asyncio.Task[None]


@asynccontextmanager
async def running(
    app: App, stop: asyncio.Event, *, vitals: Vitals | None = None, url: str = ""
) -> AsyncIterator[Running]:
    """Run the engine's loops while the block lasts; ``stop`` or the block's end ends them.

    ``vitals`` counts, ``url`` is where messages say the pages are. The engine has ended before the
    application closes, however the block ends; raises what ended it.
    """
    told = outbound(app.settings, url)
    pace_ = pace(app.settings)
    engine = asyncio.create_task(run_engine(app.door, app.agents, stop, pace_, vitals, told))
    try:
        yield engine
    except asyncio.CancelledError:
        engine.cancel()
        raise
    finally:
        stop.set()
        await engine


async def begun(app: App, engine: Running) -> None:
    """Wait until the engine holds its lease; raises what ended it before."""
    while not await own_lease(app):
        if engine.done():
            await engine
            return
        await asyncio.sleep(LOOK)


async def own_lease(app: App) -> Row | None:
    """Return the lease of this process as the database has it."""
    async with app.door.db.connection() as connection:
        rows = await list_workers(connection)
    here = (socket.gethostname(), os.getpid())
    return next((r for r in rows if (r["host"], r["pid"]) == here and r["lease_s"] > 0), None)
