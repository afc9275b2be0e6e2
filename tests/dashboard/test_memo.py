import asyncio

import pytest

from sojourn.dashboard.memo import Memo


async def test_a_value_is_made_once_for_many_readers_until_it_is_old() -> None:
    now, made = [0.0], []
    memo = Memo(lambda: now[0])

    async def make() -> int:
        await asyncio.sleep(0)
        made.append(now[0])
        return len(made)

    every = await asyncio.gather(*(memo.get("a", 5.0, make) for _ in range(20)))
    assert set(every) == {1}
    now[0] = 4.9
    assert await memo.get("a", 5.0, make) == 1
    now[0] = 5.0
    assert await memo.get("a", 5.0, make) == 2
    memo.forget()
    assert await memo.get("a", 5.0, make) == 3


async def test_what_failed_is_not_kept() -> None:
    memo = Memo()

    async def fail() -> int:
        raise ValueError

    async def good() -> int:
        return 1

    with pytest.raises(ValueError):
        await memo.get("a", 5.0, fail)
    assert await memo.get("a", 5.0, good) == 1
