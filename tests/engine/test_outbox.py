import pytest

from sojourn.engine.outbox import Outbox


async def test_what_is_written_leaves_in_order_and_what_comes_meanwhile_stays() -> None:
    box, written = Outbox([1, 2, 3]), []

    async def put(some: list[int]) -> None:
        box.append(4)
        written.append(some)

    assert await box.write(put, box[:2]) == [1, 2]
    assert (written, box) == ([[1, 2]], [3, 4])


async def test_what_cannot_be_written_stands_first_again() -> None:
    box = Outbox([1, 2, 3])

    async def fail(some: list[int]) -> None:
        box.append(4)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await box.write(fail, box[:2])
    assert box == [1, 2, 3, 4]


async def test_nothing_is_not_written() -> None:
    async def put(some: list[int]) -> None:
        raise AssertionError

    assert await Outbox[int]().write(put, []) == []
