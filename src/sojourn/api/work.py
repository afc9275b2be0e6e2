"""Units of work and tasks: in the specification's shape, and as the engine sees them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from sojourn.api.auth import ASKING, Asking
from sojourn.api.documents import Line
from sojourn.api.etags import etag
from sojourn.api.journeys import Changed, changed_by
from sojourn.api.problems import ProblemError
from sojourn.api.routes import Dry, Page, router
from sojourn.control.submit import submit
from sojourn.control.unit import UnitForm
from sojourn.store import work as store

work = router("work", prefix="/journeys/{ref}")


class TaskDocument(BaseModel):
    """A task in the specification's shape."""

    task_id: str
    name: str
    agent_id: str
    input_data: Any
    output_data: Any
    status: str
    retry_count: int
    max_retries: int


class Unit(BaseModel):
    """A unit of work in the specification's shape, with a few fields of our own after it."""

    uow_id: str
    journey_id: str
    stage: str
    tasks: list[TaskDocument]
    dependencies: list[str]
    status: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    name: str
    purpose: str
    visit: int


Visit = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="One entry into a stage.")]


@work.get("/units", summary="Units of work")
async def list_units(asked: Asking = ASKING, visit: Visit = None) -> Page[Unit]:
    """Return the journey's units of work, of one visit or of all."""
    async with asked.door.db.connection() as connection:
        rows = await store.documents(connection, asked.journey_id, None, visit)
    return Page(items=[Unit(**row) for row in rows])


@work.get("/units/{unit}", summary="One unit of work")
async def get_unit(unit: Line, asked: Asking = ASKING) -> Unit:
    """Return a unit by its own id, ours, or its name; of several of one name the newest."""
    async with asked.door.db.connection() as connection:
        rows = await store.documents(connection, asked.journey_id, unit)
    if not rows:
        raise ProblemError(404, f"the journey has no unit {unit!r}")
    return Unit(**rows[-1])


@work.post(
    "/units",
    status_code=201,
    summary="Submit a unit of work",
    responses={200: {"model": Changed, "description": "A dry run: nothing was added."}},
)
async def submit_unit(
    response: Response, body: UnitForm, asked: Asking = ASKING, dry_run: Dry = False
) -> Changed:
    """Add a unit of work, in the specification's JSON, to the journey's present stage."""
    await asked.may("submitting work", "operator", "admin")
    decision = await submit(
        asked.door, asked.journey_id, body, set(asked.context.agents), **asked.who, dry_run=dry_run
    )
    changed = changed_by(asked.door, decision, dry_run=dry_run)
    if dry_run:
        response.status_code = 200
    else:
        response.headers["ETag"] = etag(changed.journey.seq)
    return changed


class Task(BaseModel):
    """A task as the engine sees it."""

    model_config = ConfigDict(extra="ignore")
    unit: str
    uow_id: UUID
    task_id: str
    name: str
    agent_id: str
    status: str
    retry_count: int
    max_retries: int
    depends_on: list[str]
    waiting_on: int = Field(description="Tasks it still waits for.")
    held: bool
    question: dict[str, Any] | None = Field(description="What its agent asks a person.")
    error: dict[str, Any] | None
    due_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    deadline_at: datetime | None
    output_data: Any


@work.get("/tasks", summary="Tasks")
async def list_tasks(asked: Asking = ASKING, visit: Visit = None) -> Page[Task]:
    """Return the tasks of a journey, of one visit or of all."""
    async with asked.door.db.connection() as connection:
        rows = await store.tasks_of(connection, asked.journey_id, visit)
    return Page(items=[Task(**row) for row in rows])
