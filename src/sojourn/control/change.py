"""A person's command on one journey: decided on a locked snapshot, written with its events."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sojourn.control.door import Door, RefusedError
from sojourn.control.write import observed, rolling_back, with_undoable, write
from sojourn.core.commands import Command, Migrate, RollBack
from sojourn.core.decide import decide
from sojourn.core.decision import Decision
from sojourn.core.rollback import refusal, undoable_stages
from sojourn.core.snapshot import Snapshot
from sojourn.store.journeys import load
from sojourn.store.sets import Connection
from sojourn.store.transactions import dry, in_transaction


async def change(door: Door, journey_id: UUID, command: Command) -> Decision:
    """Carry a command out, or raise :class:`RefusedError`; a failed gate attempt is kept."""

    async def work(connection: Connection) -> Decision:
        inside = replace(door, shelf=door.shelf.fork())
        decision = await considered(connection, inside, journey_id, command, lock=True)
        if decision.refusal is None or decision.events:
            await write(connection, [decision], inside.shelf, door.now())
        return decision

    return accepted(await in_transaction(door.db, work))


async def preview(door: Door, journey_id: UUID, command: Command) -> Decision:
    """Return exactly what a command would do, and do nothing of it."""

    async def work(connection: Connection) -> Decision:
        inside = replace(door, shelf=door.shelf.fork())
        return await considered(connection, inside, journey_id, command)

    return accepted(await dry(door.db, work))


def accepted(decision: Decision) -> Decision:
    """Return a decision that was not refused."""
    if decision.refusal is not None:
        raise RefusedError(decision.refusal, decision)
    return decision


async def considered(
    connection: Connection, door: Door, journey_id: UUID, command: Command, *, lock: bool = False
) -> Decision:
    """Load a journey with its evidence and decide on a command."""
    now = door.now()
    if isinstance(command, Migrate):
        await door.shelf.register(connection, command.path)
    shot = await snapshot(connection, door, journey_id, now, lock=lock)
    shot = await _undoable(connection, shot, command)
    decision = decide(shot, now, command)
    if decision.rollback and decision.rollback.begun and not isinstance(command, RollBack):
        stages = rolling_back([decision])
        shot = (await with_undoable(connection, {journey_id: shot}, stages))[journey_id]
        decision = decide(shot, now, command)
    return decision


async def snapshot(
    connection: Connection, door: Door, journey_id: UUID, now: datetime, *, lock: bool = False
) -> Snapshot:
    """Return one journey with everything observed."""
    shots = await load(connection, [journey_id], door.shelf, lock=lock)
    return (await observed(connection, shots, now))[journey_id]


async def _undoable(connection: Connection, shot: Snapshot, command: Command) -> Snapshot:
    if not isinstance(command, RollBack) or refusal(shot, command.target, command.trigger):
        return shot
    key = shot.state.journey_id
    stages = {key: undoable_stages(shot, command.target)}
    return (await with_undoable(connection, {key: shot}, stages))[key]
