"""Workers' leases, the limits that they hold together, and the common clock."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sojourn.control.door import Door
from sojourn.core.limits import Limits
from sojourn.store import clock, limits, workers
from sojourn.store.sets import Connection, Row
from sojourn.store.transactions import in_transaction


async def register(door: Door, worker: UUID, host: str, pid: int, lease: timedelta) -> None:
    """Add a worker with a lease."""
    async with door.db.connection() as connection:
        await workers.register(connection, worker, host, pid, lease)


async def renew(door: Door, worker: UUID, lease: timedelta) -> bool:
    """Renew a lease; False when it ran out and was taken note of."""
    async with door.db.connection() as connection:
        return await workers.renew(connection, worker, lease)


async def leave(door: Door, worker: UUID) -> None:
    """Give a lease up."""
    async with door.db.connection() as connection:
        await workers.leave(connection, worker)


async def rescue(door: Door) -> tuple[int, int]:
    """Free the tasks of lost workers; returns how many workers and tasks."""

    async def work(connection: Connection) -> Row:
        return await workers.rescue(connection, door.now())

    row = await in_transaction(door.db.sets, work)
    return row["workers"], row["tasks"]


async def end_frozen(door: Door, patience: timedelta) -> int:
    """Take the locks of processes that stand still in the middle of a transaction."""
    async with door.db.connection() as connection:
        return await workers.end_frozen(connection, patience)


async def sync_limits(door: Door, of_agents: Iterable[Limits]) -> None:
    """Write down what limits agents have, for all workers."""

    async def put(connection: Connection) -> None:
        await limits.sync(connection, of_agents)

    await in_transaction(door.db, put)


async def set_watch(door: Door) -> None:
    """Read the common clock."""
    async with door.db.connection() as connection:
        door.clock = await clock.read(connection)


async def set_ahead(door: Door, ahead: timedelta) -> None:
    """Set the common clock ahead, and wake the loops of the engine."""
    async with door.db.connection() as connection:
        door.clock = await clock.set_clock(connection, ahead)
        await clock.tell(connection)
