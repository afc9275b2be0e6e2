"""The hot statements find their rows by indexes, however many rows there are."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from sojourn.store import queries
from sojourn.store.postgres import Database
from tests.doors import START, rows

FILL = (
    "SET session_replication_role = replica",
    """INSERT INTO paths (name, version, digest, document) VALUES ('p', 1, 'd', '{}')""",
    """INSERT INTO journey_states (journey_id, client_id, current_stage, started_at,
           stage_started_at, journey_key, path_id, path_name, ball_with, schedule, due_at, seq,
           hash, stage_seq)
       SELECT lpad(to_hex(n), 32, '0')::uuid, 'client-' || n, 'sandbox', %(now)s, %(now)s,
           'key-' || n, 1, 'p', 'agent', 'on_track', %(now)s + n * interval '1 s', 2, '', 1
       FROM generate_series(1, 20000) n""",
    """INSERT INTO units_of_work (journey_id, uow_id, external_id, name, stage, visit, purpose,
           status)
       SELECT journey_id, uuid(overlay(journey_id::text PLACING 'aaaaaaaa' FROM 1)), 'x' || v, 'u',
           'sandbox', v, 'activity', 'running'
       FROM journey_states, generate_series(1, 1) v""",
    """INSERT INTO tasks (journey_id, uow_id, task_id, position, name, agent_id, status, due_at,
           timed, owner)
       SELECT journey_id, uow_id, 't' || n, n, 't', 'a' || n,
           CASE n WHEN 1 THEN 'pending' WHEN 2 THEN 'running' ELSE 'completed' END,
           CASE WHEN n = 1 AND right(uow_id::text, 2) = '00' THEN %(now)s END, false,
           CASE WHEN n = 2 AND right(uow_id::text, 2) = '01' THEN gen_random_uuid() END
       FROM units_of_work, generate_series(1, 5) n""",
    """INSERT INTO measurements (journey_id, metric, at, source, value)
       SELECT journey_id, 'm' || m, %(now)s + n * interval '1 h', 's', n
       FROM journey_states, generate_series(1, 2) m, generate_series(1, 5) n""",
    """INSERT INTO facts (journey_id, name, value, at)
       SELECT journey_id, 'f' || n, '1', %(now)s FROM journey_states, generate_series(1, 3) n""",
    """INSERT INTO alerts (journey_id, kind, subject, severity, message, raised_at, resolved_at)
       SELECT journey_id, 'k', 's', 'page', 'm', %(now)s, %(now)s FROM journey_states""",
    """INSERT INTO approvals (journey_id, criterion, answer, actor, roles, at, visit, evidence,
           evidence_hash)
       SELECT journey_id, 'c', 'approve', 'a', '{}', %(now)s, 1, '{}', '' FROM journey_states""",
    "SET session_replication_role = origin",
    "ANALYZE",
)
KEY = UUID(int=77)
UNIT = UUID("aaaaaaaa-0000-0000-0000-00000000004d")
BIG = {"journey_states", "units_of_work", "tasks", "measurements", "facts", "alerts", "approvals"}


@pytest.fixture
async def large(shared: Database) -> Database:
    """A database with twenty thousand journeys."""
    if not await rows(shared, "SELECT 1 FROM journey_states LIMIT 1"):
        async with shared.connection() as connection:
            for statement in FILL:
                await connection.execute(statement.encode(), {"now": START})
    return shared


def some(count: int, **columns: Any) -> Jsonb:
    """Return a set of rows for a statement, each of another journey."""
    return Jsonb(
        [
            {
                "k": n,
                "journey_id": UUID(int=n * 100),
                "uow_id": UUID(int=(0xAAAAAAAA << 96) + n * 100),
                "task_id": "t2",
                **columns,
            }
            for n in range(1, count + 1)
        ]
    )


ATTEMPT = {"fence": 1, "status": "completed", "retry_count": 0, "at": START, "agent_id": "a"}
ATTEMPT |= {"measurements": [], "worker": KEY, "output": {}}
READING = {"metric": "m1", "agg": "mean", "since": START, "until": START + timedelta(days=1)}
READING |= {"holds": [], "recent": 1, "every": timedelta(hours=8)}
GIVEN: Mapping[str, Any] = {
    "ids": [UUID(int=n * 100) for n in range(1, 101)],
    "now": START + timedelta(hours=1),
    "limit": 200,
    "worker": KEY,
    "room": 100,
    "agents": [],
    "crowded": [],
    "resting": [],
    "stride": 10,
    "behind": timedelta(seconds=10),
    "name": "client-77",
    "id": KEY,
    "names": ["client-77", "key-78", str(KEY)],
    "clients": ["client-77"],
    "lease": timedelta(seconds=15),
    "journey_id": KEY,
    "metric": "m1",
    "reason": "x",
}
HOT: list[tuple[str, str, Mapping[str, Any]]] = [
    ("journeys", "due", {}),
    ("journeys", "lock", {}),
    ("journeys", "states", {}),
    ("journeys", "rulings", {}),
    ("journeys", "open_rollbacks", {}),
    ("journeys", "open_alerts", {}),
    ("journeys", "facts", {}),
    ("journeys", "next_due", {}),
    ("journeys", "find", {}),
    ("journeys", "resolve", {"ids": [None, None, KEY]}),
    ("journeys", "taken_keys", {}),
    ("work", "progress", {}),
    ("work", "claim", {}),
    ("work", "settle", {"rows": some(200, **ATTEMPT)}),
    ("work", "next_due", {}),
    ("work", "hand_back", {}),
    ("work", "give_back", {"rows": some(200, fence=1)}),
    ("work", "withdraw", {"rows": some(20)}),
    ("work", "release", {"rows": some(20, at=START)}),
    ("work", "requeue", {"rows": some(20, is_answer=False, at=START)}),
    ("work", "freeze", {}),
    ("work", "thaw", {"rows": some(20, late=timedelta(hours=1))}),
    ("work", "undoable", {"rows": some(20, stage="sandbox")}),
    ("work", "change_units", {"rows": some(20, status="running", run=False, at=START)}),
    ("workers", "rescue", {}),
    ("measurements", "observe", {"rows": some(500, **READING)}),
    ("measurements", "series", {}),
]


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a plan and all plans within it."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize(
    ("subject", "name", "given"), HOT, ids=lambda v: v if isinstance(v, str) else ""
)
async def test_no_table_is_read_whole(
    large: Database, subject: str, name: str, given: Mapping[str, Any]
) -> None:
    query = queries.load(subject)[name].sql
    async with large.connection() as connection:
        cursor = await connection.execute(
            f"EXPLAIN (FORMAT JSON) {query}".encode(), {**GIVEN, **given}
        )
        [row] = await cursor.fetchall()
    found = list(nodes(row[0][0]["Plan"]))
    whole = [n for n in found if n["Node Type"] == "Seq Scan" and n["Relation Name"] in BIG]
    assert whole == []
    read = [
        n for n in found if n.get("Relation Name") in BIG and n["Node Type"].startswith("Index")
    ]
    unbounded = [
        n
        for n in read
        if "Index Cond" not in n and n["Plan Rows"] > 1_000 and "due" not in n["Index Name"]
    ]
    assert unbounded == [], "an index that is read from end to end is a table read whole"


PEOPLES = {"find", "resolve", "taken_keys", "series", "undoable"}
PEOPLES |= {"hand_back", "give_back"}
"""Statements that the engine's loops do not live by."""


