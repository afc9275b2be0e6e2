"""Units of work and tasks: planning rows, claim, settle, release, and the documents people see."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from sojourn.core.decision import Decision
from sojourn.core.outcomes import Attempt, Call, Measured, Settlement
from sojourn.core.places import BEHIND, STRIDE, Places
from sojourn.core.plan import outputs
from sojourn.core.work import (
    Progress,
    Purpose,
    Retry,
    Task,
    TaskStatus,
    Trouble,
    Undo,
    UnitOfWork,
    UnitOfWorkStatus,
)
from sojourn.store import queries
from sojourn.store.sets import Connection, Row, Statement, batch, fetch, one, send

_QUERIES = queries.load("work")
PROGRESS: Final = _QUERIES["progress"]


def progress(row: Row) -> Progress:
    """Return a unit's row as its progress."""
    same = {k: v for k, v in row.items() if k not in ("journey_id", "troubles", "started")}
    return Progress(
        **same
        | {
            "uow_id": str(row["uow_id"]),
            "purpose": Purpose(row["purpose"]),
            "status": UnitOfWorkStatus(row["status"]),
            "dependencies": tuple(row["dependencies"]),
            "started": bool(row["started"]),
            "troubles": tuple(_trouble(*t) for t in row["troubles"] or ()),
        }
    )


def _trouble(
    task_id: str, name: str, agent: str, message: str, kind: str, deadline: str | None
) -> Trouble:
    until = datetime.fromisoformat(deadline) if deadline else None
    return Trouble(task_id, name, agent, message, kind=kind, deadline_at=until)


def writes(decisions: Sequence[Decision], now: datetime) -> list[Statement]:
    """Return the statements that write what decisions make of units and tasks."""
    return [
        *_plans(decisions, now),
        *batch(_QUERIES["change_units"], _changes(decisions, now)),
        *batch(_QUERIES["withdraw"], _named(decisions, "withdraw"), now=now, reason="withdrawn"),
        *batch(_QUERIES["rearm"], _rearms(decisions)),
        *batch(_QUERIES["requeue"], _requeues(decisions, now)),
        *batch(_QUERIES["release"], _releases(decisions, now), stride=STRIDE, behind=BEHIND),
        *_holds(decisions),
        *_told(decisions),
    ]


def _plans(decisions: Iterable[Decision], now: datetime) -> Iterator[Statement]:
    plans = [(d, unit) for d in decisions for unit in d.plans]
    yield from batch(_QUERIES["insert_units"], (_unit_row(d, unit, now) for d, unit in plans))
    yield from batch(_QUERIES["insert_tasks"], _task_rows(decisions, now))


def _unit_row(decision: Decision, unit: UnitOfWork, now: datetime) -> Row:
    return {
        "journey_id": decision.state.journey_id,
        "uow_id": unit.uow_id,
        "external_id": unit.external_id or unit.uow_id,
        "external_journey": unit.external_journey or None,
        "name": unit.name,
        "stage": unit.stage,
        "visit": unit.visit,
        "purpose": unit.purpose,
        "dependencies": unit.dependencies,
        "required": unit.required,
        "every": unit.every,
        "wave": unit.wave,
        "created_at": unit.created_at or now,
    }


def _task_rows(decisions: Iterable[Decision], now: datetime) -> Iterator[Row]:
    for decision in decisions:
        places = Places(decision.before, now)
        for unit in decision.plans:
            yield from _tasks_of(decision, unit, places)


def _tasks_of(decision: Decision, unit: UnitOfWork, places: Places) -> Iterator[Row]:
    released = unit.uow_id in decision.release
    dependents: dict[str, list[str]] = {t.task_id: [] for t in unit.tasks}
    for task in unit.tasks:
        for need in task.depends_on:
            dependents[need].append(task.task_id)
    for position, task in enumerate(unit.tasks):
        ready = released and not task.depends_on
        yield {
            "journey_id": decision.state.journey_id,
            "uow_id": unit.uow_id,
            "task_id": task.task_id,
            "position": position,
            "name": task.name,
            "agent_id": task.agent_id,
            "input_data": task.input_data,
            "max_retries": task.max_retries,
            "depends_on": task.depends_on,
            "dependents": dependents[task.task_id],
            "waiting_on": len(task.depends_on),
            "policy": policy(task),
            "undo": task.undo,
            "undo_of": task.undo_of,
            "task_group": task.group,
            "refers": bool(task.input_data) and "${" in json.dumps(task.input_data, default=str),
            # A flood of one journey's tasks queues behind the first tasks of the others; what is
            # begun together, a handful of a unit's tasks, is settled and followed together too.
            "due_at": places.take() if ready else None,
        }


