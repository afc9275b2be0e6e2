"""What is old goes in steps; what proves the past stays, and proves it still."""

from datetime import timedelta

from sojourn.control import change, start
from sojourn.control.audit import verify
from sojourn.core.commands import Cancel
from sojourn.paths import load
from sojourn.store.postgres import Database
from sojourn.store.prune import KINDS, prune
from tests.doors import START, dump, rows, still_door
from tests.journeys.small import SMALL

KEPT = (
    "journey_states", "journey_events", "units_of_work", "tasks", "facts", "approvals",
    "validation_results", "rollback_history", "paths", "transitions",
)  # fmt: skip
MEASURED = """
INSERT INTO measurements (journey_id, metric, at, source, value)
SELECT journey_id, 'm', %s + n * interval '1 hour', 'x', n
FROM journey_states, generate_series(1, 25) n
"""
ALERTS = """
INSERT INTO alerts (journey_id, kind, subject, severity, message, raised_at, resolved_at)
SELECT journey_id, 'k', n::text, 'notify', 'm', %s, CASE WHEN n < 3 THEN %s + interval '1 day' END
FROM journey_states, generate_series(1, 3) n
"""
DELIVERIES = """
WITH s AS (INSERT INTO subscriptions (url, types, secrets, created_by)
           VALUES ('https://x.example', '{*}', '{s}', 'ann') RETURNING subscription_id)
INSERT INTO deliveries (subscription_id, journey_id, seq, type, status, ended_at, due_at)
SELECT subscription_id, journey_id, seq, 't', CASE WHEN seq = 1 THEN 'delivered' ELSE 'pending' END,
       CASE WHEN seq = 1 THEN %s END, CASE WHEN seq <> 1 THEN now() END
FROM s, journey_events
"""


async def lived(db: Database) -> None:
    """Let two journeys be, of which one has ended."""
    door = still_door(db)
    done = await start(door, load(SMALL), "acme", "ann")
    await start(door, load(SMALL), "beta", "ann")
    await change(door, done.state.journey_id, Cancel(actor="ann", reason="it ends"))
    await rows(db, MEASURED, START)
    await rows(db, ALERTS, START, START)
    await rows(db, DELIVERIES, START)


async def count(db: Database, table: str) -> int:
    [(found,)] = await rows(db, f"SELECT count(*) FROM {table}")
    return int(found)


async def test_what_is_old_goes_and_the_proof_stays(db: Database) -> None:
    await lived(db)
    before = await dump(db)
    events = await count(db, "journey_events WHERE seq = 1")
    wanted = {"measurements": 25, "notices": 0, "alerts": 2, "deliveries": events}
    told = await prune(db, START + timedelta(days=9), dry_run=True, step=7)
    assert told == wanted
    assert await dump(db) == before
    assert await prune(db, START + timedelta(days=9), step=7) == wanted
    after = await dump(db)
    assert {t: after[t] for t in KEPT} == {t: before[t] for t in KEPT}
    assert await count(db, "measurements") == 25, "those of the journey that goes on"
    assert await count(db, "deliveries WHERE status = 'pending'") > 0
    proof = [one async for batch in verify(still_door(db)) for one in batch]
    assert [one.faults for one in proof] == [(), ()]
    assert set((await prune(db, START + timedelta(days=9))).values()) == {0}


async def test_what_ended_lately_stays(db: Database) -> None:
    await lived(db)
    assert await prune(db, START) == dict.fromkeys(KINDS, 0)
