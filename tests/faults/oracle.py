"""The oracle: says of a database after a storm, and of the agents' books, what is not as it must be.

A log of every change of every task (a trigger of the tests' own, in the same transaction) tells
what happened; the agents' books tell what they were asked. Both are held against the record.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from sojourn.control.audit import verify
from sojourn.control.door import Door
from sojourn.core.outcomes import NAMESPACE
from sojourn.store.postgres import Database
from tests.doors import rows
from tests.faults.agents import lines
from tests.faults.orders import Told

WATCH: Final = """
CREATE TABLE task_log (
    log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    journey_id uuid, uow_id uuid, task_id text, was text, became text, old_owner uuid,
    new_owner uuid, old_fence int, new_fence int, old_retry int, new_retry int, output jsonb,
    reset boolean, old_started timestamptz, new_started timestamptz
);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO task_log (journey_id, uow_id, task_id, was, became, old_owner, new_owner,
        old_fence, new_fence, old_retry, new_retry, output, reset, old_started, new_started)
    VALUES (NEW.journey_id, NEW.uow_id, NEW.task_id, OLD.status, NEW.status, OLD.owner, NEW.owner,
        OLD.fence, NEW.fence, OLD.retry_count, NEW.retry_count,
        CASE WHEN OLD.completed_at IS DISTINCT FROM NEW.completed_at THEN NEW.output_data END,
        NEW.started_at IS NULL AND OLD.started_at IS NOT NULL, OLD.started_at, NEW.started_at);
    RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION watch();
"""
Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one task's row."""

    log_id: int
    journey_id: UUID
    uow_id: UUID
    task_id: str
    was: str
    became: str
    old_owner: UUID | None
    new_owner: UUID | None
    old_fence: int
    new_fence: int
    old_retry: int
    new_retry: int
    output: Mapping[str, Any] | None
    reset: bool
    old_started: datetime | None
    new_started: datetime | None

    @property
    def key(self) -> Key:
        return self.uow_id, self.task_id

    @property
    def claims(self) -> bool:
        return self.new_owner is not None and self.new_owner != self.old_owner

    @property
    def completes(self) -> bool:
        return self.output is not None and self.became == "completed"


@dataclass(frozen=True, slots=True)
class Task:
    """What the record says of a task in the end."""

    journey_id: UUID
    uow_id: UUID
    task_id: str
    status: str
    agent_id: str
    depends_on: Sequence[str]
    undo: Any
    undo_of: Sequence[str] | None
    position: int
    metric: str | None
    unit: str
    stage: str
    visit: int
    purpose: str
    repeats: bool
    unit_status: str
    required: bool
    needs_units: Sequence[str]

    @property
    def key(self) -> Key:
        return self.uow_id, self.task_id


async def judge(
    door: Door,
    folder: Path,
    told: Iterable[Told],
    cancelled: Iterable[UUID],
    *,
    hooks: bool = True,
) -> list[str]:
    """Return everything that is not as it must be; nothing is what one hopes for.

    ``hooks`` says that somebody has subscribed to all events.
    """
    db = door.db
    changes = [Change(*r) for r in await rows(db, CHANGES)]
    tasks = {t.key: t for t in (Task(*r) for r in await rows(db, TASKS))}
    asked = lines(folder / "callable") + lines(folder / "web")
    return [
        *await _ends(db, set(cancelled)),
        *recorded_once(changes, tasks),
        *attempts(changes),
        *in_order(changes, tasks),
        *books(changes, tasks, asked),
        *await _measured(db, changes, tasks),
        *await _undone(db, tasks),
        *await _journals(door),
        *await _acknowledged(db, told),
        *await _leftovers(db),
        *(await _deliveries(db, asked) if hooks else ()),
    ]


def recorded_once(changes: Iterable[Change], tasks: Mapping[Key, Task]) -> Iterator[str]:
    """Each completed task is recorded once, unless it was set back to be done again."""
    done: Counter[Key] = Counter()
    for change in changes:
        if change.reset:
            done[change.key] = 0
        if change.completes:
            done[change.key] += 1
            if done[change.key] > 1:
                yield f"task {change.task_id} of {change.uow_id} was recorded twice"
    for key, task in tasks.items():
        if task.status == "completed" and not done[key] and not task.repeats:
            yield f"task {task.task_id} of {task.uow_id} is completed, and no outcome was recorded"