def policy(task: Task) -> Row:
    """Return how a task is to be run, as it is kept beside it."""
    retry = task.retry
    kept = {
        "timeout": task.timeout.total_seconds(),
        "deadline": str(task.deadline),
        "retry": [retry.base.total_seconds(), retry.factor, retry.longest.total_seconds()],
        "irreversible": task.irreversible,
        "idempotent": task.idempotent,
        "measures": task.measures,
        "facts": task.facts,
    }
    return {name: value for name, value in kept.items() if value}


def _changes(decisions: Iterable[Decision], now: datetime) -> Iterator[Row]:
    for decision in decisions:
        for change in decision.changes:
            yield {
                "journey_id": decision.state.journey_id,
                "uow_id": change.uow_id,
                "status": change.status,
                "run": change.run,
                "at": now,
            }


def _named(decisions: Iterable[Decision], field: str) -> Iterator[Row]:
    for decision in decisions:
        for uow_id in getattr(decision, field):
            yield {"journey_id": decision.state.journey_id, "uow_id": uow_id}


def _releases(decisions: Iterable[Decision], now: datetime) -> Iterator[Row]:
    for decision in decisions:
        places = Places(decision.before, now)
        units = {unit.uow_id: unit for unit in decision.before.units}
        for uow_id in decision.release:
            if uow_id in units:
                at = places.take(units[uow_id].total)
                yield {"journey_id": decision.state.journey_id, "uow_id": uow_id, "at": at}


def _rearms(decisions: Iterable[Decision]) -> Iterator[Row]:
    for decision in decisions:
        for rearm in decision.rearm:
            yield {
                "journey_id": decision.state.journey_id,
                "uow_id": rearm.uow_id,
                "due_at": rearm.due_at,
            }


def _requeues(decisions: Iterable[Decision], now: datetime) -> Iterator[Row]:
    for decision in decisions:
        for requeue in decision.requeue:
            yield {
                "journey_id": decision.state.journey_id,
                "uow_id": requeue.uow_id,
                "task_id": requeue.task_id,
                "answer": requeue.answer,
                "is_answer": requeue.is_answer,
                "at": now,
            }


def _holds(decisions: Iterable[Decision]) -> Iterator[Statement]:
    # A hold can end and another begin in one decision: the first one's time counts all the same.
    thawed = [
        {"journey_id": d.state.journey_id, "late": d.thaw_by}
        for d in decisions
        if d.freeze is False or d.thaw_by
    ]
    yield from batch(_QUERIES["thaw"], thawed)
    frozen = [d.state.journey_id for d in decisions if d.freeze is True]
    if frozen:
        yield _QUERIES["freeze"], {"ids": frozen}


def _told(decisions: Iterable[Decision]) -> Iterator[Statement]:
    if any(d.release or d.requeue or d.withdraw or d.freeze is False for d in decisions):
        yield _QUERIES["tell_workers"], {}


def wake() -> list[Statement]:
    """Return the statement that tells workers that there is work."""
    return [(_QUERIES["tell_workers"], {})]


async def claim(
    connection: Connection,
    worker: UUID,
    now: datetime,
    limit: int,
    agents: Sequence[str] = (),
    crowded: Sequence[UUID] = (),
) -> list[Row]:
    """Take up to ``limit`` due tasks under new fences; see :func:`attempt`.

    None are taken of the journeys that ``crowded`` names; where it does, only the head of the queue
    is looked through for others.

    ``agents`` are those that this transaction holds (:func:`sojourn.store.limits.lock`); what waits
    for them is taken as far as they have room. Every row says how many tasks were put ``aside`` to
    wait for their agents, and whether any were ``waiting`` before; each with a ``task_id`` is a
    task taken.
    """
    given = {"worker": worker, "now": now, "limit": limit, "agents": list(agents)}
    return await fetch(connection, _QUERIES["claim"], **given, crowded=list(crowded))


