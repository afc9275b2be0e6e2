"""The engine of a demonstration is begun, handed over to a process, killed, and begun again."""

import os

from sojourn.app import App
from sojourn.cli.crew import Crew
from sojourn.store.workers import list_workers
from tests.cli.plays import SHORT, opened, staged


async def pids(app: App) -> set[int]:
    async with app.door.db.connection() as connection:
        return {row["pid"] for row in await list_workers(connection)}


async def test_the_engine_changes_hands_and_survives_its_process(database_url: str) -> None:
    async with opened(database_url) as app, staged(app, [SHORT]) as (known, running):
        crew = Crew(known)
        crew.begin()
        assert not crew.ended
        await crew.hand_over()
        assert os.getpid() not in await pids(app)
        agent = running.process("survey-agent")
        before = agent.pid
        await crew.strike(agent)
        assert agent.pid not in (None, before)
        assert not crew.ended
        await crew.end()
        assert os.getpid() not in await pids(app)
