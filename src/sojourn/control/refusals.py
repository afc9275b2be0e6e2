"""Refusals of rights, kept in the journal of the journey that somebody wanted to change."""

from time import monotonic
from typing import Final
from uuid import UUID

from sojourn.control.change import snapshot
from sojourn.control.door import Door
from sojourn.control.write import write
from sojourn.core.decide import finish
from sojourn.core.decision import Draft
from sojourn.store.sets import Connection
from sojourn.store.transactions import in_transaction

QUIET: Final = 60.0
"""Seconds in which the same refusal is noted once: the journal is not for others to fill."""
MOST: Final = 10_000


class Refusals:
    """Notes refusals, each (journey, actor, action) at most once in a while."""

    def __init__(self) -> None:
        self._noted: dict[tuple[UUID, str, str], float] = {}

    def fresh(self, journey_id: UUID, actor: str, asked: str) -> bool:
        """Say whether a refusal is news, and remember it."""
        now, key = monotonic(), (journey_id, actor, asked)
        if now - self._noted.get(key, -QUIET) < QUIET:
            return False
        if len(self._noted) >= MOST:
            self._noted.clear()
        self._noted[key] = now
        return True

    async def note(self, door: Door, journey_id: UUID, actor: str, asked: str, why: str) -> bool:
        """Write a refusal into the journey's journal if it is news; say whether it was."""
        if not self.fresh(journey_id, actor, asked):
            return False

        async def work(connection: Connection) -> None:
            shot = await snapshot(connection, door, journey_id, door.now(), lock=True)
            draft = Draft(shot, door.now(), actor)
            draft.event("access.refused", why, asked=asked)
            await write(connection, [finish(draft)], door.shelf, draft.now)

        await in_transaction(door.db, work)
        return True
