import asyncio

import pytest

from sojourn.dashboard.memo import DEAR, PATIENCE, Memo


class Source:
    """Makes numbers, one after another, and fails when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.made = 0
        self.broken = False
        self.memo = Memo(lambda: self.now)

    async def make(self) -> int:
        await asyncio.sleep(0)
        if self.broken:
            raise ValueError
        self.made += 1
        return self.made

    async def get(self) -> int:
        return await self.memo.get("a", 5.0, self.make, PATIENCE)

    async def rest(self) -> None:
        await asyncio.gather(*self.memo._renewing.values())


async def test_a_value_is_made_once_for_many_readers() -> None:
    source = Source()
    assert set(await asyncio.gather(*(source.get() for _ in range(20)))) == {1}
    source.now = 4.9
    assert await source.get() == 1


async def test_an_old_value_is_shown_while_a_new_one_is_made() -> None:
    source = Source()
    await source.get()
    source.now = 5.0
    assert [await source.get(), await source.get()] == [1, 1]
    await source.rest()
    assert (await source.get(), source.made) == (2, 2)


async def test_a_value_that_is_too_old_is_waited_for() -> None:
    source = Source()
    await source.get()
    source.now = 5.0 * PATIENCE
    assert await source.get() == 2


async def test_what_failed_is_not_kept_and_the_old_value_stands() -> None:
    source = Source()
    source.broken = True
    with pytest.raises(ValueError):
        await source.get()
    source.broken = False
    assert await source.get() == 1
    source.broken, source.now = True, 6.0
    assert await source.get() == 1
    await source.rest()
    assert await source.get() == 1
    source.now = 5.0 * PATIENCE
    with pytest.raises(ValueError):
        await source.get()


async def test_after_a_change_nothing_older_is_shown() -> None:
    source = Source()
    await source.get()
    source.now = 5.0
    await source.get()
    await asyncio.sleep(0)  # the new value is being made
    source.memo.forget()
    await source.rest()
    assert await source.get() == 3


async def test_without_patience_a_new_value_is_waited_for() -> None:
    source = Source()
    await source.get()
    source.now = 5.0
    assert await source.memo.get("a", 5.0, source.make) == 2


async def test_what_is_dear_is_made_less_often() -> None:
    source = Source()

    async def slowly() -> int:
        source.now += 1.0
        return await source.make()

    assert await source.memo.get("a", 5.0, slowly, PATIENCE) == 1
    source.now += DEAR - 0.1
    await source.get()
    await source.rest()
    assert source.made == 1
    source.now += 0.2
    await source.get()
    await source.rest()
    assert source.made == 2
