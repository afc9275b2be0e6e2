import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from sojourn.engine.loop import LONGEST_PAUSE, PATIENCE, Loop
from sojourn.store.postgres import DatabaseUnavailable

Round = Callable[[], float]


class Told(Loop):
    """Does what it is told, round by round, notes its rests, and stops at the end."""

    def __init__(self, *rounds: Round, poll: float = 5.0, longest: float = LONGEST_PAUSE) -> None:
        super().__init__(poll, longest)
        self.rounds = list(rounds)
        self.rests: list[float] = []
        self.stop = asyncio.Event()
        self.closed = 0

    async def once(self) -> float:
        done = self.rounds.pop(0)
        if not self.rounds:
            self.stop.set()
        return done()

    async def close(self) -> None:
        self.closed += 1

    async def _rest(self, seconds: float) -> None:
        self.rests.append(seconds)


def rest(seconds: float) -> Round:
    return lambda: seconds


def away() -> float:
    raise DatabaseUnavailable("gone")


def broken() -> float:
    raise ZeroDivisionError


async def test_rounds_follow_one_another_and_rest_no_longer_than_the_poll() -> None:
    loop = Told(rest(0), rest(2), rest(60), rest(float("inf")))
    await loop.run(loop.stop)
    assert loop.rests == [0, 2, 5, 5]
    assert loop.closed == 1


@pytest.mark.parametrize("failure", [away, broken])
async def test_failures_are_survived_with_growing_pauses(failure: Round) -> None:
    loop = Told(*[failure] * 12, rest(0), failure, rest(1))
    await loop.run(loop.stop)
    *pauses, after, again, end = loop.rests
    for number, pause in enumerate(pauses, 1):
        whole = min(0.1 * 2**number, LONGEST_PAUSE)
        assert whole / 2 <= pause <= whole
    assert (after, end) == (0, 1)
    assert again <= 0.2, "a success ends the growth"


async def test_a_lease_may_not_rest_for_longer_than_it_lasts() -> None:
    loop = Told(*[away] * 9, longest=1.0)
    await loop.run(loop.stop)
    assert max(loop.rests) <= 1


async def test_a_loop_that_cannot_close_ends_all_the_same() -> None:
    class Stuck(Told):
        async def close(self) -> None:
            raise DatabaseUnavailable("gone")

    loop = Stuck(rest(0))
    await loop.run(loop.stop)


class Waiting(Loop):
    """Rests for long after every round."""

    def __init__(self) -> None:
        super().__init__(3600)
        self.round = asyncio.Semaphore(0)
        self.rounds = 0

    async def once(self) -> float:
        self.rounds += 1
        self.round.release()
        return 3600

    async def next(self) -> None:
        await asyncio.wait_for(self.round.acquire(), 5)


async def test_a_wake_ends_the_rest_also_when_it_comes_during_a_round() -> None:
    loop, stop = Waiting(), asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    await loop.next()
    loop.wake()
    await loop.next()
    assert loop.rounds == 2
    stop.set()
    loop.wake()
    await asyncio.wait_for(running, 5)
    assert loop.rounds == 2


async def test_a_wake_during_a_round_is_not_lost() -> None:
    class Woken(Waiting):
        async def once(self) -> float:
            if self.rounds == 0:
                self.wake()
            return await super().once()

    loop, stop = Woken(), asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    await loop.next()
    await loop.next()
    stop.set()
    loop.wake()
    await asyncio.wait_for(running, 5)
    assert loop.rounds == 2


async def test_a_round_that_never_ends_and_rounds_that_fail_are_overdue() -> None:
    loop = Told(rest(0), poll=5)
    made = loop.good_at
    assert loop.overdue(made + 5 + PATIENCE) == 0
    assert loop.overdue(made + 5 + PATIENCE + 2) == pytest.approx(2)
    await loop.run(loop.stop)
    assert (loop.good_at > made, loop.turns) == (True, 1)
    failing = Told(away, broken, away)
    made = failing.good_at
    await failing.run(failing.stop)
    assert (failing.good_at, failing.turns) == (made, 0), "a failed round is no good one"


async def test_a_cancellation_that_comes_with_a_wake_is_not_lost() -> None:
    loop = Waiting()
    running = asyncio.create_task(loop.run(asyncio.Event()))
    await loop.next()
    await asyncio.sleep(0)
    loop.wake()
    running.cancel()
    await asyncio.wait({running}, timeout=5)
    assert running.cancelled()


async def test_a_loop_that_has_missed_its_cancellation_halts_and_closes_nothing() -> None:
    class Deaf(Loop):
        closed = False

        async def once(self) -> float:
            # As psycopg's waiting does before Python 3.12, when an answer comes at the same time.
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            return 60

        async def close(self) -> None:
            self.closed = True

    loop = Deaf(60)
    running = asyncio.create_task(loop.run(asyncio.Event()))
    await asyncio.sleep(0)
    loop.halt()
    running.cancel()
    await asyncio.wait_for(running, 20)
    assert (loop.closed, loop.turns) == (False, 1)