def attempts(changes: Iterable[Change]) -> Iterator[str]:
    """Nobody takes what another holds, and no outcome of an attempt counts but the present one's."""
    for c in changes:
        where = f"task {c.task_id} of {c.uow_id}"
        if c.claims and c.old_owner is not None:
            yield f"{where} was taken while another worker held it"
        if c.claims and c.new_fence <= c.old_fence:
            yield f"{where} was taken without a new fence"
        if not c.completes or c.output is None:
            continue
        if c.old_owner is None:
            yield f"{where}: an outcome was accepted of a worker that does not hold it"
        if c.output.get("key") != attempt_key(c, c.old_started, c.old_retry):
            yield f"{where}: the outcome of another attempt was accepted"


def attempt_key(change: Change, begun: datetime | None, retry: int) -> str:
    """Return the idempotency key that all calls of an attempt must carry."""
    run = f"{begun.astimezone(UTC).isoformat()}/" if begun else ""
    return str(uuid5(NAMESPACE, f"{change.uow_id}/{change.task_id}/{run}{retry}"))


def in_order(changes: Iterable[Change], tasks: Mapping[Key, Task]) -> Iterator[str]:
    """A task begins when all that it depends on is done, of its unit and of units before it."""
    done: set[Key] = set()
    units: dict[UUID, list[Task]] = defaultdict(list)
    for task in tasks.values():
        units[task.uow_id].append(task)
    seen: set[Key] = set()
    for change in changes:
        if change.completes:
            done.add(change.key)
        if not change.claims or change.key in seen or change.key not in tasks:
            continue
        seen.add(change.key)
        task = tasks[change.key]
        needs = [(task.uow_id, name) for name in task.depends_on]
        needs += [t.key for u in task.needs_units for t in units[UUID(u)]]
        if missing := [name for name in needs if name not in done]:
            yield f"task {task.task_id} of {task.unit} began before {missing[0][1]} was done"


