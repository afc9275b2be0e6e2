"""The conductor's look: every journey that is due, decided in one transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from sojourn.control.door import Door
from sojourn.control.resting import Resting
from sojourn.control.traces import span
from sojourn.control.write import Shots, observed, rolling_back, with_undoable, write
from sojourn.core.decide import decide
from sojourn.core.decision import Decision
from sojourn.core.snapshot import Fact, Snapshot
from sojourn.store.journeys import Found, due, load, next_due, postpone
from sojourn.store.postgres import DatabaseUnavailable
from sojourn.store.sets import Connection, send
from sojourn.store.traces import stamp
from sojourn.store.transactions import in_transaction

LATER = timedelta(minutes=5)
"""How long, on the journeys' clock, a journey is left alone on which deciding itself failed."""
log = structlog.get_logger()


async def tick(door: Door, limit: int = 200, resting: Resting | None = None) -> int:
    """Decide on up to ``limit`` journeys that are due and not ``resting``; returns how many.

    Where a set cannot be written, its journeys are taken one by one, and the one at fault is left
    alone for a while.
    """
    try:
        return await in_transaction(
            door.db.sets, lambda connection: _look(connection, door, limit, resting or Resting())
        )
    except DatabaseUnavailable:
        raise
    except Exception:
        if limit == 1:
            return await _leave_alone(door)
        log.exception("a set of journeys could not be written; taking them one by one")
        return sum([await tick(door, 1, resting) for _ in range(limit)])


async def _look(connection: Connection, door: Door, limit: int, resting: Resting) -> int:
    now = door.now()
    found = await due(connection, now, limit, resting.journeys())
    if not found:
        return 0
    with span("tick", journeys=len(found)):
        await stamp(connection)
        resting.note(await _decide(connection, door, found, now))
    return len(found)


async def _decide(
    connection: Connection, door: Door, found: Found, now: datetime
) -> Iterable[Snapshot]:
    shots = await load(connection, found, door.shelf)
    shots = await observed(connection, shots, now)
    decisions, broken = decided(shots, found, now)
    if stages := rolling_back(decisions):
        again = await with_undoable(connection, {k: shots[k] for k in stages}, stages)
        redone, unable = decided(again, found, now)
        decisions = [d for d in decisions if d.state.journey_id not in stages] + redone
        broken += unable
    await write(connection, decisions, door.shelf, now)
    await send(connection, postpone(broken, found, now + LATER))
    return shots.values()


async def _leave_alone(door: Door) -> int:
    async def work(connection: Connection) -> int:
        found = await due(connection, door.now(), 1)
        await send(connection, postpone(list(found), found, door.now() + LATER))
        return len(found)

    log.error("a journey could not be written and is left alone for a while")
    return await in_transaction(door.db, work)


async def next_look(door: Door, resting: Resting | None = None) -> float:
    """Return in how many real seconds a journey has to be looked at; 0 when one is due."""
    resting = resting or Resting()
    async with door.db.sets.connection() as connection:
        row = await next_due(connection, resting.journeys())
    return min(door.until(row["due"] if row else None), resting.over_in())


def decided(shots: Shots, found: Found, now: datetime) -> tuple[list[Decision], list[UUID]]:
    """Decide on each journey by itself; one that cannot be decided on does not stop the others."""
    decisions, broken = [], []
    for key, shot in shots.items():
        try:
            decisions.append(decide(shot, now, found=facts(shot, found.get(key, ()), now)))
        except Exception:
            log.exception("a journey could not be decided on", journey=str(key))
            broken.append(key)
    return decisions, broken


def facts(
    shot: Snapshot, found: Iterable[tuple[str, Mapping[str, Any]]], now: datetime
) -> dict[str, Fact]:
    """Return what tasks found that is news."""
    told = {name: Fact(v, now, agent, agent) for agent, facts in found for name, v in facts.items()}
    known = {name: fact.value for name, fact in shot.facts.items()}
    return {n: f for n, f in told.items() if n not in known or known[n] != f.value}
