"""Transactions that go on only while a journey is in the state that somebody has looked at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sojourn.store import queries
from sojourn.store.postgres import Database
from sojourn.store.sets import Connection, one

_QUERIES = queries.load("conditions")


class StaleError(Exception):
    """The journey has moved on; ``seq`` is the number of its newest event."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"the newest event is {seq}")
        self.seq = seq


@dataclass(frozen=True)
class ConditionalDatabase(Database):
    """A database whose transactions begin with a look at one journey, which they lock."""

    inner: Database | None = None
    journey_id: UUID = UUID(int=0)
    seqs: frozenset[int] = frozenset()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a transaction; raises :class:`StaleError` where the journey has moved on."""
        inner = self.inner or Database(self.dsn, self.pool)
        async with inner.transaction() as connection:
            row = await one(connection, _QUERIES["lock"], journey_id=self.journey_id)
            if row is not None and row["seq"] not in self.seqs:
                raise StaleError(row["seq"])
            yield connection


def at(db: Database, journey_id: UUID, seqs: frozenset[int]) -> Database:
    """Return the database for a change that counts only while the newest event is one of these."""
    return ConditionalDatabase(db.dsn, db.pool, db, journey_id, seqs)
