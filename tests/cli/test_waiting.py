import asyncio
from contextlib import aclosing

from sojourn.cli import waiting
from sojourn.control import start
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import still_door
from tests.journeys.small import SMALL


async def test_there_is_a_look_at_once_and_after_each_change(db: Database) -> None:
    async with aclosing(waiting.looks(db, poll=60)) as looks:
        await anext(looks)
        # Whoever listens since a moment ago hears of what commits now, in the next look or soon.
        following = asyncio.ensure_future(anext(looks))
        for number in range(100):
            await start(still_door(db), load(SMALL), f"client-{number}", "ann")
            done, _ = await asyncio.wait({following}, timeout=0.1)
            if done:
                break
        assert following.done()


async def test_without_news_there_is_a_look_every_so_often(db: Database) -> None:
    async with aclosing(waiting.looks(db, poll=0.01)) as looks:
        for _ in range(5):
            await asyncio.wait_for(anext(looks), 10)


async def test_leaving_stops_listening(db: Database) -> None:
    def listening() -> int:
        return sum(" _listen at " in repr(task.get_coro()) for task in asyncio.all_tasks())

    async with aclosing(waiting.looks(db)) as looks:
        await anext(looks)
        assert listening() == 1
    assert listening() == 0
