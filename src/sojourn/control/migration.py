"""Previewing a move of many journeys to another path, in sets."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sojourn.control.check import check_command
from sojourn.control.door import Door
from sojourn.control.write import observed
from sojourn.core.commands import Migrate
from sojourn.core.decide import decide
from sojourn.core.decision import Decision
from sojourn.core.snapshot import Snapshot
from sojourn.store.journeys import load
from sojourn.store.sets import Connection
from sojourn.store.transactions import dry

BATCH: Final = 200
Considered = tuple[Snapshot, Decision]
"""A journey as it stands, and what the move would make of it, which may be a refusal."""


async def consider(
    door: Door, ids: Sequence[UUID], command: Migrate
) -> AsyncIterator[list[Considered]]:
    """Yield for each journey, batch by batch, what moving it would do; nothing of it is done."""
    check_command(command)
    for begin in range(0, len(ids), BATCH):
        yield await _batch(door, ids[begin : begin + BATCH], command)


async def _batch(door: Door, ids: Sequence[UUID], command: Migrate) -> list[Considered]:
    async def look(connection: Connection) -> list[Considered]:
        now, shelf = door.now(), door.shelf.fork()
        moved = replace(command, path=await shelf.register(connection, command.path))
        shots = await observed(connection, await load(connection, ids, shelf), now)
        return [(shots[key], decide(shots[key], now, moved)) for key in ids if key in shots]

    return await dry(door.db, look)
