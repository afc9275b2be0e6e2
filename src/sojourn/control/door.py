"""What every change needs: the database, the paths, the time; and how it is refused."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sojourn.core.decision import Decision, Refusal
from sojourn.core.journal import readable
from sojourn.core.work import hint
from sojourn.store.clock import Clock
from sojourn.store.journeys import client_names, find
from sojourn.store.paths import PathShelf
from sojourn.store.postgres import Database


@dataclass(slots=True)
class Door:
    """The way in for people and for the engine."""

    db: Database
    clock: Clock
    shelf: PathShelf = field(default_factory=PathShelf)
    _latest: datetime | None = field(default=None, init=False, repr=False)

    def now(self) -> datetime:
        """Return the journeys' time; a clock read anew is a little late and never takes it back."""
        shown = self.clock.now()
        self._latest = max(self._latest or shown, shown)
        return self._latest

    def until(self, due: datetime | None) -> float:
        """Return in how many real seconds a moment of the journeys' time comes."""
        if due is None:
            return math.inf
        return max(self.clock.real(due - self.now()), 0.0)


class RefusedError(Exception):
    """A change was refused; ``refusal`` says why and what would help."""

    def __init__(self, refusal: Refusal, decision: Decision | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.decision = decision


class NotFoundError(Exception):
    """There is no such journey; the message says what there is."""


async def resolve(door: Door, name: str, *, active: bool = False) -> UUID:
    """Return the journey of a client's name, a journey's key or its id.

    Of several journeys of a client the active one counts, then the newest. ``active`` asks for
    one that has not ended. Raises :class:`NotFoundError`.
    """
    if readable(name) != name:
        raise NotFoundError(f"no journey of client {name!r}; see: sojourn list")
    async with door.db.connection() as connection:
        rows = await find(connection, name)
        running = [r for r in rows if r["ended_at"] is None]
        if len(running) > 1 and all(r["client_id"] == name for r in running):
            keys = ", ".join(r["journey_key"] for r in running)
            raise NotFoundError(f"{name} has several active journeys; name one: {keys}")
        if rows and (running or not active):
            return UUID(str(rows[0]["journey_id"]))
        if rows:
            stage = rows[0]["current_stage"]
            told = f"the journey of {name} has ended ({stage}); start a new one"
            raise NotFoundError(f"{told}: sojourn start {name}")
        known = await client_names(connection)
    close = hint(name, known) if known else "; no journey was started yet"
    raise NotFoundError(f"no journey of client {name!r}{close}; start one: sojourn start {name}")