def attempt(row: Row, now: datetime, inputs: Mapping[str, Any]) -> Attempt:
    """Return a claimed row as the attempt it is, with its resolved inputs."""
    kept = rules(row["policy"])
    call = Call(
        row["journey_id"],
        row["uow_id"],
        row["task_id"],
        row["agent_id"],
        row["fence"],
        row["retry_count"],
        row["name"],
        row["client_id"],
        row["stage"],
        inputs,
        now,
        kept.timeout,
        kept.idempotent,
        row["handle"],
        row["answer"],
        row["sent_before"],
        row["called_back"],
        row["started_at"],
        row["traceparent"],
    )
    most, deadline = row["max_retries"], row["deadline_at"]
    return Attempt(call, most, kept.retry, deadline, kept.measures, kept.facts)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a task is to be run; see :func:`policy`."""

    timeout: timedelta
    retry: Retry
    idempotent: bool
    measures: Mapping[str, str]
    facts: Mapping[str, str]


@lru_cache(maxsize=1024)
def rules(text: str) -> Rules:
    """Return rules from how they are kept; most tasks of a path have the same."""
    kept = json.loads(text)
    base, factor, longest = kept["retry"]
    return Rules(
        timedelta(seconds=kept["timeout"]),
        Retry(timedelta(seconds=base), factor, timedelta(seconds=longest)),
        kept.get("idempotent", False),
        MappingProxyType(kept.get("measures", {})),
        MappingProxyType(kept.get("facts", {})),
    )


def scope(row: Row) -> dict[str, Any]:
    """Return what a claimed task's references may speak of: outputs of what it depended on."""
    units: dict[str, list[tuple[str, str, Any]]] = {}
    for unit, *done in row["unit_outputs"] or ():
        units.setdefault(unit, []).append((done[0], done[1], done[2]))
    tasks = [(done[0], done[1], done[2]) for done in row["outputs"] or ()]
    return {
        "tasks": outputs(tasks),
        "units": {name: outputs(done) for name, done in units.items()},
    }


async def settle(
    connection: Connection,
    worker: UUID,
    settled: Sequence[tuple[Call, Settlement]],
    now: datetime,
    room: int = 0,
    crowded: Sequence[UUID] = (),
) -> list[Row]:
    """Write what came of attempts, and begin up to ``room`` tasks that became ready by it.

    Those of ``crowded`` journeys queue up instead.
    Every row says how many were ``accepted`` and ``released``; each with a ``task_id`` is a task
    taken, as from :func:`claim`. A settlement under an old fence, or of a task that another worker
    holds, changes nothing.
    """
    rows = [_settlement(call, s) for call, s in settled]
    given = {"worker": worker, "room": room, "crowded": list(crowded), "now": now}
    [statement] = batch(_QUERIES["settle"], rows, **given, stride=STRIDE, behind=BEHIND)
    return await fetch(connection, statement[0], **statement[1])


def _settlement(call: Call, settled: Settlement) -> Row:
    return {
        "journey_id": call.journey_id,
        "uow_id": call.uow_id,
        "task_id": call.task_id,
        "fence": call.fence,
        "status": settled.status,
        "retry_count": settled.retry_count,
        "output": settled.output,
        "error": settled.error,
        "handle": settled.handle,
        "question": settled.question,
        "due_at": settled.due_at,
        "measurements": list(map(_measured, settled.measurements)) or None,
        "facts": settled.facts or None,
        "sign": settled.sign,
        "seen": call.called_back,
    }


def _measured(measured: Measured) -> Row:
    return {"metric": measured.metric, "value": measured.value, "n": measured.n, "at": measured.at}


async def settle_cancelled(connection: Connection, worker: UUID, calls: Iterable[Call]) -> None:
    """Note that the agents of withdrawn tasks were told to stop."""
    rows = [
        {"journey_id": c.journey_id, "uow_id": c.uow_id, "task_id": c.task_id, "fence": c.fence}
        for c in calls
    ]
    await send(connection, batch(_QUERIES["settle_cancelled"], rows, worker=worker))


async def next_due(connection: Connection, now: datetime) -> Row | None:
    """Return when the next task is due."""
    return await one(connection, _QUERIES["next_due"], now=now)


async def under_way(connection: Connection) -> int:
    """Return how many tasks agents work on that are asked now and then how it goes."""
    row = await one(connection, _QUERIES["under_way"])
    return int(row["tasks"]) if row else 0


