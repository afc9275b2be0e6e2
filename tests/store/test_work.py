"""Units and tasks as rows: planned, counted, undone, and shown in the specification's shape."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sojourn.control import change, start, tick
from sojourn.control.door import Door
from sojourn.core.commands import SubmitWork
from sojourn.core.decide import decide
from sojourn.core.decision import UnitChange
from sojourn.core.work import Progress, Purpose, Retry, Task, Undo, UnitOfWork, UnitOfWorkStatus
from sojourn.paths import load
from sojourn.store import work
from sojourn.store.journeys import load as load_journeys
from sojourn.store.paths import PathShelf
from sojourn.store.postgres import Database
from sojourn.store.sets import send
from tests.doors import START, rows, still_door

PATH = load(
    """
name: p
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }, { fact: done }] }
    work:
      - name: first
        tasks:
          - { name: a, agent: x, input: { n: 1 }, undo: { agent: y, input: { u: 2 } } }
          - { name: b, agent: x, depends_on: [a] }
      - name: second
        depends_on: [first]
        required: false
        every: 6h
        tasks: [{ name: c, agent: z }]
"""
)


async def begin(db: Database) -> tuple[Door, UUID]:
    door = still_door(db)
    journey = (await start(door, PATH, "acme", "ann")).state.journey_id
    while await tick(door):
        pass
    return door, journey


async def seen(door: Door, journey: UUID) -> dict[str, Progress]:
    """Return a journey's units as a decision sees them."""
    async with door.db.connection() as connection:
        shots = await load_journeys(connection, [journey], PathShelf())
    return {u.name: u for u in shots[journey].units}


async def test_planned_work_is_counted(db: Database) -> None:
    door, journey = await begin(db)
    units = await seen(door, journey)
    first, second = units["first"], units["second"]
    assert (first.total, first.completed, first.failed, first.live) == (2, 0, 0, 1)
    assert (first.purpose, first.required, first.started) == (Purpose.ACTIVITY, True, False)
    assert second.dependencies == (first.uow_id,)
    assert (second.every, second.required) == (timedelta(hours=6), False)
    await rows(db, "UPDATE tasks SET status = 'running', started_at = now() WHERE task_id = 'a'")
    await rows(
        db,
        """UPDATE tasks SET status = 'running', question = '{"prompt": "Which?", "kind": "input"}',
           deadline_at = %s WHERE task_id = 'b'""",
        START,
    )
    await rows(
        db,
        "UPDATE tasks SET status = 'failed', error = '{\"message\": \"no\"}' WHERE task_id = 'c'",
    )
    units = await seen(door, journey)
    assert (units["first"].live, units["first"].started) == (2, True)
    [asked] = units["first"].troubles
    assert (asked.kind, asked.message, asked.deadline_at) == ("input", "Which?", START)
    [failed] = units["second"].troubles
    assert (failed.kind, failed.message, failed.agent_id) == ("failed", "no", "z")


async def test_a_unit_is_shown_in_the_specifications_shape(db: Database) -> None:
    door, journey = await begin(db)
    task = Task("task-001", "Install", "connector-agent", {"connector_type": "confluence"})
    unit = UnitOfWork(
        "11111111-1111-4111-8111-111111111111",
        "",
        "sandbox",
        (task, replace(task, task_id="task-002", max_retries=5)),
        (str((await seen(door, journey))["first"].uow_id),),
        name="setup",
        external_id="uow-sandbox-acme-001",
        external_journey="journey-acme",
    )
    await change(door, journey, SubmitWork(actor="ann", unit=unit))
    async with db.connection() as connection:
        [shown] = await work.documents(connection, unit="uow-sandbox-acme-001")
        [first] = await work.documents(connection, journey, unit="first")
        assert await work.documents(connection, journey, visit=2) == []
        assert len(await work.documents(connection, journey)) == 3
    assert shown["tasks"][0] == {
        "task_id": "task-001",
        "name": "Install",
        "agent_id": "connector-agent",
        "input_data": {"connector_type": "confluence"},
        "output_data": None,
        "status": "pending",
        "retry_count": 0,
        "max_retries": 3,
    }
    assert [t["max_retries"] for t in shown["tasks"]] == [3, 5]
    assert (shown["uow_id"], shown["journey_id"], shown["stage"], shown["status"]) == (
        "uow-sandbox-acme-001",
        "journey-acme",
        "sandbox",
        "pending",
    )
    assert shown["dependencies"] == [first["uow_id"]]
    assert first["journey_id"] == "journey-acme-2026"


