"""Statements over sets: one JSON document in, rows out, several in one round trip."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sojourn.store.queries import Query

Connection = AsyncConnection[Any]
Row = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
Statement = tuple[Query, Mapping[str, Any]]


async def execute(connection: Connection, query: Query, **params: Any) -> AsyncCursor[Row]:
    """Run a statement; its rows come as dictionaries."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(query.sql.encode(), params)
    return cursor


async def fetch(connection: Connection, query: Query, **params: Any) -> list[Row]:
    """Run a statement and return its rows."""
    return await (await execute(connection, query, **params)).fetchall()


async def one(connection: Connection, query: Query, **params: Any) -> Row | None:
    """Run a statement and return its first row, or None."""
    return await (await execute(connection, query, **params)).fetchone()


def batch(query: Query, rows: Iterable[Mapping[str, Any]], **params: Any) -> list[Statement]:
    """Return the statement that takes a set of rows; no statement where there are none.

    What is None is left out: PostgreSQL reads a name that is missing as NULL, and sooner.
    """
    listed = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return [(query, {"rows": Jsonb(listed), **params})] if listed else []


async def send(connection: Connection, statements: Iterable[Statement]) -> list[list[Row]]:
    """Run statements in one round trip, in order, and return the rows of each."""
    cursors = []
    async with connection.pipeline():
        for query, params in statements:
            cursors.append(await execute(connection, query, **params))
    return [await c.fetchall() if c.description else [] for c in cursors]
