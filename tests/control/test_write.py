import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sojourn.control import Line, change, record_lines, start, tick
from sojourn.control.door import Door
from sojourn.control.tasks import claim, settle
from sojourn.control.write import decided, observed, rolling_back, write
from sojourn.core.commands import Command, HoldJourney, RollBack
from sojourn.core.decide import decide
from sojourn.core.decision import Decision
from sojourn.core.outcomes import Settlement
from sojourn.core.snapshot import Snapshot
from sojourn.core.work import TaskStatus
from sojourn.paths import load
from sojourn.store import work
from sojourn.store.journeys import load as load_journeys
from sojourn.store.postgres import Database
from tests.doors import START, dump, rows, still_door

PATH = load(
    """
name: p
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }, { metric: quality, is: ">= 0.8" }] }
    work:
      - name: w
        tasks: [{ name: t, agent: a, undo: { agent: b } }]
  - name: pilot
    exit: { criteria: [{ metric: satisfaction, is: ">= 4" }] }
    triggers:
      - kind: critical_bug
        when: { metric: bugs, is: "> 0" }
"""
)
BACK = RollBack(actor="ann", reason="broken")
LOOK = HoldJourney(actor="ann", reason="look")


async def begin(door: Door, client: str) -> UUID:
    journey = (await start(door, PATH, client, "ann")).state.journey_id
    while await tick(door):
        pass
    done = "UPDATE tasks SET status = 'completed', output_data = '{}', completed_at = %s, due_at = NULL"
    await rows(door.db, f"{done} WHERE journey_id = %s", START, journey)
    return journey


def counting(command: Command, seen: list[tuple[UUID, int]]) -> Callable[[Snapshot], Decision]:
    """Return a choice that notes for which journeys it was asked, and with how much to undo."""

    def choose(shot: Snapshot) -> Decision:
        seen.append((shot.state.journey_id, len(shot.undoable)))
        return decide(shot, START, command)

    return choose


async def test_every_criterion_that_a_decision_looks_at_is_observed(shared: Database) -> None:
    door = still_door(shared)
    journey = await begin(door, "seen")
    lines = [Line("seen", name, 1) for name in ("quality", "bugs", "satisfaction")]
    await record_lines(door, lines, "ann")
    async with shared.connection() as connection:
        shots = await load_journeys(connection, [journey], door.shelf)
        assert shots[journey].seen == {}
        shots = await observed(connection, shots, START)
        assert await observed(connection, {}, START) == {}
    assert {k: o.value for k, o in shots[journey].seen.items()} == {"sandbox/exit/quality": 1}


async def test_only_those_that_are_rolled_back_are_decided_on_again(shared: Database) -> None:
    door = still_door(shared)
    ids = [await begin(door, f"twice-{n}") for n in range(2)]
    async with shared.connection() as connection:
        shots = await load_journeys(connection, ids, door.shelf)
        seen: list[tuple[UUID, int]] = []
        plain = await decided(connection, shots, counting(LOOK, seen))
        assert sorted(seen) == sorted((key, 0) for key in ids)
        assert rolling_back(plain) == {}
        seen.clear()
        back = await decided(connection, {ids[0]: shots[ids[0]]}, counting(BACK, seen))
    assert seen == [(ids[0], 0), (ids[0], 1)]
    assert rolling_back(back) == {ids[0]: ("sandbox",)}
    assert [t.name for unit in back[0].plans for t in unit.tasks] == ["Undo t"]


async def test_decisions_are_written_all_or_none(shared: Database) -> None:
    door = still_door(shared)
    ids = [await begin(door, f"all-{n}") for n in range(2)]
    async with shared.connection() as connection:
        shots = await load_journeys(connection, ids, door.shelf)
        decisions = [decide(shot, START, LOOK) for shot in shots.values()]
        before = await dump(shared)
        await rows(
            shared,
            "INSERT INTO journey_events (journey_id, seq, type, at, actor, path_id, prev_hash, hash)"
            " SELECT journey_id, seq + 1, 'x', now(), 'x', path_id, '', '' FROM journey_states"
            " WHERE journey_id = %s",
            ids[1],
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            async with connection.transaction():
                await write(connection, decisions, door.shelf, START)
        after = await dump(shared)
    assert after["journey_states"] == before["journey_states"]
    assert len(after["journey_events"]) == len(before["journey_events"]) + 1


async def test_no_decisions_write_nothing(shared: Database) -> None:
    door = still_door(shared)
    before = await dump(shared)
    async with shared.connection() as connection:
        await write(connection, [], door.shelf, START)
    assert await dump(shared) == before


@pytest.mark.parametrize("of", ["running", "pending"])
async def test_what_ends_while_a_rollback_is_decided_is_withdrawn_or_undone(
    db: Database, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    door, worker = still_door(db), UUID(int=7)
    journey = (await start(door, PATH, "acme", "ann")).state.journey_id
    while await tick(door):
        pass
    taken = await claim(door, worker, 9) if of == "running" else []
    ends: list[asyncio.Task[None]] = []

    async def end() -> None:
        """Do the task at the worst moment: when what there is to undo has been read."""
        for claimed in taken or await claim(door, worker, 9):
            call = claimed.attempt.call
            await settle(door, worker, [(call, Settlement(TaskStatus.COMPLETED, 0, output={}))])

    async def read(*given: Any) -> Any:
        found = await undoable(*given)
        ends.append(asyncio.create_task(end()))
        await asyncio.wait(ends, timeout=0.3)
        return found

    undoable = work.undoable
    monkeypatch.setattr(work, "undoable", read)
    await change(door, journey, BACK)
    await asyncio.gather(*ends)
    left = "SELECT count(*) FROM tasks t WHERE undo IS NOT NULL AND status = 'completed' AND NOT EXISTS"
    by = "(SELECT 1 FROM tasks d WHERE d.undo_of = ARRAY[t.uow_id::text, t.task_id])"
    assert await rows(db, f"{left} {by}") == [(0,)], "done, and never undone"
