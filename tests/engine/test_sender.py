import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from sojourn.engine import sender
from sojourn.engine.sender import GIVE_UP, TIDY, Outcomes, Sender, again
from sojourn.store.postgres import DatabaseUnavailable


class Post(Sender):
    """A sender whose database is away as often as it is told."""

    name = "post"

    def __init__(self, *, away: int = 0) -> None:
        self.clock = datetime(2026, 1, 1, tzinfo=UTC)
        super().__init__(1.0, lambda: self.clock, None)
        self.away, self.written, self.forgot = away, [], 0

    written: Outcomes

    async def once(self) -> float:
        await self._tidy()
        return 0 if await self._write() else 60

    async def _settle(self, done: Outcomes) -> None:
        if self.away:
            self.away -= 1
            raise DatabaseUnavailable("gone")
        self.written += done

    async def _forget(self) -> None:
        self.forgot += 1

    async def sends(self, name: str) -> Outcomes:
        if name == "bad":
            raise ValueError(name)
        return [{"name": name}]

    async def hangs(self) -> Outcomes:
        await asyncio.sleep(3600)
        return []


async def test_outcomes_that_could_not_be_written_are_written_later() -> None:
    post, stop = Post(away=2), asyncio.Event()
    for name in ("a", "bad", "b"):
        post._begin(post.sends(name))
    running = asyncio.create_task(post.run(stop))
    async with asyncio.timeout(20):
        while len(post.written) < 2:
            await asyncio.sleep(0.01)
    stop.set()
    post.wake()
    await asyncio.wait_for(running, 20)
    assert [one["name"] for one in post.written] == ["a", "b"], (
        "a try that broke off takes no other"
    )


async def test_a_try_that_ends_late_takes_no_outcome_with_it_and_brings_none_back() -> None:
    post, late = Post(), asyncio.Event()

    async def slow() -> Outcomes:
        await late.wait()
        return [{"name": "slow"}]

    post._finished.append({"name": "before"})
    post._begin(slow())
    await asyncio.sleep(0)
    assert await post._write() == 1
    post._begin(post.sends("between"))
    while len(post._running) > 1:
        await asyncio.sleep(0)
    late.set()
    while post._running:
        await asyncio.sleep(0)
    await post._write()
    assert [one["name"] for one in post.written] == ["before", "between", "slow"]


async def test_what_is_under_way_may_end_and_then_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "GRACE", 0.05)
    post, stop = Post(), asyncio.Event()
    stop.set()
    post._begin(post.hangs())
    post._begin(post.sends("a"))
    [*tasks] = post._running
    await asyncio.wait_for(post.run(stop), 20)
    assert post.written == [{"name": "a"}]
    assert (post._running, sorted(t.cancelled() for t in tasks)) == (set(), [False, True])


async def test_a_sender_that_falls_leaves_nothing_under_way() -> None:
    post = Post()
    post._begin(post.hangs())
    running = asyncio.create_task(post.run(asyncio.Event()))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=20)
    assert (running.cancelled(), post._running) == (True, set())


async def test_old_things_are_forgotten_once_an_hour() -> None:
    post = Post()
    for _ in range(3):
        await post.once()
    assert post.forgot == 1
    post.clock += TIDY
    await post.once()
    assert post.forgot == 2


def test_waits_grow_and_end_within_a_day() -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    now, count, waits = begun, 1, []
    while (due := again(count, begun, now, 0.999)) is not None:
        waits.append((due - now).total_seconds())
        now, count = due, count + 1
    assert waits[0] == pytest.approx(5, abs=0.1)
    assert waits == sorted(waits)
    assert max(waits) <= 4 * 3600
    assert timedelta(hours=18) < now - begun <= GIVE_UP
    assert again(1, begun, begun, 0.0, timedelta(minutes=9)) == begun + timedelta(minutes=9)
    assert again(500, begun, begun, 0.0) == begun + timedelta(hours=2)
