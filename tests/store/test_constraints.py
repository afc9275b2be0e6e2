"""What core refuses, the database refuses as well: raw SQL, past every function of ours."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from sojourn.control import start, tick
from sojourn.core.journal import GENESIS
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import dump, rows, still_door

PATH = """
name: small
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }] }
    work: [{ name: w, tasks: [{ name: t, agent: a }] }]
  - name: pilot
    exit: { criteria: [{ fact: done }] }
  - name: production
    exit: { criteria: [{ fact: done }] }
"""
EVENT = """
INSERT INTO journey_events (journey_id, seq, type, at, actor, path_id, from_stage, event, to_stage,
    prev_stage_seq, prev_hash, hash)
SELECT journey_id, %s, %s, now(), 'mallory', path_id, %s, %s, %s, %s, hash, hash
FROM journey_states
"""
Step = tuple[str, Sequence[Any]]


@pytest.fixture
async def kept(shared: Database) -> Database:
    """A database with a journey in its first stage, which no statement below can change."""
    if not await rows(shared, "SELECT 1 FROM journey_states"):
        await begin(shared)
    return shared


async def begin(db: Database) -> UUID:
    door = still_door(db)
    decision = await start(door, load(PATH), "acme", "ann")
    while await tick(door):
        pass
    return decision.state.journey_id


async def refused(db: Database, by: str, *steps: Step) -> None:
    """Check that a transaction of raw statements fails, naming what refused it, and leaves nothing."""
    before = await dump(db)
    with pytest.raises(psycopg.Error) as caught:
        async with db.transaction() as connection:
            for query, params in steps:
                await connection.execute(query.encode(), params)
    assert by in (caught.value.diag.constraint_name or str(caught.value))
    assert await dump(db) == before


def moving(seq: int, left: str, event: str, entered: str, after: int = 1) -> list[Step]:
    """Return the statements of a transition written by hand, with the row that follows it."""
    ended = "now()" if entered in ("completed", "cancelled") else "NULL"
    target = "'sandbox'" if entered == "rollback" else "NULL"
    row = (
        f"UPDATE journey_states SET current_stage = %s, stage_seq = %s, seq = %s,"
        f" ended_at = {ended}, target_stage = {target}"
    )
    return [(EVENT, (seq, "transition", left, event, entered, after)), (row, (entered, seq, seq))]


async def newest(db: Database) -> int:
    [(seq,)] = await rows(db, "SELECT max(seq) FROM journey_events")
    return int(seq)


async def test_a_legal_transition_by_hand_is_taken(db: Database) -> None:
    """The statements below fail for what is illegal in them, not for their form."""
    await begin(db)
    seq = await newest(db) + 1
    async with db.transaction() as connection:
        for query, params in moving(seq, "sandbox", "promote_to_pilot", "pilot"):
            await connection.execute(query.encode(), params)
    assert await rows(db, "SELECT current_stage FROM journey_states") == [("pilot",)]


@pytest.mark.parametrize(
    ("left", "event", "entered"),
    [
        ("sandbox", "promote_to_production", "production"),
        ("sandbox", "promote_to_pilot", "production"),
        ("sandbox", "mark_complete", "completed"),
        ("sandbox", "complete_rollback", "sandbox"),
        ("sandbox", "start_journey", "sandbox"),
        ("sandbox", "invented", "pilot"),
        ("completed", "initiate_rollback", "rollback"),
        ("cancelled", "start_journey", "sandbox"),
        ("rollback", "promote_to_pilot", "pilot"),
        ("none", "promote_to_pilot", "pilot"),
    ],
)
async def test_a_transition_that_the_path_does_not_have(
    kept: Database, left: str, event: str, entered: str
) -> None:
    steps = moving(await newest(kept) + 1, left, event, entered)
    by = "check" if event == "start_journey" else "journey_events_path_id_from_stage_event"
    await refused(kept, by, *steps)


async def test_a_transition_from_a_stage_that_the_journey_is_not_in(kept: Database) -> None:
    steps = moving(await newest(kept) + 1, "pilot", "promote_to_production", "production")
    await refused(kept, "journey_events_journey_id_prev_stage_seq_from_stage_fkey", *steps)


async def test_the_stage_changes_only_with_an_event(kept: Database) -> None:
    query = "UPDATE journey_states SET current_stage = 'pilot'"
    await refused(kept, "without a transition", (query, ()))


async def test_the_stage_is_what_the_newest_transition_says(kept: Database) -> None:
    seq = await newest(kept) + 1
    event, _ = moving(seq, "sandbox", "promote_to_pilot", "pilot")
    row = ("UPDATE journey_states SET current_stage = 'production', stage_seq = %s", (seq,))
    await refused(kept, "stage_follows_journal", event, row)


async def test_a_journey_does_not_go_back_to_an_older_stage(db: Database) -> None:
    await begin(db)
    seq = await newest(db) + 1
    async with db.transaction() as connection:
        for query, params in moving(seq, "sandbox", "promote_to_pilot", "pilot"):
            await connection.execute(query.encode(), params)
    back = "UPDATE journey_states SET current_stage = 'sandbox', stage_seq = 1"
    await refused(db, "without a transition", (back, ()))


async def test_the_journal_does_not_fork(kept: Database) -> None:
    seq = await newest(kept) + 1
    first = (EVENT, (seq, "transition", "sandbox", "promote_to_pilot", "pilot", 1))
    other = (EVENT, (seq + 1, "transition", "sandbox", "cancel_journey", "cancelled", 1))
    await refused(kept, "journey_events_one_line", first, other)


async def test_no_number_is_given_twice(kept: Database) -> None:
    again = (EVENT, (await newest(kept), "note", None, None, None, None))
    await refused(kept, "journey_events_pkey", again)


async def test_a_journey_starts_once(kept: Database) -> None:
    again = (
        EVENT,
        (await newest(kept) + 1, "transition", "none", "start_journey", "sandbox", None),
    )
    await refused(kept, "journey_events_start", again)


async def test_a_transition_follows_another_and_only_a_transition_does(kept: Database) -> None:
    seq = await newest(kept) + 1
    loose = (EVENT, (seq, "transition", "sandbox", "promote_to_pilot", "pilot", None))
    await refused(kept, "journey_events_check", loose)
    note = (EVENT, (seq, "note", None, None, None, 1))
    await refused(kept, "journey_events_check", note)
    unsaid = (EVENT, (seq, "note", "sandbox", "promote_to_pilot", "pilot", 1))
    await refused(kept, "journey_events_check", unsaid)


@pytest.mark.parametrize(
    "query",
    [
        "UPDATE journey_events SET reason = 'it was not me'",
        "UPDATE journey_events SET hash = prev_hash WHERE seq = 1",
        "DELETE FROM journey_events WHERE seq = 2",
        "TRUNCATE journey_events CASCADE",
    ],
)
async def test_the_journal_is_append_only(kept: Database, query: str) -> None:
    await refused(kept, "append-only", (query, ()))


async def test_a_journey_with_a_journal_cannot_be_deleted(kept: Database) -> None:
    await refused(kept, "fkey", ("DELETE FROM journey_states", ()))


COPY = """
INSERT INTO journey_states (journey_id, client_id, current_stage, started_at, stage_started_at,
    journey_key, path_id, path_name, ball_with, schedule, seq, hash, stage_seq, ended_at)
