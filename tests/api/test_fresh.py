import asyncio

from sojourn.api.fresh import MOST, Fresh


async def test_however_many_ask_it_is_computed_once() -> None:
    count = 0

    async def compute() -> int:
        nonlocal count
        count += 1
        await asyncio.sleep(0)
        return count

    fresh: Fresh[int] = Fresh(60)
    assert await asyncio.gather(*(fresh.get("a", compute) for _ in range(20))) == [1] * 20
    assert await fresh.get("b", compute) == 2
    stale: Fresh[int] = Fresh(0)
    assert [await stale.get("a", compute) for _ in range(2)] == [3, 4]


async def test_it_does_not_grow_for_ever() -> None:
    async def compute() -> int:
        return 1

    fresh: Fresh[int] = Fresh(60)
    for key in range(MOST * 3):
        await fresh.get(key, compute)
    assert len(fresh._kept) <= MOST + 1