async def test_tasks_are_shown_with_what_the_engine_knows(db: Database) -> None:
    _, journey = await begin(db)
    async with db.connection() as connection:
        found = {t["task_id"]: t for t in await work.tasks_of(connection, journey, None)}
        assert await work.tasks_of(connection, journey, 9) == []
        figures = await work.agent_figures(connection)
    assert (found["a"]["due_at"], found["a"]["waiting_on"]) == (START, 0)
    assert (found["b"]["due_at"], found["b"]["waiting_on"]) == (None, 1)
    assert {f["agent_id"]: f["queued"] for f in figures} == {"x": 1, "z": 0}


async def test_what_was_completed_can_be_undone_and_is_marked(db: Database) -> None:
    _, journey = await begin(db)
    await rows(
        db,
        "UPDATE tasks SET status = 'completed', output_data = '{\"by\": 1}', completed_at = %s"
        " WHERE task_id <> 'b'",
        START,
    )
    async with db.connection() as connection:
        done = (await work.undoable(connection, [(journey, ["sandbox"])]))[journey]
        assert await work.undoable(connection, [(journey, ["pilot"])]) == {}
        assert await work.undoable(connection, []) == {}
        by_name = {t.task_id: (u, t) for u, t in done}
        assert set(by_name) == {"a", "c"}
        unit, a = by_name["a"]
        assert (unit.name, unit.stage, unit.visit) == ("first", "sandbox", 1)
        assert a.undo == Undo("y", {"u": 2})
        assert (a.input_data, a.output_data, a.completed_at) == ({"n": 1}, {"by": 1}, START)
        assert by_name["c"][0].dependencies == (unit.uow_id,)
        await send(connection, work.mark_undone([(journey, ["sandbox"])]))
        assert await work.undoable(connection, [(journey, ["sandbox"])]) == {}
    assert await rows(db, "SELECT DISTINCT status FROM units_of_work") == [("rolled_back",)]


def test_a_retry_policy_survives_the_round_trip() -> None:
    retry = Retry(timedelta(seconds=1.5), 3.0, timedelta(hours=2))
    task = Task("t", "T", "a", retry=retry, timeout=timedelta(milliseconds=1500))
    kept: dict[str, Any] = work.policy(task)
    assert kept["deadline"] == "3 days, 0:00:00"
    read = work.rules(json.dumps(kept))
    assert (read.retry, read.timeout, read.idempotent) == (retry, task.timeout, False)
    assert (read.measures, read.facts) == ({}, {})
    task = replace(task, idempotent=True, measures={"m": "a.b"}, facts={"f": "c"})
    read = work.rules(json.dumps(work.policy(task)))
    assert (read.idempotent, read.measures, read.facts) == (True, {"m": "a.b"}, {"f": "c"})


async def test_any_deadline_is_an_interval_that_postgresql_reads(shared: Database) -> None:
    for span in (timedelta(microseconds=1), timedelta(days=400, hours=3), timedelta(seconds=90)):
        kept = work.policy(Task("t", "T", "a", deadline=span))["deadline"]
        assert await rows(shared, "SELECT %s::text::interval", kept) == [(span,)]


async def test_a_planned_unit_that_is_withdrawn_in_the_same_decision_is_so_in_its_row(
    db: Database,
) -> None:
    door, journey = await begin(db)
    unit = UnitOfWork(
        str(UUID(int=5)), str(journey), "sandbox", (Task("t", "T", "a"),), name="short", visit=1
    )
    async with db.connection() as connection:
        shots = await load_journeys(connection, [journey], PathShelf())
        plain = decide(shots[journey], door.now())
        decision = replace(
            plain,
            plans=(unit,),
            release=(unit.uow_id,),
            withdraw=(unit.uow_id,),
            changes=(UnitChange(unit.uow_id, UnitOfWorkStatus.ROLLED_BACK),),
        )
        await send(connection, work.writes([decision], door.now()))
    assert await rows(db, "SELECT status FROM units_of_work WHERE name = 'short'") == [
        ("rolled_back",)
    ]
    assert await rows(db, "SELECT due_at FROM tasks WHERE task_id = 't'") == [(None,)]
