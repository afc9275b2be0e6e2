from datetime import UTC, datetime, timedelta
from typing import Any

from sojourn.control import alerts
from sojourn.control.routes import Route
from sojourn.store import attention, notices
from sojourn.store.postgres import Database
from tests.doors import later, rows, still_door

# Later than any test of this run writes, however long after collection that is.
NOW = datetime.now(UTC) + timedelta(days=1)
LEASE = timedelta(seconds=30)
RAISE = """
INSERT INTO system_alerts (kind, subject, severity, message)
VALUES ('breaker_open', 'an-agent', 'notify', 'it fails')
"""


def settled(taken: list[dict[str, Any]], status: str, why: str = "") -> list[dict[str, Any]]:
    return [
        {
            "notice_id": t["notice_id"],
            "attempt": t["attempts"],
            "status": status,
            "due_at": None,
            "last_error": why,
        }
        for t in taken
    ]


async def kinds(db: Database) -> list[str]:
    async with db.connection() as connection:
        return sorted(a["kind"] for a in await attention.list_alerts(connection, open=True))


async def test_a_route_s_failure_is_an_alert_until_it_works_again(db: Database) -> None:
    door = still_door(db)
    await alerts.declare(door, [Route("team", ("x",))])
    await rows(db, RAISE)
    taken = await alerts.claim(door, NOW, ["team"], 10, LEASE)
    await alerts.settle(door, settled(taken, "failed", "nobody there"), NOW)
    assert await kinds(db) == ["breaker_open", "route_failed"]
    [own] = await alerts.claim(door, NOW, ["team"], 10, LEASE)
    assert own["message"] == "alerts by team do not arrive: nobody there"
    await alerts.settle(door, settled([own], "delivered"), NOW)
    assert await kinds(db) == ["breaker_open"]


async def test_each_route_s_failure_tells_its_own_cause(db: Database) -> None:
    door = still_door(db)
    await alerts.declare(door, [Route("ann", ("x",)), Route("ben", ("y",))])
    await rows(db, RAISE)
    taken = await alerts.claim(door, NOW, ["ann", "ben"], 10, LEASE)
    why = [settled([t], "failed", f"{t['route']} is away") for t in taken]
    await alerts.settle(door, [outcome for one in why for outcome in one], NOW)
    async with db.connection() as connection:
        told = await attention.list_alerts(connection, open=True)
    assert sorted(a["message"] for a in told if a["kind"] == "route_failed") == [
        "alerts by ann do not arrive: ann is away", "alerts by ben do not arrive: ben is away",
    ]  # fmt: skip


async def test_what_is_put_off_is_told_again_on_the_journeys_clock(db: Database) -> None:
    door = still_door(db)
    await alerts.declare(door, [Route("team", ("x",))])
    await rows(db, RAISE)
    taken = await alerts.claim(door, NOW, ["team"], 10, LEASE)
    await alerts.settle(door, settled(taken, "delivered"), NOW)
    async with db.connection() as connection:
        [one] = await attention.list_alerts(connection, open=True)
        until = door.now() + timedelta(hours=1)
        number = one["alert_id"]
        assert await attention.acknowledge(connection, None, number, "ann", door.now(), until)
    assert await alerts.rise(door, NOW) == 0
    later(door, hours=1)
    assert await alerts.rise(door, NOW) == 1
    assert await alerts.next_notice(door, ["team"]) is not None
    async with db.connection() as connection:
        told = await notices.log(connection)
    assert [n["reason"] for n in told] == ["reminded", "raised"]


async def test_old_notices_are_forgotten(db: Database) -> None:
    door = still_door(db)
    await alerts.declare(door, [Route("team", ("x",))])
    await rows(db, RAISE)
    taken = await alerts.claim(door, NOW, ["team"], 10, LEASE)
    await alerts.settle(door, settled(taken, "delivered"), NOW)
    await alerts.tidy(door, NOW + alerts.KEPT - timedelta(minutes=1))
    assert len(await rows(db, "SELECT 1 FROM alert_notices")) == 1
    await alerts.tidy(door, NOW + alerts.KEPT + timedelta(minutes=1))
    assert await rows(db, "SELECT 1 FROM alert_notices") == []
