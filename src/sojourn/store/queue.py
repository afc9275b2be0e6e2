"""Reading the tasks of all journeys: what is in work, failed, or waits for a person."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, fetch

_QUERIES = queries.load("queue")


async def tasks(
    connection: Connection,
    limit: int,
    *,
    agent: str | None = None,
    status: str | None = None,
    asks: bool | None = None,
    after: tuple[UUID, UUID, str] | None = None,
) -> list[Row]:
    """Return tasks of the present visits of active journeys; ``asks`` wants those with questions."""
    place: tuple[Any, Any, Any] = after or (None, None, None)
    names = dict(zip(("journey_id", "uow_id", "task_id"), place, strict=True))
    given = {"agent": agent, "status": status, "asks": asks, "limit": limit}
    return await fetch(connection, _QUERIES["tasks"], **given, **names)


async def journeys_of(connection: Connection, agent: str, names: Iterable[str]) -> set[str]:
    """Return those of some names (clients, keys, ids) whose journey an agent works for."""
    query = _QUERIES["journeys_of"]
    rows = await fetch(connection, query, agent=agent, names=sorted(set(names)))
    return {row["name"] for row in rows}
