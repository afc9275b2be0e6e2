import asyncio

import pytest

from sojourn.store import stopping
from sojourn.store.stopping import stopped


async def test_a_task_that_misses_cancellations_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "INSIST", 0.01)
    heard = 0

    async def deaf() -> None:
        nonlocal heard
        while heard < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard += 1

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await asyncio.wait_for(stopped(task), 30)
    assert (heard, task.done()) == (3, True)


async def test_what_a_task_ended_with_before_is_not_raised() -> None:
    async def wrong() -> None:
        raise ValueError("no")

    task = asyncio.create_task(wrong())
    await asyncio.wait([task])
    await stopped(task)
    assert isinstance(task.exception(), ValueError)
