"""Writing decisions: all consequences in one transaction, or none."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from sojourn.control.door import Door
from sojourn.control.start import Beginning, start_many
from sojourn.control.write import observed, rolling_back, with_undoable, write
from sojourn.core.commands import RollBack
from sojourn.core.decide import decide
from sojourn.paths import load
from sojourn.store import clock, journeys
from sojourn.store.postgres import Database

PATH = """
name: written
stages:
  - name: one
    work: [{ name: unit, tasks: [{ name: task, agent: a, undo: { agent: a } }] }]
    exit: { criteria: [{ work: required }, { metric: m, is: ">= 1" }] }
"""


@pytest.fixture
async def door(db: Database) -> Door:
    async with db.connection() as connection:
        return Door(db, await clock.read(connection))


async def begun(door: Door) -> list[UUID]:
    names = [Beginning(name) for name in ("a", "b", "c")]
    decisions = await start_many(door, load(PATH, "written.yaml"), names, "test")
    return [d.state.journey_id for d in decisions]


async def test_what_a_decision_looks_at_is_observed_for_all_journeys_at_once(door: Door) -> None:
    ids = await begun(door)
    async with door.db.connection() as connection:
        shots = await journeys.load(connection, ids, door.shelf)
        seen = await observed(connection, shots, door.now())
    assert {tuple(shot.seen) for shot in seen.values()} == {("one/exit/m",)}


async def test_a_rollback_is_decided_with_what_it_undoes_and_written_with_its_unit(
    door: Door,
) -> None:
    [first, *_] = await begun(door)
    now = datetime.now(UTC)
    async with door.db.transaction() as connection:
        done = b"UPDATE tasks SET status = 'completed', output_data = '{}', completed_at = now()"
        await connection.execute(done)
        shots = await journeys.load(connection, [first], door.shelf, lock=True)
        command = RollBack(actor="ann", reason="why not")
        stages = rolling_back([decide(shots[first], now, command)])
        assert stages == {first: ("one",)}
        shots = await with_undoable(connection, shots, stages)
        await write(connection, [decide(shots[first], now, command)], door.shelf, now)
    async with door.db.connection() as connection:
        asked = b"SELECT agent_id, undo_of IS NOT NULL FROM tasks WHERE name LIKE 'Undo%'"
        rows = await (await connection.execute(asked)).fetchall()
    assert rows == [("a", True)]


async def test_nothing_of_a_set_is_written_when_one_of_it_cannot_be(door: Door) -> None:
    ids = await begun(door)
    with pytest.raises(KeyError):
        async with door.db.transaction() as connection:
            shots = await journeys.load(connection, ids, door.shelf, lock=True)
            decisions = [decide(shot, door.now()) for shot in shots.values()]
            await write(connection, decisions, type(door.shelf)(), door.now())
    async with door.db.connection() as connection:
        rows = await (
            await connection.execute(b"SELECT DISTINCT seq FROM journey_states")
        ).fetchall()
    assert len(rows) == 1
