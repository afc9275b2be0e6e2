"""The journal: events of one journey or of all, the proof of its chain, and rollbacks."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from sojourn.api.auth import ASKING, Asking, reader
from sojourn.api.context import context_of, door_of
from sojourn.api.documents import EventDocument, Line, event_of
from sojourn.api.routes import BIGGEST, Cursor, Limit, Page, cursor_of, paged, place_of, router
from sojourn.control.keys import Principal
from sojourn.core.journal import verify
from sojourn.store import journal as store
from sojourn.store import rollback, stream

journal = router("events")
Types = Annotated[list[Line] | None, Query(alias="type", max_length=50)]
After = Annotated[int, Query(ge=0, le=BIGGEST)]


@journal.get("/journeys/{ref}/events", summary="Events of a journey")
async def list_events(
    asked: Asking = ASKING,
    after: Annotated[int, Query(ge=0, le=BIGGEST, description="Events after this seq.")] = 0,
    type: Annotated[Line | None, Query()] = None,  # noqa: A002
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[EventDocument]:
    """Return a journey's events in order; each is chained to the one before it."""
    (place,) = place_of(cursor, int) or (after,)
    async with asked.door.db.connection() as connection:
        rows = await store.of_journey(
            connection, asked.journey_id, min(place, BIGGEST), limit + 1, type
        )
    page, following = paged(rows, limit, lambda row: cursor_of(row["seq"]))
    return Page(items=[event_of(row) for row in page], next=following)


class Audit(BaseModel):
    """Whether a journal is as it was written."""

    intact: bool
    events: int
    faults: list[str]


@journal.get("/journeys/{ref}/audit", summary="Prove the journal's chain")
async def audit(asked: Asking = ASKING) -> Audit:
    """Recompute the hash chain of the journey's journal."""
    async with asked.door.db.connection() as connection:
        chains = await store.chains(connection, [asked.journey_id])
    entries = chains.get(asked.journey_id, [])
    faults = verify(entries)
    return Audit(intact=not faults and bool(entries), events=len(entries), faults=faults)


@journal.get("/events", summary="Events of all journeys")
async def list_all_events(
    request: Request,
    principal: Annotated[Principal, Depends(reader)],  # noqa: ARG001
    after: Annotated[int, Query(ge=0, le=BIGGEST, description="Events after this id.")] = 0,
    type: Types = None,  # noqa: A002
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[EventDocument]:
    """Return settled events in one order over all journeys: none appears later before these."""
    (place,) = place_of(cursor, int) or (after,)
    until = context_of(request).feed.position
    async with door_of(request).db.connection() as connection:
        rows = await stream.between(connection, min(place, BIGGEST), until, limit + 1, types=type)
    page, following = paged(rows, limit, lambda row: cursor_of(row["event_id"]))
    return Page(items=[event_of(row) for row in page], next=following)


class RollbackLine(BaseModel):
    """One rollback: why, from where to where, and what became of it."""

    rollback_id: UUID
    status: str = Field(description="`executing`, `failed`, `completed` or `cancelled`.")
    from_stage: str
    target_stage: str
    trigger_type: str
    reason: str
    cause: str
    actor: str
    checks: list[dict[str, Any]] | None
    started_at: datetime
    deadline_at: datetime
    completed_at: datetime | None


@journal.get("/journeys/{ref}/rollbacks", summary="Rollback history")
async def list_rollbacks(asked: Asking = ASKING) -> Page[RollbackLine]:
    """Return the journey's rollbacks, oldest first."""
    async with asked.door.db.connection() as connection:
        rows = await rollback.history(connection, asked.journey_id)
    return Page(items=[RollbackLine(**row) for row in rows])
