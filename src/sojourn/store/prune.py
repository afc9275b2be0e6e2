"""Retention: what nobody needs any more goes, in bounded steps; what audits need never does.

The journal, the state rows, the work with its outputs, approvals, gates' evidence and the history
of rollbacks are kept for ever: they prove each other.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final

from sojourn.store import queries
from sojourn.store.postgres import Database
from sojourn.store.sets import Connection, execute
from sojourn.store.transactions import dry, in_transaction

_QUERIES = queries.load("prune")
KINDS: Final = ("measurements", "notices", "alerts", "deliveries")
"""What is pruned, in this order: notices speak of alerts."""
STEP: Final = 5_000
"""Rows of one transaction: nobody waits long for its locks."""


async def prune(
    db: Database, before: datetime, *, dry_run: bool = False, step: int = STEP
) -> dict[str, int]:
    """Forget what ended before a moment; return how many rows of each kind that is.

    ``dry_run`` counts them in one transaction, which is undone.
    """
    if dry_run:
        return await dry(db, lambda connection: _everything(connection, before, step))
    return {kind: await _steps(db, kind, before, step) for kind in KINDS}


async def _everything(connection: Connection, before: datetime, step: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind in KINDS:
        some = partial(_some, connection, kind, before, step)
        found[kind] = await _until_none(some)
    return found


async def _steps(db: Database, kind: str, before: datetime, step: int) -> int:
    return await _until_none(
        lambda: in_transaction(db, lambda connection: _some(connection, kind, before, step))
    )


async def _until_none(work: Callable[[], Awaitable[int]]) -> int:
    total = 0
    while gone := await work():
        total += gone
    return total


async def _some(connection: Connection, kind: str, before: datetime, step: int) -> int:
    cursor = await execute(connection, _QUERIES[kind], before=before, limit=step)
    return cursor.rowcount
