from uuid import uuid4

from sojourn.control import change, start
from sojourn.core.commands import HoldJourney
from sojourn.paths import load
from sojourn.store import audit
from sojourn.store.paths import PathShelf
from sojourn.store.postgres import Database
from tests.doors import still_door
from tests.journeys.small import SMALL


async def test_rows_journals_and_the_paths_of_moves_come_together(db: Database) -> None:
    door = still_door(db)
    first = await start(door, load(SMALL), "acme", "ann")
    second = await start(door, load(SMALL), "beta", "ann")
    key = first.state.journey_id
    await change(door, key, HoldJourney(actor="ann", reason="r"))
    shelf = PathShelf()
    found = await audit.read(db, shelf, [key, second.state.journey_id, uuid4()])
    assert set(found) == {key, second.state.journey_id}
    one = found[key]
    assert [e.event.type for e in one.entries] == ["transition", "journey.held"]
    assert one.shot.seq == 2
    assert one.shot.state.hold is not None
    assert {shelf[path_id].name for path_id in one.paths.values()} == {"small"}
    assert list(one.paths) == [1]


async def test_the_connection_goes_back_as_it_came(db: Database) -> None:
    door = still_door(db)
    decision = await start(door, load(SMALL), "acme", "ann")
    async with db.connection() as connection:
        borrowed = connection.info.backend_pid
    await audit.read(db, PathShelf(), [decision.state.journey_id])
    async with db.transaction() as connection:
        assert connection.info.backend_pid == borrowed
        shown = await (await connection.execute("SHOW transaction_isolation")).fetchone()
        assert shown == ("read committed",)