async def hand_back(connection: Connection, worker: UUID, now: datetime) -> None:
    """Give back what a worker holds, and tell the others."""
    given = {"worker": worker, "now": now}
    await send(connection, [(_QUERIES["hand_back"], given), (_QUERIES["tell_workers"], {})])


async def give_back(
    connection: Connection, worker: UUID, held: Iterable[Call], now: datetime
) -> int:
    """Give back what a worker holds beside the calls that it knows of; returns how many."""
    rows = [
        {"journey_id": c.journey_id, "uow_id": c.uow_id, "task_id": c.task_id, "fence": c.fence}
        for c in held
    ]
    given = {"worker": worker, "rows": Jsonb(rows), "now": now}
    row = await one(connection, _QUERIES["give_back"], **given)
    return int(row["tasks"]) if row else 0


Undoable = dict[UUID, list[tuple[UnitOfWork, Task]]]


async def undoable(
    connection: Connection, stages: Iterable[tuple[UUID, Sequence[str]]]
) -> Undoable:
    """Return the completed tasks of stages, by journey, each with its unit.

    No other task of these journeys completes before the transaction ends.
    """
    rows = [{"journey_id": key, "stage": stage} for key, names in stages for stage in names]
    keep: Statement = (_QUERIES["keep_open"], {"ids": list({row["journey_id"] for row in rows})})
    found: Undoable = {}
    if not rows:
        return found
    *_, result = await send(connection, [keep, *batch(_QUERIES["undoable"], rows)])
    for row in result:
        found.setdefault(row["journey_id"], []).append((_unit(row), _task(row)))
    return found


def _unit(row: Row) -> UnitOfWork:
    return UnitOfWork(
        str(row["uow_id"]),
        str(row["journey_id"]),
        row["stage"],
        (),
        tuple(row["dependencies"]),
        name=row["unit"],
        visit=row["visit"],
    )


def _task(row: Row) -> Task:
    undo = row["undo"]
    return Task(
        task_id=row["task_id"],
        name=row["name"],
        agent_id=row["agent_id"],
        input_data=row["input_data"],
        output_data=row["output_data"],
        status=TaskStatus.COMPLETED,
        max_retries=row["max_retries"],
        depends_on=tuple(row["depends_on"]),
        timeout=timedelta(seconds=row["policy"]["timeout"]),
        undo=Undo(**undo) if undo else None,
        group=row["task_group"],
        irreversible=row["policy"].get("irreversible", False),
        completed_at=row["completed_at"],
    )


def mark_undone(stages: Iterable[tuple[UUID, Sequence[str]]]) -> list[Statement]:
    """Return the statement that marks the units of stages as rolled back."""
    rows = [{"journey_id": key, "stage": stage} for key, names in stages for stage in names]
    return batch(_QUERIES["mark_undone"], rows)


async def documents(
    connection: Connection,
    journey_id: UUID | None = None,
    unit: str | None = None,
    visit: int | None = None,
    limit: int = 1000,
) -> list[Row]:
    """Return units in the specification's shape, with a few columns of our own beside it."""
    params = {"journey_id": journey_id, "unit": unit, "visit": visit, "limit": limit}
    return await fetch(connection, _QUERIES["documents"], **params)


async def tasks_of(
    connection: Connection,
    journey_id: UUID,
    visit: int | None,
    most: int | None = None,
    each: int = 1,
) -> list[Row]:
    """Return the tasks of a journey, of one visit or of all.

    Of more than ``most``: those that failed or ask, the first ``each`` of each unit, those that
    run.
    """
    given = {"journey_id": journey_id, "visit": visit, "most": most, "each": each}
    return await fetch(connection, _QUERIES["tasks_of"], **given)


async def standings(connection: Connection, journey_id: UUID, visit: int) -> list[Row]:
    """Return how many ``tasks`` of a visit there are by status, hold and question."""
    return await fetch(connection, _QUERIES["standings"], journey_id=journey_id, visit=visit)


async def agent_figures(connection: Connection, now: datetime | None = None) -> list[Row]:
    """Return each agent's counts of tasks, the 95th percentile of their seconds, its breaker.

    ``breaker`` is closed, open or half_open; without ``now`` one that is due to be tried is open.
    """
    return await fetch(connection, _QUERIES["agent_figures"], now=now)
