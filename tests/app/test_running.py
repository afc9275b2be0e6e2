"""The engine inside a process: it is known by its lease."""

import asyncio

import pytest

from sojourn.agents.directory import Directory
from sojourn.app import App
from sojourn.app.running import begun, own_lease, running
from sojourn.settings import Settings
from sojourn.store.postgres import Database
from tests.doors import still_door


async def test_an_engine_holds_its_lease_from_begun_until_it_is_told_to_stop(db: Database) -> None:
    app, stop = App(still_door(db), Directory.load(), Settings.load({})), asyncio.Event()
    assert await own_lease(app) is None
    async with running(app, stop) as engine:
        await begun(app, engine)
        assert await own_lease(app)
        stop.set()
        await engine
    assert await own_lease(app) is None


@pytest.mark.parametrize("kind", [RuntimeError, asyncio.CancelledError])
async def test_an_engine_has_ended_when_what_runs_beside_it_fails(
    db: Database, kind: type[BaseException]
) -> None:
    app = App(still_door(db), Directory.load(), Settings.load({}))
    with pytest.raises(kind):
        async with running(app, asyncio.Event()) as engine:
            await begun(app, engine)
            raise kind
    assert engine.done()
    # One that is cut off leaves its lease to run out.
    assert await own_lease(app) is None or kind is asyncio.CancelledError


async def test_what_ended_an_engine_at_its_beginning_is_raised(db: Database) -> None:
    app = App(still_door(db), Directory.load(), Settings.load({}))

    async def broken() -> None:
        raise RuntimeError("no engine")

    with pytest.raises(RuntimeError, match="no engine"):
        await begun(app, asyncio.create_task(broken()))