@pytest.mark.parametrize(
    ("subject", "name", "given"),
    [hot for hot in HOT if hot[1] not in PEOPLES],
    ids=lambda v: v if isinstance(v, str) else "",
)
async def test_the_engine_plans_by_index_even_before_there_are_rows(
    shared: Database, subject: str, name: str, given: Mapping[str, Any]
) -> None:
    query = queries.load(subject)[name].sql
    async with shared.sets.connection() as connection:
        settings = await (await connection.execute(b"SHOW plan_cache_mode")).fetchall()
        assert settings == [("force_generic_plan",)]
        cursor = await connection.execute(
            f"EXPLAIN (FORMAT JSON) {query}".encode(), {**GIVEN, **given}
        )
        [row] = await cursor.fetchall()
    found = list(nodes(row[0][0]["Plan"]))
    joins = {n["Node Type"] for n in found} & {"Hash Join", "Merge Join", "Bitmap Heap Scan"}
    assert joins == set(), "a set's rows find theirs one by one"
    whole = [n for n in found if n["Node Type"] == "Seq Scan" and n["Relation Name"] in BIG]
    assert whole == []


@pytest.mark.parametrize("count", [0, 10, 1000])
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("settle", {"rows": some(200, **ATTEMPT)}),
        ("claim", {}),
        ("claim", {"crowded": [KEY]}),
    ],
)
async def test_a_plan_from_when_there_were_few_tasks_is_right_for_many(
    db: Database, count: int, name: str, given: Mapping[str, Any]
) -> None:
    """It is kept until the statistics are made anew, and a flood may come before that."""
    done = "INSERT INTO tasks (journey_id, uow_id, task_id, position, name, agent_id, status)"
    done += " SELECT %s, %s, 't' || n, n, 't', 'a', 'completed' FROM generate_series(1, %s) n"
    async with db.connection() as connection:
        await connection.execute(b"SET session_replication_role = replica")
        await connection.execute(done.encode(), [KEY, UNIT, count])
        await connection.execute(b"RESET session_replication_role")
        if count:
            await connection.execute(b"ANALYZE tasks")
    query = queries.load("work")[name].sql
    async with db.sets.connection() as connection:
        cursor = await connection.execute(
            f"EXPLAIN (FORMAT JSON) {query}".encode(), {**GIVEN, **given}
        )
        [row] = await cursor.fetchall()
    found = [n for n in nodes(row[0][0]["Plan"]) if n.get("Index Name") == "tasks_pkey"]
    assert found
    assert [n for n in found if "Index Cond" not in n] == [], "each goes to its own by the key"


