"""Reading all journeys' events in one order, without a gap, while others are writing.

Ids are given before they are committed, so a later id can be seen before an earlier one. An id is
settled once every transaction that was writing events when it was the newest has ended: from then
on nothing at or below it can appear any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, fetch, one

_QUERIES = queries.load("stream")


@dataclass(slots=True)
class Horizon:
    """The newest settled id. ``waiting`` are newer ids with the writers that could hide one."""

    id: int = 0
    waiting: list[tuple[int, frozenset[str]]] = field(default_factory=list)

    async def look(self, connection: Connection) -> int:
        """Return the newest id that is settled now; the connection must not be in a transaction."""
        allotted = await one(connection, _QUERIES["allotted"])
        # After the ids, for whoever has taken one of them holds the lock already.
        held = await one(connection, _QUERIES["writers"])
        writers = frozenset(held["held"] if held else ())
        return self.settle(allotted["id"] if allotted else 0, writers)

    def settle(self, allotted: int, writers: frozenset[str]) -> int:
        """Take note of the ids allotted, and of who was writing after that."""
        if allotted > max([self.id, *(i for i, _ in self.waiting)]):
            self.waiting.append((allotted, writers))
        settled = [i for i, then in self.waiting if not then & writers]
        self.id = max([self.id, *settled])
        self.waiting = [(i, then & writers) for i, then in self.waiting if i > self.id]
        return self.id


async def between(
    connection: Connection,
    after: int,
    until: int,
    limit: int,
    *,
    journey_id: UUID | None = None,
    client_id: str | None = None,
    types: Sequence[str] | None = None,
) -> list[Row]:
    """Return events with ids in (after, until], in order, of a journey, a client and types."""
    return await fetch(
        connection,
        _QUERIES["between"],
        after=after,
        until=until,
        limit=limit,
        journey_id=journey_id,
        client_id=client_id,
        types=list(types) if types else None,
    )
