"""A person's command on one journey: decided on a locked snapshot, written with its events."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sojourn.control.check import check_command
from sojourn.control.door import Door, NotFoundError, RefusedError
from sojourn.control.traces import span
from sojourn.control.write import decided, observed, write
from sojourn.core.commands import Command, Migrate
from sojourn.core.decide import decide
from sojourn.core.decision import Decision, Refusal
from sojourn.core.snapshot import Snapshot
from sojourn.store.journeys import load
from sojourn.store.sets import Connection
from sojourn.store.transactions import TakenError, dry, in_transaction


async def change(door: Door, journey_id: UUID, command: Command) -> Decision:
    """Carry a command out, or raise :class:`RefusedError`; a failed gate attempt is kept.

    Raises :class:`NotFoundError` for an id that no journey has.
    """
    return await _carried_out(door, journey_id, command)


async def preview(door: Door, journey_id: UUID, command: Command) -> Decision:
    """Return exactly what a command would do, and do nothing of it: all of it is undone."""
    return await _carried_out(door, journey_id, command, dry_run=True)


async def _carried_out(
    door: Door, journey_id: UUID, command: Command, *, dry_run: bool = False
) -> Decision:
    check_command(command)

    async def work(connection: Connection) -> Decision:
        inside = replace(door, shelf=door.shelf.fork())
        decision = await considered(connection, inside, journey_id, command)
        if not decision.events:
            accepted(decision)
        await write(connection, [decision], inside.shelf, door.now())
        return decision

    try:
        with span(f"command {type(command).__name__}", journey=journey_id, actor=command.actor):
            return accepted(await (dry if dry_run else in_transaction)(door.db, work))
    except TakenError as taken:
        told = f"{taken.value} is there already ({taken.constraint})"
        raise RefusedError(Refusal("conflict", told, "give it another id")) from None


def accepted(decision: Decision) -> Decision:
    """Return a decision that was not refused."""
    if decision.refusal is not None:
        raise RefusedError(decision.refusal, decision)
    return decision


async def considered(
    connection: Connection, door: Door, journey_id: UUID, command: Command
) -> Decision:
    """Load a journey with its evidence, locked, and decide on a command."""
    now = door.now()
    if isinstance(command, Migrate):
        command = replace(command, path=await door.shelf.register(connection, command.path))
    shot = await snapshot(connection, door, journey_id, now, lock=True)
    shots = {journey_id: shot}
    [decision] = await decided(connection, shots, lambda shot: decide(shot, now, command))
    return decision


async def snapshot(
    connection: Connection, door: Door, journey_id: UUID, now: datetime, *, lock: bool = False
) -> Snapshot:
    """Return one journey with everything observed."""
    shots = await load(connection, [journey_id], door.shelf, lock=lock)
    if not shots:
        raise NotFoundError(f"no journey has the id {journey_id}; see: sojourn list")
    return (await observed(connection, shots, now))[journey_id]
