"""Workers and their leases; the database's own clock measures them."""

from datetime import datetime, timedelta
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, execute, fetch, one

_QUERIES = queries.load("workers")


async def register(
    connection: Connection, worker: UUID, host: str, pid: int, lease: timedelta
) -> None:
    """Add a worker with a lease."""
    params = {"worker": worker, "host": host, "pid": pid, "lease": lease}
    await execute(connection, _QUERIES["register"], **params)


async def renew(connection: Connection, worker: UUID, lease: timedelta) -> bool:
    """Renew a worker's lease; False when it was declared lost and its tasks may be elsewhere."""
    row = await one(connection, _QUERIES["renew"], worker=worker, lease=lease)
    return row is not None


async def rescue(connection: Connection, now: datetime, limit: int = 500) -> Row:
    """Free the tasks of workers whose lease ran out; returns how many ``workers`` and ``tasks``."""
    row = await one(connection, _QUERIES["rescue"], now=now, limit=limit)
    return row or {"workers": 0, "tasks": 0}


async def end_frozen(connection: Connection, patience: timedelta) -> int:
    """End sessions of ours that stand still in a transaction for longer; returns how many."""
    row = await one(connection, _QUERIES["end_frozen"], patience=patience)
    return int(row["ended"]) if row else 0


async def leave(connection: Connection, worker: UUID) -> None:
    """Remove a worker that stops."""
    await execute(connection, _QUERIES["leave"], worker=worker)


async def list_workers(connection: Connection) -> list[Row]:
    """Return the workers with their leases and how many tasks they hold."""
    return await fetch(connection, _QUERIES["list"])
