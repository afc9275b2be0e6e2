"""Agents that call back: what they say is kept with the attempt, until a worker has seen to it."""

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from sojourn.store import queries, work
from sojourn.store.sets import Connection, Row, execute, one, send

_QUERIES = queries.load("callbacks")


async def key(connection: Connection) -> bytes:
    """Return the secret that tokens are made with: the installation's own, the same everywhere."""
    await execute(connection, _QUERIES["make_key"])
    row = await one(connection, _QUERIES["key"])
    if row is None:
        raise LookupError("the installation has no secret")
    return bytes(row["callback_key"])


async def put(connection: Connection, attempt: Row, body: Any, now: datetime) -> bool:
    """Note what an agent called back with; False where its attempt is over, or told already.

    ``attempt`` has journey_id, uow_id, task_id, retry_count, and when that run was ``begun``.
    """
    given = {**attempt, "body": Jsonb(body), "now": now}
    done = await (await execute(connection, _QUERIES["put"], **given)).fetchone()
    if done is not None:
        await send(connection, work.wake())
    return done is not None
