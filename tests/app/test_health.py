"""How the engine of a process is told."""

import asyncio

from sojourn.agents.directory import Directory
from sojourn.app import App
from sojourn.app.health import EngineProbe
from sojourn.app.running import begun, running
from sojourn.engine.vitals import Vitals
from sojourn.settings import Settings
from sojourn.store.postgres import Database
from tests.doors import still_door


async def test_an_engine_is_looked_at_anew_each_time(db: Database) -> None:
    app, stop = App(still_door(db), Directory.load(), Settings.load({})), asyncio.Event()
    vitals = Vitals()
    async with running(app, stop, vitals=vitals) as engine:
        await begun(app, engine)
        probe = EngineProbe(app, engine, stop, vitals)
        assert [(f.name, f.ok) for f in await probe()] == [
            ("engine", True),
            ("loops", True),
            ("lease", True),
        ]
        stop.set()
        assert ("stopping", False) in [(f.name, f.ok) for f in await probe()]
    found = {f.name: f for f in await probe()}
    assert (found["engine"].ok, found["engine"].vital, found["lease"].message) == (
        False,
        True,
        "lost",
    )


async def test_without_a_database_nobody_knows_of_the_lease(db: Database) -> None:
    app, stop = App(still_door(db), Directory.load(), Settings.load({})), asyncio.Event()
    engine = asyncio.create_task(asyncio.sleep(60))
    await db.pool.close()
    lease = (await EngineProbe(app, engine, stop, Vitals())())[2]
    assert (lease.ok, lease.message[:7]) == (False, "unknown")
    engine.cancel()
