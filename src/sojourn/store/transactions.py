"""Transactions that begin again when two of them stood in each other's way."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, TypeVar

from psycopg import errors

from sojourn.store.postgres import Database
from sojourn.store.sets import Connection
from sojourn.store.traces import stamp

ATTEMPTS: Final = 5
PAUSE: Final = 0.02
"""Seconds before the second attempt at most; it doubles each time."""

T = TypeVar("T")


class TakenError(Exception):
    """Another row has this key already: ``constraint`` names the rule, ``value`` the key."""

    def __init__(self, error: errors.UniqueViolation) -> None:
        self.constraint = error.diag.constraint_name or ""
        detail = error.diag.message_detail or ""
        self.value = detail.partition("=(")[2].partition(")")[0].partition(", ")[0]
        super().__init__(f"{self.constraint}: {self.value}")


async def in_transaction(db: Database, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run work in one transaction; after a deadlock or a conflict it runs again, a few times."""

    async def stamped(connection: Connection) -> T:
        await stamp(connection)
        return await work(connection)

    return await _repeated(db.transaction, stamped)


async def in_statement(db: Database, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run work that is one statement, which is a transaction by itself; otherwise likewise."""
    return await _repeated(db.connection, work)


async def _repeated(
    lend: Callable[[], AbstractAsyncContextManager[Connection]],
    work: Callable[[Connection], Awaitable[T]],
) -> T:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with lend() as connection:
                return await work(connection)
        except (errors.DeadlockDetected, errors.SerializationFailure):
            if attempt == ATTEMPTS:
                raise
            await asyncio.sleep(random.uniform(0.5, 1) * PAUSE * 2**attempt)  # noqa: S311
        except errors.UniqueViolation as error:
            raise TakenError(error) from error
    raise AssertionError("unreachable")


async def dry(db: Database, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run work in a transaction that is undone at its end, whatever it wrote; else likewise."""

    @asynccontextmanager
    async def undone() -> AsyncIterator[Connection]:
        async with db.connection() as connection, connection.transaction(force_rollback=True):
            yield connection

    return await _repeated(undone, work)
