"""The workers' door: taking due tasks and writing what came of them, always in sets."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sojourn.agents.callbacks import Attempted
from sojourn.control.door import Door
from sojourn.core.outcomes import Attempt, Call, Settlement, final
from sojourn.core.references import UnresolvedReference, resolve
from sojourn.store import callbacks, limits, work
from sojourn.store.sets import Connection, Row
from sojourn.store.transactions import in_statement, in_transaction

LOST_LIMIT: Final = 10
"""How often the worker under a task may die before the task itself is suspected."""


class Step(StrEnum):
    """What a claimed task needs."""

    SEND = "send"
    POLL = "poll"
    CANCEL = "cancel"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task in this worker's hands; ``end`` is its settlement where it is given up."""

    step: Step
    attempt: Attempt
    end: Settlement | None = None


class Taken(list[Claimed]):
    """The tasks that a claim brought.

    ``aside`` others were put where they wait for room at their agents; ``waiting`` says that there
    are such tasks.
    """

    def __init__(self, tasks: Iterable[Claimed], aside: int, waiting: bool) -> None:
        super().__init__(tasks)
        self.aside = aside
        self.waiting = waiting


async def claim(
    door: Door,
    worker: UUID,
    limit: int,
    *,
    waiting: bool = True,
    crowded: Sequence[UUID] = (),
) -> Taken:
    """Take up to ``limit`` due tasks; ``waiting`` looks also at those that wait for their agents.

    None are taken of the journeys that ``crowded`` names.
    """

    async def take(connection: Connection) -> list[Row]:
        agents = await limits.lock(connection, door.now()) if waiting else []
        return await work.claim(connection, worker, door.now(), limit, agents, crowded)

    rows = await (in_transaction if waiting else in_statement)(door.db.sets, take)
    now = door.now()
    tasks = (claimed(row, now) for row in rows if row["task_id"] is not None)
    aside: int = rows[0]["aside"]
    return Taken(tasks, aside, waiting=bool(rows[0]["waiting"] or aside))


def claimed(row: Row, now: datetime) -> Claimed:
    """Say what a claimed task needs, and resolve what its input refers to."""
    if row["cancelling"]:
        return Claimed(Step.CANCEL, work.attempt(row, now, row["input_data"]))
    try:
        inputs = resolve(row["input_data"], work.scope(row)) if row["refers"] else row["input_data"]
    except UnresolvedReference as error:
        attempt = work.attempt(row, now, row["input_data"])
        return Claimed(Step.GIVE_UP, attempt, final(attempt, "reference", str(error)))
    attempt = work.attempt(row, now, inputs)
    if end := _end(row, attempt, now):
        return Claimed(Step.GIVE_UP, attempt, end)
    if row["handle"] is not None and row["answer"] is None:
        return Claimed(Step.POLL, attempt)
    return Claimed(Step.SEND, attempt)


def _end(row: Row, attempt: Attempt, now: datetime) -> Settlement | None:
    if now >= row["deadline_at"]:
        waited = "no answer to its question" if row["question"] else "not done"
        told = f"{waited} by its deadline {row['deadline_at']:%Y-%m-%d %H:%M}"
        return final(attempt, "deadline", told)
    if row["lost_count"] > LOST_LIMIT:
        told = f"the worker died {row['lost_count']} times while it ran this task"
        return final(attempt, "lost", told)
    return None


@dataclass(frozen=True, slots=True)
class Written:
    """What came of settling: how many counted, how many tasks became ready, which were taken."""

    accepted: int
    released: int
    taken: list[Claimed]


async def settle(
    door: Door,
    worker: UUID,
    settled: Sequence[tuple[Call, Settlement]],
    room: int = 0,
    crowded: Sequence[UUID] = (),
) -> Written:
    """Write what came of attempts; up to ``room`` tasks that became ready are taken at once.

    Those of ``crowded`` journeys queue up instead.
    """

    async def put(connection: Connection) -> list[Row]:
        return await work.settle(connection, worker, settled, door.now(), room, crowded)

    rows = await in_statement(door.db.sets, put)
    now = door.now()
    taken = [claimed(row, now) for row in rows if row["task_id"] is not None]
    return Written(rows[0]["accepted"], rows[0]["released"], taken)


async def settle_cancelled(door: Door, worker: UUID, calls: Sequence[Call]) -> None:
    """Note that agents were told to stop."""

    async def put(connection: Connection) -> None:
        await work.settle_cancelled(connection, worker, calls)

    await in_transaction(door.db, put)


async def hand_back(door: Door, worker: UUID) -> None:
    """Give back what a stopping worker still holds."""

    async def put(connection: Connection) -> None:
        await work.hand_back(connection, worker, door.now())

    await in_transaction(door.db, put)


async def give_back(door: Door, worker: UUID, held: Iterable[Call]) -> int:
    """Give back what a worker holds without knowing it, for a reply was lost; returns how many.

    ``held`` are the calls that it knows of.
    """
    calls = list(held)

    async def put(connection: Connection) -> int:
        return await work.give_back(connection, worker, calls, door.now())

    return await in_transaction(door.db, put)


async def call_back(door: Door, attempt: Attempted, body: Any) -> bool:
    """Note what an agent called back with; False where its attempt is over, or told already."""

    async def put(connection: Connection) -> bool:
        return await callbacks.put(connection, asdict(attempt), body, door.now())

    return await in_transaction(door.db, put)


async def callback_key(door: Door) -> bytes:
    """Return the secret that tokens of callbacks are made with."""
    async with door.db.connection() as connection:
        return await callbacks.key(connection)


async def next_task(door: Door) -> float:
    """Return in how many real seconds a task is due; 0 when one is ready."""
    async with door.db.sets.connection() as connection:
        row = await work.next_due(connection, door.now())
    return door.until(row["due"] if row else None)


async def under_way(door: Door) -> int:
    """Return how many tasks agents work on while no worker waits for them."""
    async with door.db.connection() as connection:
        return await work.under_way(connection)
