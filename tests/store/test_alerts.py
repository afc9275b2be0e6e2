from datetime import timedelta

from sojourn.control import Line, change, record_lines, start, tick
from sojourn.core.commands import Cancel
from sojourn.paths import load
from sojourn.store.alerts import open_alerts, writes
from sojourn.store.postgres import Database
from tests.doors import START, later, rows, still_door

PATH = load(
    """
name: p
stages:
  - name: sandbox
    target: 2d
    limit: 4d
    exit: { criteria: [{ metric: quality, is: ">= 0.8" }] }
"""
)


async def test_an_alert_is_raised_once_and_resolved_when_its_condition_is_over(
    db: Database,
) -> None:
    door = still_door(db)
    one = (await start(door, PATH, "acme", "ann")).state.journey_id
    await start(door, PATH, "other", "ann")

    async def look() -> list[tuple[str, str, str]]:
        while await tick(door):
            pass
        async with db.connection() as connection:
            found = await open_alerts(connection, one)
        return [(a["kind"], a["subject"], a["severity"]) for a in found]

    assert await look() == []
    await record_lines(door, [Line("acme", "quality", None, error="timeout")], "ann")
    source = ("source_error", "quality", "notify")
    assert await look() == [source]
    later(door, days=2, hours=1)
    behind = ("behind", "sandbox", "notify")
    assert await look() == [source, behind]
    later(door, days=2)
    assert await look() == [("stuck", "sandbox", "page"), source], "the gravest first"
    raised = await rows(
        db, "SELECT kind, raised_at, resolved_at FROM alerts WHERE journey_id = %s", one
    )
    assert len(raised) == 3
    assert ("behind", START + timedelta(days=2, hours=1), door.now()) in raised
    later(door, minutes=1)
    await record_lines(door, [Line("acme", "quality", 0.5)], "ann")
    tried = ("gate_failed", "sandbox/exit", "notify")
    assert await look() == [("stuck", "sandbox", "page"), tried]
    await change(door, one, Cancel(actor="ann", reason="over"))
    assert await look() == []
    async with db.connection() as connection:
        every = await open_alerts(connection)
        assert [a["client_id"] for a in every] == ["other"]
        assert await open_alerts(connection, limit=0) == []


def test_nothing_to_say_is_no_statement() -> None:
    assert writes([], START) == []


async def test_what_swings_says_what_holds_now(db: Database) -> None:
    door = still_door(db)
    for client in ("acme", "other"):
        await start(door, PATH, client, "ann")
    told = (
        [Line("acme", "quality", None, error="timeout")],
        [Line("acme", "quality", 0.5)],
        [Line(name, "quality", None, error="refused") for name in ("acme", "other")],
    )
    for lines in told:
        later(door, minutes=1)
        await record_lines(door, lines, "ann")
        while await tick(door):
            pass
    query = """SELECT a.message, a.remedy, a.actual, a.expected, a.cause FROM alerts a
        JOIN journey_states USING (journey_id) WHERE a.kind = 'source_error' AND client_id = %s"""
    assert await rows(db, query, "acme") == await rows(db, query, "other")
    [[message, *_]] = await rows(db, query, "acme")
    assert "refused" in message
