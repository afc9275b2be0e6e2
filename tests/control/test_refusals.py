from sojourn.control import start
from sojourn.control.refusals import Refusals
from sojourn.core.journal import verify
from sojourn.paths import load
from sojourn.store import journal
from sojourn.store.postgres import Database
from tests.doors import dump, still_door
from tests.journeys.small import SMALL


async def test_a_refusal_is_kept_in_the_journal_once_a_while(db: Database) -> None:
    door = still_door(db)
    decision = await start(door, load(SMALL), "acme", "ann")
    key = decision.state.journey_id
    before = await dump(db)
    refusals = Refusals()
    assert await refusals.note(door, key, "bob", "promote", "needs role operator")
    assert not await refusals.note(door, key, "bob", "promote", "needs role operator")
    assert await refusals.note(door, key, "eve", "promote", "needs role operator")
    async with db.connection() as connection:
        events = await journal.of_journey(connection, key)
        [chain] = (await journal.chains(connection, [key])).values()
    refused = [e for e in events if e["type"] == "access.refused"]
    assert [(e["actor"], e["data"]["asked"]) for e in refused] == [
        ("bob", "promote"),
        ("eve", "promote"),
    ]
    assert verify(chain) == []
    after = await dump(db)
    for table in ("tasks", "units_of_work", "facts", "validation_results", "alerts"):
        assert after[table] == before[table]