def books(
    changes: Sequence[Change], tasks: Mapping[Key, Task], asked: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """What agents were asked is what the record knows of, and no more often than it was taken."""
    taken: Counter[tuple[str, str, int]] = Counter()
    keys: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for c in changes:
        if c.claims:
            attempt = (str(c.uow_id), c.task_id, c.new_retry)
            taken[attempt] += 1
            keys[attempt].add(attempt_key(c, c.new_started, c.new_retry))
    calls: Counter[tuple[str, str, int]] = Counter()
    for call in asked:
        if call["what"] == "asked":
            attempt = (call["uow_id"], call["task_id"], call["attempt"] - 1)
            calls[attempt] += 1
            key = call["idempotency_key"]
            if key not in keys[attempt] or call.get("header", key) != key:
                yield f"{attempt} was asked for under another key"
    # A connection that an agent closed while it rested is tried again by the client itself.
    yield from (
        f"{attempt} was asked for {n} times and taken {taken[attempt]} times"
        for attempt, n in calls.items()
        if n > taken[attempt]
    )
    for c in changes:
        if c.completes and not calls[str(c.uow_id), c.task_id, c.old_retry]:
            yield f"task {c.task_id} of {c.uow_id} is recorded, and its agent was never asked"


async def _ends(db: Database, cancelled: set[UUID]) -> list[str]:
    found = [f"journey {r[0]} did not end: {r[1:]}" for r in await rows(db, NOT_ENDED)]
    for journey, stage, after, rolled_back in await rows(db, ENDED):
        by_path = after == "cancel" and rolled_back
        if stage == "cancelled" and journey not in cancelled and not by_path:
            found.append(f"journey {journey} was cancelled, and nobody had asked for it")
    found += [
        f"{r[0]} is completed, and its unit {r[1]} is not: {r[2]}" for r in await rows(db, HALF)
    ]
    return found


async def _measured(
    db: Database, changes: Iterable[Change], tasks: Mapping[Key, Task]
) -> list[str]:
    """Each outcome's measurement is there once."""
    wanted: Counter[tuple[UUID, str]] = Counter()
    for c in changes:
        task = tasks.get(c.key)
        if c.completes and task and task.metric:
            wanted[c.journey_id, task.metric] += 1
    there = {(j, m): n for j, m, n in await rows(db, MEASURED)}
    return [
        f"{metric} of {journey}: {there.get((journey, metric), 0)} measurements, {n} outcomes"
        for (journey, metric), n in (wanted | Counter(there)).items()
        if wanted[journey, metric] != there.get((journey, metric), 0)
    ]


async def _undone(db: Database, tasks: Mapping[Key, Task]) -> list[str]:
    """What a completed rollback left was undone, once each, newest first."""
    undone: dict[Key, list[Task]] = defaultdict(list)
    for task in tasks.values():
        if task.undo_of and task.status == "completed":
            undone[UUID(task.undo_of[0]), task.undo_of[1]].append(task)
    found = [f"{key} was undone {len(by)} times" for key, by in undone.items() if len(by) > 1]
    for key, [by, *_] in undone.items():
        task = tasks[key]
        needs = [(task.uow_id, name) for name in task.depends_on]
        needs += [t.key for t in tasks.values() if str(t.uow_id) in task.needs_units]
        for need in needs:
            later = undone.get(need)
            if later and later[0].uow_id == by.uow_id and later[0].position < by.position:
                found.append(f"{need} was undone before {key}, which depends on it")
    left = await rows(db, UNDONE)
    found += [f"{r[1]} of unit {r[2]} was rolled back and never undone ({r[0]})" for r in left]
    return found


async def _journals(door: Door) -> list[str]:
    return [
        f"journal of {one.journey_id}: {fault}"
        async for batch in verify(door)
        for one in batch
        for fault in one.faults
    ]


async def _acknowledged(db: Database, told: Iterable[Told]) -> list[str]:
    """What somebody was told was done is in the journal, where it was said to be."""
    events = {(j, n): t for j, n, t in await rows(db, EVENTS)}
    return [
        f"event {t.seq + n} of {t.journey_id} was acknowledged as {kind} and is "
        f"{events.get((t.journey_id, t.seq + n), 'lost')}"
        for t in told
        for n, kind in enumerate(t.types, 1)
        if events.get((t.journey_id, t.seq + n)) != kind
    ]


async def _leftovers(db: Database) -> list[str]:
    left = [f"{what}: {n} left behind" for what, n in await rows(db, LEFT) if n]
    return left + await left_due(db)


async def left_due(db: Database) -> list[str]:
    """Return a few of the tasks that somebody has or is to have, whole."""
    return [f"left behind is {task}" for (task,) in await rows(db, DUE)]


async def stuck(db: Database) -> list[str]:
    """Return what is known of a few journeys that are still under way."""
    return [known for (known,) in await rows(db, STUCK)]


async def _deliveries(db: Database, asked: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every event was delivered, and its receiver says so too."""
    heard = {call["id"] for call in asked if call["what"] == "told"}
    found = []
    for journey, seq, number, status, delivery in await rows(db, DELIVERED):
        if number != 1:
            found.append(f"event {seq} of {journey} has {number} deliveries")
        elif status != "delivered" or delivery not in heard:
            found.append(f"the delivery of event {seq} of {journey} is {status}, or was not heard")
    return found


CHANGES: Final = """
SELECT log_id, journey_id, uow_id, task_id, was, became, old_owner, new_owner, old_fence,
       new_fence, old_retry, new_retry, output, reset, old_started, new_started
FROM task_log ORDER BY log_id
"""
TASKS: Final = """
SELECT t.journey_id, t.uow_id, t.task_id, t.status, t.agent_id, t.depends_on, t.undo, t.undo_of,
       t.position, (SELECT min(k) FROM jsonb_object_keys(t.policy->'measures') k), u.name, u.stage,
       u.visit, u.purpose, u.every IS NOT NULL, u.status, u.required, u.dependencies
FROM tasks t JOIN units_of_work u USING (journey_id, uow_id)
"""
NOT_ENDED: Final = """
SELECT j.journey_id, j.current_stage, j.ball_with, j.waiting_for, j.hold_reason,
       (SELECT jsonb_agg(jsonb_build_array(t.task_id, t.status, t.waiting_on, t.due_at, t.held,
            t.gated, t.owner, t.error->>'message'))
        FROM tasks t JOIN units_of_work u USING (journey_id, uow_id)
        WHERE u.journey_id = j.journey_id AND u.visit = j.visit AND t.status <> 'completed')
FROM journey_states j WHERE ended_at IS NULL
"""
ENDED: Final = """
SELECT j.journey_id, j.current_stage, p.document->'rollback'->>'after',
       EXISTS (SELECT 1 FROM rollback_history r WHERE r.journey_id = j.journey_id
               AND r.status = 'completed')
FROM journey_states j JOIN paths p USING (path_id) WHERE ended_at IS NOT NULL
"""
HALF: Final = """
SELECT j.journey_id, u.name, u.status FROM journey_states j JOIN units_of_work u USING (journey_id)
WHERE j.current_stage = 'completed' AND u.required AND u.purpose <> 'rollback'
  AND u.visit = (SELECT max(visit) FROM units_of_work l
                 WHERE l.journey_id = u.journey_id AND l.stage = u.stage AND l.purpose <> 'rollback')
  AND (u.status <> 'completed' OR EXISTS (
      SELECT 1 FROM tasks t WHERE t.journey_id = u.journey_id AND t.uow_id = u.uow_id
      AND t.status <> 'completed'))
"""
MEASURED: Final = """
SELECT journey_id, metric, count(*) FROM measurements WHERE starts_with(metric, 'did_') GROUP BY 1, 2
"""
UNDONE: Final = """
SELECT t.journey_id, t.task_id, u.name FROM tasks t JOIN units_of_work u USING (journey_id, uow_id)
WHERE t.undo IS NOT NULL AND t.output_data IS NOT NULL AND t.status = 'completed'
  AND u.status = 'rolled_back' AND u.purpose <> 'rollback'
  AND EXISTS (SELECT 1 FROM rollback_history r
              WHERE r.journey_id = t.journey_id AND r.status = 'completed'
                AND r.from_stage = u.stage AND r.started_at >= u.created_at)
  AND NOT EXISTS (SELECT 1 FROM tasks d WHERE d.journey_id = t.journey_id
                  AND d.undo_of = ARRAY[t.uow_id::text, t.task_id] AND d.status = 'completed')
"""
EVENTS: Final = "SELECT journey_id, seq, type FROM journey_events"
LEFT: Final = """
SELECT 'tasks that somebody holds', count(*) FROM tasks WHERE owner IS NOT NULL
UNION ALL SELECT 'tasks that are due', count(*) FROM tasks
    WHERE due_at IS NOT NULL OR cancelling OR status = 'running'
UNION ALL SELECT 'leases', count(*) FROM workers
UNION ALL SELECT 'wake-ups', count(*) FROM wakeups
UNION ALL SELECT 'open alerts', count(*) FROM alerts WHERE resolved_at IS NULL
UNION ALL SELECT 'open rollbacks', count(*) FROM rollback_history WHERE completed_at IS NULL
UNION ALL SELECT 'open deliveries', count(*) FROM deliveries WHERE status = 'pending'
"""
DUE: Final = """
SELECT to_jsonb(t)::text || ' in stage ' || j.current_stage || ' of a unit that is ' || u.status
    || ' for ' || u.purpose
FROM tasks t JOIN units_of_work u USING (journey_id, uow_id) JOIN journey_states j
  ON j.journey_id = t.journey_id
WHERE t.owner IS NOT NULL OR t.due_at IS NOT NULL OR t.cancelling OR t.status = 'running' LIMIT 3
"""
STUCK: Final = """
SELECT jsonb_build_object('journey', to_jsonb(j), 'wakeups', (
    SELECT jsonb_agg(w) FROM wakeups w WHERE w.journey_id = j.journey_id), 'units', (
    SELECT jsonb_agg(to_jsonb(u) || jsonb_build_object('tasks', (
        SELECT jsonb_agg(t) FROM tasks t WHERE t.journey_id = u.journey_id AND t.uow_id = u.uow_id)))
    FROM units_of_work u WHERE u.journey_id = j.journey_id AND u.visit = j.visit))::text
FROM journey_states j WHERE ended_at IS NULL LIMIT 2
"""
DELIVERED: Final = """
SELECT e.journey_id, e.seq, count(d.delivery_id), min(d.status), min(d.delivery_id::text)
FROM journey_events e LEFT JOIN deliveries d USING (journey_id, seq) GROUP BY 1, 2
"""
