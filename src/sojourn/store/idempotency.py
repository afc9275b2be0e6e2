"""Requests that were made under an Idempotency-Key, so that none is carried out twice."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from psycopg.types.json import Jsonb

from sojourn.store import queries
from sojourn.store.postgres import Database
from sojourn.store.sets import Connection, Row, execute, one

_QUERIES = queries.load("idempotency")


class LostPlace(Exception):
    """Another request has taken this one's place: nothing of this one was written."""


@dataclass(frozen=True, slots=True)
class Place:
    """A request's place: whose it is, its key, and which try at it this is."""

    principal: str
    key: str
    attempt: int = 0

    @property
    def columns(self) -> dict[str, str | int]:
        """Return it as parameters of a statement."""
        return {"principal": self.principal, "key": self.key, "attempt": self.attempt}


async def begin(
    connection: Connection, place: Place, request: bytes, busy: timedelta, lasts: timedelta
) -> int | None:
    """Take a place for a request; None where it is taken. ``request`` is a digest of it."""
    query = _QUERIES["begin"]
    row = await one(connection, query, request=request, busy=busy, lasts=lasts, **place.columns)
    return row["attempt"] if row else None


async def find(connection: Connection, place: Place) -> Row | None:
    """Return what is known of a place."""
    return await one(connection, _QUERIES["find"], **place.columns)


async def answer(
    connection: Connection, place: Place, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Keep an answer."""
    given = {"status": status, "headers": Jsonb(dict(headers)), "body": body}
    await execute(connection, _QUERIES["answer"], **given, **place.columns)


async def release(connection: Connection, place: Place) -> None:
    """Give up a place under which nothing was written."""
    await execute(connection, _QUERIES["release"], **place.columns)


async def purge(connection: Connection) -> None:
    """Forget what has expired."""
    await execute(connection, _QUERIES["purge"])


@dataclass(frozen=True)
class OnceDatabase(Database):
    """A database whose transactions note, as they commit, that their request is carried out."""

    place: Place = Place("", "")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a transaction that commits only while the request has its place."""
        async with super().transaction() as connection:
            yield connection
            if await one(connection, _QUERIES["done"], **self.place.columns) is None:
                raise LostPlace(self.place.key)


def once(db: Database, place: Place) -> Database:
    """Return the database as it is to be used for one request."""
    return OnceDatabase(db.dsn, db.pool, place)
