"""Lanes: nothing waits for what waits, nothing is run twice, and few tasks do it."""

import asyncio
from collections.abc import Callable

import pytest

from sojourn.engine import lanes as module
from sojourn.engine.lanes import Lanes


class Calls:
    """Numbers that are run; those in ``gates`` wait until they are let go."""

    def __init__(self) -> None:
        self.ended: list[int] = []
        self.begun: list[int] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.within: set[asyncio.Task[None] | None] = set()
        self.lanes = Lanes(self.run)

    async def run(self, number: int) -> None:
        self.begun.append(number)
        self.within.add(asyncio.current_task())
        if number in self.gates:
            await self.gates[number].wait()
        self.ended.append(number)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                await asyncio.sleep(0)


async def test_calls_that_do_not_wait_share_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    # However slow the machine is: no turn is over before they have ended.
    monkeypatch.setattr("sojourn.engine.lanes.TURN", 60)
    calls = Calls()
    calls.lanes.add(range(1000))
    assert len(calls.lanes) == 1000
    await calls.lanes.wait(5)
    assert calls.ended == list(range(1000))
    assert len(calls.within) == 1
    assert len(calls.lanes) == 0


async def test_every_call_that_waits_has_a_lane_and_holds_nobody_up() -> None:
    calls = Calls()
    calls.gates = {n: asyncio.Event() for n in range(0, 300, 2)}
    calls.lanes.add(range(300))
    await calls.until(lambda: len(calls.begun) == 300)
    assert sorted(calls.ended) == list(range(1, 300, 2))
    assert len(calls.lanes) == 150
    await calls.until(lambda: len(calls.lanes.tasks) == 150)
    calls.lanes.add([300])
    await calls.until(lambda: 300 in calls.ended)
    for gate in calls.gates.values():
        gate.set()
    await calls.lanes.wait(5)
    assert sorted(calls.ended) == list(range(301))


async def test_a_lane_whose_call_goes_on_leaves_nothing_behind_when_the_next_waits() -> None:
    calls = Calls()
    calls.gates = {n: asyncio.Event() for n in range(4)}
    calls.lanes.add([0])
    await calls.until(lambda: calls.begun == [0])
    calls.gates[0].set()
    calls.lanes.add([1, 2, 3, 4])
    await calls.until(lambda: len(calls.begun) == 5)
    assert calls.ended == [0, 4]
    calls.lanes.drop()
    await calls.lanes.wait(5)


async def test_calls_that_take_long_without_waiting_let_the_process_have_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TURN", 0.0)
    calls = Calls()
    turns = 0
    calls.lanes.add(range(3))
    while len(calls.lanes) and turns < 1000:
        turns += 1
        await asyncio.sleep(0)
    assert calls.ended == [0, 1, 2]
    assert turns > 3


async def test_what_is_dropped_is_neither_begun_nor_ended() -> None:
    calls = Calls()
    calls.gates = {n: asyncio.Event() for n in range(3)}
    calls.lanes.add(range(3))
    await calls.until(lambda: len(calls.begun) == 3)
    calls.lanes.add([7])
    calls.lanes.drop()
    await calls.lanes.wait(5)
    assert calls.ended == []
    assert calls.begun == [0, 1, 2]
    assert len(calls.lanes) == 0
    calls.lanes.add([8])
    await calls.lanes.wait(5)
    assert calls.ended == [8]


async def test_waiting_has_an_end() -> None:
    calls = Calls()
    calls.gates[0] = asyncio.Event()
    calls.lanes.add([0])
    with pytest.raises(TimeoutError):
        await calls.lanes.wait(0.01)
    assert len(calls.lanes) == 1
    calls.gates[0].set()
    await calls.lanes.wait(5)
