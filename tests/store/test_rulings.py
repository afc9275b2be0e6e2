from sojourn.control import change, start
from sojourn.core.commands import Waive
from sojourn.paths import load
from sojourn.store import rulings
from sojourn.store.postgres import Database
from tests.doors import still_door
from tests.journeys.small import SMALL


async def test_rulings_come_newest_first_with_what_was_seen(db: Database) -> None:
    door = still_door(db)
    key = (await start(door, load(SMALL), "acme", "ann")).state.journey_id
    waive = Waive(actor="eve", roles=("approver",), criterion="contract_signed", reason="verbal")
    await change(door, key, waive)
    async with db.connection() as connection:
        [found] = await rulings.of_journey(connection, key)
    assert (found["answer"], found["actor"], found["roles"]) == ("waive", "eve", ["approver"])
    assert found["expires_at"] is not None
    assert len(found["evidence_hash"]) == 64
