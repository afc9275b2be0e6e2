"""The tasks of all journeys at once: what runs, what failed, and what waits for a person."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.api.auth import principal_of, reader
from sojourn.api.context import door_of
from sojourn.api.documents import Line
from sojourn.api.routes import Cursor, Limit, Page, cursor_of, paged, place_of, router
from sojourn.api.work import Task
from sojourn.control.keys import Principal
from sojourn.store import queue

tasks = router("work")


class Placed(Task):
    """A task with the journey that it is of."""

    journey_id: UUID
    journey_key: str
    client_id: str
    stage: str


@tasks.get("/tasks", summary="Tasks of all journeys")
async def list_all_tasks(
    request: Request,
    principal: Annotated[Principal, Depends(principal_of)],
    agent: Annotated[Line | None, Query()] = None,
    status: Literal["pending", "running", "completed", "failed"] | None = None,
    asks: Annotated[bool | None, Query(description="Whether it waits for an answer.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Placed]:
    """Return tasks of the present visits of active journeys; an agent's key sees its own only."""
    if principal.agent_id is None:
        reader(request)
    place = place_of(cursor, str, str, str)
    after = (UUID(place[0]), UUID(place[1]), place[2]) if place else None
    async with door_of(request).db.connection() as connection:
        rows = await queue.tasks(
            connection,
            limit + 1,
            agent=principal.agent_id or agent,
            status=status,
            asks=asks,
            after=after,
        )
    page, following = paged(
        rows, limit, lambda r: cursor_of(str(r["journey_id"]), str(r["uow_id"]), r["task_id"])
    )
    return Page(items=[Placed(**row) for row in page], next=following)
