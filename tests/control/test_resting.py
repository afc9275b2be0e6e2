from dataclasses import replace
from uuid import UUID

from sojourn.control import start, tick
from sojourn.control.resting import EACH, Resting
from sojourn.control.tick import next_look
from sojourn.core.snapshot import Snapshot
from sojourn.core.work import Progress, Purpose, UnitOfWorkStatus
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.core.scenes import shot, state
from tests.doors import rows, still_door

PATH = load("""
name: p
stages:
  - name: sandbox
    exit: { criteria: [{ fact: done }] }
    work: [{ name: w, tasks: [{ name: t, agent: x, for_each: "${facts.items}" }] }]
""")
WAKE = "INSERT INTO wakeups (journey_id) SELECT journey_id FROM journey_states"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def sized(key: int, *totals: int) -> Snapshot:
    """Return a journey whose units have so many tasks."""
    units = tuple(
        Progress(
            f"u{n}", f"u{n}", "sandbox", 1, Purpose.ACTIVITY, UnitOfWorkStatus.RUNNING, total=total
        )
        for n, total in enumerate(totals)
    )
    return replace(shot(), state=replace(state(), journey_id=UUID(int=key)), units=units)


def test_only_journeys_of_many_tasks_rest_and_the_longer_the_more_they_have() -> None:
    clock = Clock()
    resting = Resting(clock)
    assert resting.over_in() == float("inf")
    resting.note([sized(1, 30), sized(2, 6000, 4000), sized(3, 2000)])
    assert resting.journeys() == [UUID(int=2), UUID(int=3)]
    assert resting.over_in() == 2000 * EACH
    clock.now += 2000 * EACH
    assert resting.journeys() == [UUID(int=2)]
    clock.now += 8000 * EACH
    assert resting.journeys() == []
    assert resting.over_in() == float("inf")


async def test_what_happens_to_a_resting_journey_waits_and_is_seen_in_one_look(
    db: Database,
) -> None:
    door, clock = still_door(db), Clock()
    resting = Resting(clock)
    await start(door, PATH, "flood", "ann", facts={"items": list(range(1000))})
    await start(door, PATH, "small", "ann", facts={"items": [1]})
    await rows(db, WAKE)
    assert await tick(door, 10, resting) == 2
    for _ in range(3):
        await rows(db, WAKE)
        assert await tick(door, 10, resting) == 1, "the other is not passed over"
        assert await tick(door, 10, resting) == 0
        assert await next_look(door, resting) == 1000 * EACH
    assert await next_look(door) == 0, "it is due for everyone who has not just looked"
    clock.now += 1000 * EACH
    assert await tick(door, 10, resting) == 1
    assert await rows(db, "SELECT 1 FROM wakeups") == []
