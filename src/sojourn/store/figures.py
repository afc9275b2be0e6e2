"""Figures of the installation itself, for its metrics and its health."""

from datetime import datetime

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, fetch, one

_QUERIES = queries.load("figures")


async def gauges(connection: Connection, now: datetime) -> list[Row]:
    """Return lines of name, label and value; ``now`` is the journeys' time."""
    return await fetch(connection, _QUERIES["gauges"], now=now)


async def ready(connection: Connection) -> Row:
    """Return whether the database can be written to, its newest migration, and live workers."""
    row = await one(connection, _QUERIES["ready"])
    if row is None:
        raise LookupError("the database says nothing of itself")
    return row
