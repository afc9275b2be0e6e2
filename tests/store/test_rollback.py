from datetime import timedelta

from sojourn.control import change, start, tick
from sojourn.core.commands import Cancel, HoldJourney, Resume, RollBack
from sojourn.paths import load
from sojourn.store.postgres import Database
from sojourn.store.rollback import history, writes
from tests.doors import START, later, still_door

PATH = load(
    """
name: p
rollback: { timeout: 2d, checks: { criteria: [{ fact: stable }] } }
stages:
  - name: sandbox
    exit: { criteria: [{ fact: ready }] }
"""
)


async def test_a_line_says_all_of_a_rollback_from_its_beginning_to_its_end(db: Database) -> None:
    door = still_door(db)
    journey = (await start(door, PATH, "acme", "ann")).state.journey_id
    await change(door, journey, RollBack(actor="eve", reason="broken", trigger="critical_bug"))
    async with db.connection() as connection:
        [line] = await history(connection, journey)
        begun = {k: v for k, v in line.items() if k != "rollback_id"}
        assert begun == {
            "status": "executing",
            "from_stage": "sandbox",
            "target_stage": "sandbox",
            "trigger_type": "critical_bug",
            "reason": "broken",
            "cause": begun["cause"],
            "actor": "eve",
            "checks": None,
            "started_at": START,
            "deadline_at": START + timedelta(days=2),
            "completed_at": None,
        }
        later(door, days=1)
        await change(door, journey, HoldJourney(actor="eve", reason="look"))
        later(door, days=9)
        await change(door, journey, Resume(actor="eve"))
        [line] = await history(connection, journey)
        assert line["deadline_at"] > door.now(), "a hold takes nothing of its time"
        await change(door, journey, Cancel(actor="eve", reason="over"))
        while await tick(door):
            pass
        [line] = await history(connection, journey)
    assert (line["status"], line["completed_at"]) == ("cancelled", door.now())


def test_nothing_to_keep_is_no_statement() -> None:
    assert writes([], START) == []