@pytest.mark.parametrize("count", [0, 1000])
async def test_the_lost_are_found_by_their_owners_alone(db: Database, count: int) -> None:
    """It is asked every few seconds, however many tasks there are that nobody owns."""
    done = "INSERT INTO tasks (journey_id, uow_id, task_id, position, name, agent_id, owner)"
    done += " SELECT %s, %s, 't' || n, n, 't', 'a', NULLIF(%s, %s) FROM generate_series(1, %s) n"
    async with db.connection() as connection:
        await connection.execute(b"SET session_replication_role = replica")
        for owner in (KEY, UNIT):
            given = [KEY, owner, owner, KEY, count]
            await connection.execute(done.encode(), given)
        await connection.execute(b"RESET session_replication_role")
        if count:
            await connection.execute(b"ANALYZE tasks")
    query = queries.load("workers")["rescue"].sql
    async with db.sets.connection() as connection, connection.transaction(force_rollback=True):
        cursor = await connection.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {query}".encode(), {**GIVEN, "limit": 10}
        )
        [row] = await cursor.fetchall()
    read = [n for n in nodes(row[0][0]["Plan"]) if n.get("Relation Name") == "tasks"]
    by_owner = [n for n in read if n.get("Index Name") == "tasks_owner"]
    assert sum(n["Actual Rows"] * n["Actual Loops"] for n in by_owner) == (11 if count else 0)
    assert {n["Index Name"] for n in read if n.get("Index Name")} <= {"tasks_owner", "tasks_pkey"}


@pytest.mark.parametrize(("crowded", "most"), [([], 10), ([KEY], 210)])
async def test_a_claim_reads_no_more_of_the_queue_than_it_may_take(
    large: Database, crowded: list[UUID], most: int
) -> None:
    async with large.sets.connection() as connection, connection.transaction(force_rollback=True):
        await connection.execute(b"UPDATE tasks SET due_at = %s WHERE task_id = 't1'", [START])
        query = queries.load("work")["claim"].sql
        given = {**GIVEN, "limit": 10, "worker": KEY, "crowded": crowded}
        cursor = await connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}".encode(), given)
        [row] = await cursor.fetchall()
    queue = [n for n in nodes(row[0][0]["Plan"]) if n.get("Index Name") == "tasks_ready"]
    read = [n["Actual Rows"] for n in queue if n["Actual Loops"]]
    assert read == [most]


async def test_windows_are_read_from_the_index_alone(large: Database) -> None:
    query = queries.load("measurements")["observe"].sql
    given = {**GIVEN, "rows": some(500, **READING)}
    async with large.sets.connection() as connection:
        cursor = await connection.execute(f"EXPLAIN (FORMAT JSON) {query}".encode(), given)
        [row] = await cursor.fetchall()
    read = [n for n in nodes(row[0][0]["Plan"]) if n.get("Relation Name") == "measurements"]
    ways = sorted(n["Node Type"] for n in read)
    assert ways == ["Index Only Scan"] * 3 + ["Index Scan"], "only an error's text is elsewhere"


async def test_what_changes_all_the_time_is_swept_early(shared: Database) -> None:
    """Dead rows are bounded by a number for the wake-ups, by a fiftieth for what is large."""
    query = """SELECT c.relname, o.option_value::float FROM pg_class c,
        pg_options_to_table(c.reloptions) o
        WHERE o.option_name = 'autovacuum_vacuum_scale_factor' ORDER BY 1"""
    found = dict(await rows(shared, query))
    assert found == {
        "deliveries": 0.02,
        "journey_states": 0.02,
        "tasks": 0.02,
        "units_of_work": 0.02,
        "wakeups": 0.0,
    }
