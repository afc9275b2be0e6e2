from uuid import uuid4

from sojourn.control import change, start
from sojourn.core.commands import Cancel, HoldJourney
from sojourn.paths import load
from sojourn.store import portfolio
from sojourn.store.postgres import Database
from tests.doors import still_door
from tests.journeys.small import SMALL


async def test_a_line_per_journey_tells_how_it_went(db: Database) -> None:
    door = still_door(db)
    keys = {
        name: (await start(door, load(SMALL), name, "ann", owner="eve")).state.journey_id
        for name in ("a", "b")
    }
    await change(door, keys["a"], HoldJourney(actor="ann", reason="x"))
    await change(door, keys["b"], Cancel(actor="ann", reason="x"))
    async with db.connection() as connection:
        rows = {r["journey_id"]: r for r in await portfolio.histories(connection)}
        assert (rows[keys["a"]]["interventions"], rows[keys["a"]]["reached_at"]) == (1, None)
        assert rows[keys["b"]]["ended_at"] is not None
        visits = await portfolio.visits(connection, path="small", owner="eve")
        assert {(v["journey_id"], v["left_by"]) for v in visits} == {
            (keys["a"], None),
            (keys["b"], "cancel_journey"),
        }
        assert await portfolio.visits(connection, path="other") == []
        needs = await portfolio.attention(connection, door.now(), 10)
        assert [r["client_id"] for r in needs] == ["a"]
        assert await portfolio.journey(connection, uuid4()) is None
        listed = await portfolio.journeys(connection, 10, search="B", active=False)
        assert [r["client_id"] for r in listed] == ["b"]
