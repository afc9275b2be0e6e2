"""Reading approvals, rejections and waivers for people."""

from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, fetch

_QUERIES = queries.load("rulings")


async def of_journey(connection: Connection, journey_id: UUID, limit: int = 500) -> list[Row]:
    """Return a journey's rulings, the newest first."""
    return await fetch(connection, _QUERIES["of_journey"], journey_id=journey_id, limit=limit)
