from sojourn.control import start
from sojourn.engine.conductor import ELSEWHERE, Conductor
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import later, rows, still_door

PATH = load("name: p\nstages: [{ name: sandbox, exit: { criteria: [{ fact: done }] } }]\n")


async def test_it_looks_at_what_is_due_and_rests_until_more_is(db: Database) -> None:
    door = still_door(db)
    conductor = Conductor(door, 1.0, 2)
    assert await conductor.once() == float("inf")
    for n in range(3):
        await start(door, PATH, f"client-{n}", "ann")
    while not await conductor.once():
        pass
    assert await conductor.once() == 3600
    later(door, hours=1)
    assert [await conductor.once() for _ in range(3)] == [0, 0, 3600]
    await rows(db, "INSERT INTO wakeups (journey_id) SELECT journey_id FROM journey_states")
    assert [await conductor.once() for _ in range(3)] == [0, 0, 3600]


async def test_what_another_has_in_hand_is_not_asked_for_again_and_again(db: Database) -> None:
    door = still_door(db)
    await start(door, PATH, "acme", "ann")
    conductor = Conductor(door, 1.0, 10)
    while not await conductor.once():
        pass
    await rows(db, "INSERT INTO wakeups (journey_id) SELECT journey_id FROM journey_states")
    async with db.transaction() as other:
        await other.execute("SELECT 1 FROM journey_states FOR NO KEY UPDATE")
        assert await conductor.once() == ELSEWHERE
    assert await conductor.once() == 0
