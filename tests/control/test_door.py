from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from sojourn.control import NotFoundError, change, start
from sojourn.control.door import Door, resolve
from sojourn.core.commands import Cancel
from sojourn.paths import load
from sojourn.store.clock import Clock
from tests.doors import START, StillClock, later, set_time

TEXT = "name: {}\nstages: [{{ name: sandbox, exit: {{ criteria: [{{ fact: done }}] }} }}]\n"
PATH, OTHER = load(TEXT.format("p")), load(TEXT.format("q"))


async def test_a_journey_is_found_by_client_key_and_id(door: Door) -> None:
    state = (await start(door, PATH, "medtronic", "ann")).state
    for name in ("medtronic", state.journey_key, str(state.journey_id)):
        assert await resolve(door, name) == state.journey_id


async def test_of_several_the_active_one_counts_then_the_newest(door: Door) -> None:
    ids = []
    for _ in range(2):
        ids.append((await start(door, PATH, "again", "ann")).state.journey_id)
        await change(door, ids[-1], Cancel(actor="ann", reason="x"))
        later(door, hours=1)
    assert await resolve(door, "again") == ids[1]
    with pytest.raises(NotFoundError, match=r"has ended \(cancelled\); start a new one"):
        await resolve(door, "again", active=True)
    active = (await start(door, PATH, "again", "ann")).state.journey_id
    later(door, hours=1)
    assert await resolve(door, "again") == active
    assert await resolve(door, "again", active=True) == active
    assert await resolve(door, "journey-again-2026") == ids[0]


async def test_several_active_journeys_have_to_be_told_apart(door: Door) -> None:
    one = (await start(door, PATH, "both", "ann")).state
    two = (await start(door, OTHER, "both", "ann")).state
    with pytest.raises(NotFoundError) as caught:
        await resolve(door, "both")
    assert one.journey_key in str(caught.value)
    assert two.journey_key in str(caught.value)
    assert await resolve(door, two.journey_key) == two.journey_id


@pytest.mark.parametrize(
    "name", ["nobody", "", "\x00", "\ud800", "2dbee9c9-0ec6-4095-a36d-192ced4dc3ed", "x" * 10_000]
)
async def test_what_is_not_there_is_said_kindly(door: Door, name: str) -> None:
    await start(door, PATH, f"known-{uuid4()}", "ann")
    with pytest.raises(NotFoundError, match="no journey of client"):
        await resolve(door, name)


async def test_a_name_nearly_right_is_recognised(door: Door) -> None:
    await start(door, PATH, "boston scientific", "ann")
    with pytest.raises(NotFoundError, match="did you mean 'boston scientific'"):
        await resolve(door, "bostn scientific")


def test_time_never_goes_back(door: Door) -> None:
    before = door.now()
    set_time(door, before - timedelta(seconds=1))
    assert door.now() == before
    assert later(door, hours=2) == before + timedelta(hours=2) - timedelta(0)


def test_a_moment_of_the_journeys_time_in_real_seconds(door: Door) -> None:
    assert door.until(None) == float("inf")
    assert door.until(START - timedelta(days=1)) == 0
    assert door.until(START + timedelta(minutes=1)) == 60
    fast = replace(door, clock=Clock(START, StillClock(START, 0.0).at, 3600.0))
    assert fast.clock.real(timedelta(hours=1)) == 1
