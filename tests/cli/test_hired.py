"""The engine as a process: it says when it works, ends with who started it, works meanwhile."""

import asyncio
from pathlib import Path

from pydantic import SecretStr

from sojourn.app import open_app
from sojourn.cli.crew import HIRED
from sojourn.sandbox.processes import Child
from sojourn.settings import Settings
from sojourn.store.workers import list_workers
from tests.cli.plays import started


async def test_it_works_until_it_is_told_to_end(database_url: str, tmp_path: Path) -> None:
    orders = {"database_url": database_url, "data_dir": str(tmp_path), "poll_seconds": 0.1}
    hired = Child(HIRED, orders, tmp_path / "log")
    settings = Settings(database_url=SecretStr(database_url), data_dir=tmp_path)
    async with open_app(settings) as app:
        await hired.start()
        await started(app)
        async with asyncio.timeout(30), app.door.db.connection() as connection:
            while not [r for r in await list_workers(connection) if r["pid"] == hired.pid]:
                await asyncio.sleep(0.05)
        await hired.stop()
    assert hired.pid is None
