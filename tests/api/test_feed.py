import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from sojourn.api import feed as feed_module
from sojourn.api.feed import Feed, Told, Wanted
from sojourn.control import change, start
from sojourn.core.commands import HoldJourney, Resume
from sojourn.paths import load
from sojourn.store import stream
from sojourn.store.postgres import Database
from sojourn.store.stopping import stopped
from tests.doors import rows, still_door
from tests.journeys.small import SMALL


async def take(
    feed: Feed, after: int | None, count: int, wanted: Wanted | None = None
) -> list[int]:
    """Return the ids of the next events that a follower hears of."""
    found: list[int] = []
    async with aclosing(feed.follow(after, wanted or Wanted(), 5.0)) as events:  # type: ignore[type-var]
        async for event in events:
            if event is not None:
                found.append(event.event_id)
            if len(found) == count:
                return found
    return found


class Running:
    """A feed while it follows the journal."""

    def __init__(self, db: Database, keep: int = 100) -> None:
        self.feed = Feed(db, keep)

    async def __aenter__(self) -> Feed:
        self._task = asyncio.create_task(self.feed.run())
        while not self.feed.alive:
            await asyncio.sleep(0.01)
        return self.feed

    async def __aexit__(self, *_: Any) -> None:
        await stopped(self._task)


async def every(db: Database) -> list[int]:
    return [i for (i,) in await rows(db, "SELECT event_id FROM journey_events ORDER BY 1")]


async def test_a_follower_hears_what_was_and_what_comes(db: Database) -> None:
    door = still_door(db)
    first = await start(door, load(SMALL), "a", "ann")
    async with Running(db) as feed:
        begun = asyncio.create_task(take(feed, 0, 3))
        await change(door, first.state.journey_id, HoldJourney(actor="ann", reason="x"))
        await change(door, first.state.journey_id, Resume(actor="ann"))
        assert await begun == (await every(db))[:3]
        assert await take(feed, 1, 2) == (await every(db))[1:3]


async def test_whoever_falls_behind_reads_on_from_the_database(db: Database) -> None:
    door = still_door(db)
    async with Running(db, keep=3) as feed:
        begin = feed.position
        for name in "abcdefgh":
            await start(door, load(SMALL), name, "ann")
        written = await every(db)
        while feed.position < written[-1]:
            await asyncio.sleep(0.01)
        assert await take(feed, begin, len(written)) == written
        assert await take(feed, written[3], len(written) - 4) == written[4:]


async def test_followers_hear_only_what_they_want(db: Database) -> None:
    door = still_door(db)
    async with Running(db) as feed:
        one = await start(door, load(SMALL), "a", "ann")
        await start(door, load(SMALL), "b", "ann")
        await change(door, one.state.journey_id, HoldJourney(actor="ann", reason="x"))
        [held] = await rows(db, "SELECT event_id FROM journey_events WHERE type = 'journey.held'")
        for after in (0, feed.position):
            wanted = Wanted(types=frozenset({"journey.held"}))
            if after == 0:
                assert await take(feed, after, 1, wanted) == list(held)
        own = await rows(
            db,
            "SELECT event_id FROM journey_events JOIN journey_states USING (journey_id)"
            " WHERE client_id = 'b' ORDER BY 1",
        )
        assert await take(feed, 0, len(own), Wanted(client_id="b")) == [i for (i,) in own]
        key = one.state.journey_id
        assert (await take(feed, 0, 2, Wanted(journey_id=key)))[0] == (await every(db))[0]


async def test_what_is_still_being_read_is_not_taken_for_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*given: Any, **wanted: Any) -> Any:
        reading.set()
        await go_on.wait()
        return await between(*given, **wanted)

    between, door = stream.between, still_door(db)
    async with Running(db) as feed:
        monkeypatch.setattr(stream, "between", slowly)
        await start(door, load(SMALL), "a", "ann")
        await reading.wait()
        written = await every(db)
        following = asyncio.create_task(take(feed, 0, len(written)))
        await asyncio.sleep(0.05)
        go_on.set()
        assert await asyncio.wait_for(following, 20) == written


async def test_nothing_new_moves_nobody(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sojourn.api.feed.POLL", 0.01)
    async with Running(db) as feed:
        follower = feed.follow(None, Wanted(), 0.5)
        assert await asyncio.wait_for(anext(follower), 20) is None


async def test_a_quiet_time_is_told_and_ends_with_the_right(db: Database) -> None:
    good = [True, False]

    async def still_good() -> bool:
        return good.pop(0)

    async with Running(db) as feed:
        found: list[Told | None] = [
            event async for event in feed.follow(None, Wanted(), 0.05, still_good)
        ]
    assert found == [None]


async def test_a_follower_without_a_place_begins_now(db: Database) -> None:
    door = still_door(db)
    decision = await start(door, load(SMALL), "a", "ann")
    async with Running(db) as feed:
        later = asyncio.create_task(take(feed, None, 1))
        await asyncio.sleep(0.05)
        key = decision.state.journey_id
        await change(door, key, HoldJourney(actor="ann", reason="x"))
        [held] = await rows(db, "SELECT event_id FROM journey_events WHERE type = 'journey.held'")
        assert await later == list(held)


async def test_closing_ends_all(db: Database) -> None:
    async with Running(db) as feed:
        ending = asyncio.create_task(take(feed, None, 1))
        await asyncio.sleep(0.05)
        feed.close()
        assert await asyncio.wait_for(ending, 5) == []


async def test_a_feed_that_stumbles_goes_on_and_leaves_nothing_out(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, wrong, told = still_door(db), [False, True, True, False, True], feed_module.told

    def stumbling(row: dict[str, Any]) -> Told:
        if wrong and wrong.pop(0):
            raise ValueError("no")
        return told(row)

    monkeypatch.setattr(feed_module, "told", stumbling)
    async with Running(db) as feed:
        begin = feed.position
        for name in "abc":
            await start(door, load(SMALL), name, "ann")
        written = await every(db)
        async with asyncio.timeout(20):
            while feed.position < written[-1]:
                await asyncio.sleep(0.01)
        assert await take(feed, begin, len(written)) == written
        assert (wrong, feed.alive) == ([], True)