SELECT %s, %s, %s, started_at, stage_started_at, %s, path_id, path_name, ball_with, schedule, 1,
    %s, 1, %s
FROM journey_states LIMIT 1
"""


async def test_a_client_has_one_active_journey_on_a_path(kept: Database) -> None:
    copy = (COPY, (uuid4(), "acme", "sandbox", "other-key", GENESIS, None))
    await refused(kept, "one_active_journey", copy)


async def test_a_journey_key_is_given_once(kept: Database) -> None:
    copy = (COPY, (uuid4(), "other", "sandbox", "journey-acme-2026", GENESIS, None))
    await refused(kept, "journey_states_journey_key_key", copy)


async def test_a_journey_without_a_start_is_none(kept: Database) -> None:
    copy = (COPY, (uuid4(), "other", "sandbox", "other", GENESIS, None))
    await refused(kept, "stage_follows_journal", copy)


@pytest.mark.parametrize(
    ("change", "by"),
    [
        ("client_id = ''", "journey_states_client_id_check"),
        ("ended_at = now()", "journey_states_check"),
        ("target_stage = 'sandbox'", "journey_states_check"),
        ("held_since = now()", "journey_states_check"),
        ("ball_with = 'mallory'", "journey_states_ball_with_check"),
        ("schedule = 'fine'", "journey_states_schedule_check"),
        ("rollout_percent = 101", "journey_states_rollout_percent_check"),
        ("wave = -1", "journey_states_wave_check"),
        ("visit = 0", "journey_states_visit_check"),
        ("rollbacks = -1", "journey_states_rollbacks_check"),
        ("seq = 0", "journey_states_seq_check"),
        ("path_id = 99", "journey_states_path_id_fkey"),
    ],
)
async def test_a_state_that_cannot_be(kept: Database, change: str, by: str) -> None:
    await refused(kept, by, (f"UPDATE journey_states SET {change}", ()))


@pytest.mark.parametrize(
    ("table", "change", "by"),
    [
        ("units_of_work", "status = 'done'", "units_of_work_status_check"),
        ("units_of_work", "purpose = 'fun'", "units_of_work_purpose_check"),
        ("tasks", "status = 'waiting'", "tasks_status_check"),
        ("tasks", "retry_count = -1", "tasks_retry_count_check"),
        ("tasks", "max_retries = -1", "tasks_max_retries_check"),
        ("tasks", "waiting_on = -1", "tasks_waiting_on_check"),
        ("tasks", "uow_id = journey_id", "tasks_journey_id_uow_id_fkey"),
    ],
)
async def test_work_that_cannot_be(kept: Database, table: str, change: str, by: str) -> None:
    await refused(kept, by, (f"UPDATE {table} SET {change}", ()))


INSERTS = {
    "measurements": "(journey_id, metric, at, source, value, n, error) SELECT journey_id, 'm', now(), 'x', {} FROM journey_states",
    "approvals": "(journey_id, criterion, answer, actor, roles, at, visit, evidence, evidence_hash, reason, expires_at) SELECT journey_id, 'c', {} FROM journey_states",
    "validation_results": "(journey_id, gate, visit, attempt, summary, checks, actor, evaluated_at, kind, passed, verdict) SELECT journey_id, 'g', 1, 1, '', '[]', 'a', now(), {} FROM journey_states",
    "rollback_history": "(journey_id, from_stage, target_stage, trigger_type, reason, actor, started_at, deadline_at, rollback_id, status) SELECT journey_id, 'pilot', 'sandbox', 't', 'r', 'a', now(), now(), {} FROM journey_states",
    "alerts": "(journey_id, kind, subject, message, raised_at, severity) SELECT journey_id, 'k', 's', 'm', now(), {} FROM journey_states",
}
RULED = "'a', ARRAY['r'], now(), 1, '{}', 'h'"


@pytest.mark.parametrize(
    ("table", "values", "by"),
    [
        ("measurements", "'NaN', 1, NULL", "measurements_value_check"),
        ("measurements", "NULL, 1, NULL", "measurements_check"),
        ("measurements", "1, 1, 'down'", "measurements_check"),
        ("measurements", "1, 0, NULL", "measurements_n_check"),
        ("approvals", f"'maybe', {RULED}, 'r', now()", "approvals_answer_check"),
        ("approvals", f"'waive', {RULED}, 'r', NULL", "approvals_check"),
        ("approvals", f"'waive', {RULED}, '', now()", "approvals_check"),
        ("validation_results", "'other', true, 'passed'", "validation_results_kind_check"),
        ("validation_results", "'auto', true, 'failed'", "validation_results_check"),
        ("validation_results", "'auto', false, 'waived'", "validation_results_check"),
        ("rollback_history", "gen_random_uuid(), 'lost'", "rollback_history_status_check"),
        ("alerts", "'loud'", "alerts_severity_check"),
    ],
)
async def test_a_row_that_cannot_be(kept: Database, table: str, values: str, by: str) -> None:
    query = f"INSERT INTO {table} " + INSERTS[table].replace("{}", values, 1)
    await refused(kept, by, (query, ()))


@pytest.mark.parametrize(
    ("table", "values", "by"),
    [
        ("rollback_history", "gen_random_uuid(), 'executing'", "one_open_rollback"),
        ("alerts", "'page'", "one_open_alert"),
    ],
)
async def test_what_can_be_open_only_once(kept: Database, table: str, values: str, by: str) -> None:
    query = f"INSERT INTO {table} " + INSERTS[table].replace("{}", values, 1)
    await refused(kept, by, (query, ()), (query, ()))


async def test_nothing_belongs_to_no_journey(kept: Database) -> None:
    key = uuid4()
    for query in (
        "measurements (journey_id, metric, at, source, value) VALUES (%s, 'm', now(), 'x', 1)",
        "facts (journey_id, name, value, at) VALUES (%s, 'f', '1', now())",
        """units_of_work (journey_id, uow_id, external_id, name, stage, visit, purpose, status)
           VALUES (%s, gen_random_uuid(), 'x', 'u', 's', 1, 'activity', 'pending')""",
    ):
        await refused(kept, "journey_id_fkey", (f"INSERT INTO {query}", (key,)))


async def test_a_path_version_never_changes_its_number_or_content_twice(kept: Database) -> None:
    again = "INSERT INTO paths (name, version, digest, document) VALUES ('small', %s, %s, %s)"
    await refused(kept, "paths_name_version_key", (again, (1, "x", Jsonb({}))))
    [(digest,)] = await rows(kept, "SELECT digest FROM paths")
    await refused(kept, "paths_name_digest_key", (again, (2, digest, Jsonb({}))))
    await refused(kept, "paths_version_check", (again, (0, "x", Jsonb({}))))


async def test_the_clock_is_one_and_runs(kept: Database) -> None:
    clock = "INSERT INTO clock (real, shown, speed) VALUES (now(), now(), %s)"
    await refused(kept, "clock_speed_check", (clock, (0,)))
    await refused(kept, "clock_pkey", (clock, (1,)), (clock, (1,)))
