"""Journeys: the list, one of them, and the start of a new one."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from sojourn.api.auth import ASKING, Asking, allow, principal_of, reads
from sojourn.api.context import context_of, door_of
from sojourn.api.documents import Asked, Effects, JsonObject, Line, effects_of
from sojourn.api.etags import etag
from sojourn.api.problems import ProblemError
from sojourn.api.routes import Cursor, Dry, Limit, Page, cursor_of, paged, place_of, router
from sojourn.api.shelf import path_named
from sojourn.control import start
from sojourn.control.door import Door
from sojourn.control.keys import Principal
from sojourn.core import journeys as core
from sojourn.core.decision import Decision, View
from sojourn.core.journeys import JourneyState, active_time
from sojourn.core.paths import Path
from sojourn.core.snapshot import GateMemory
from sojourn.store import portfolio
from sojourn.store.journeys import state as state_of

journeys = router("journeys")
Ball = Literal["agent", "client", "approver", "operator", "soak", "nobody"]
Schedule = Literal["ahead", "on_track", "behind", "stuck"]


class Held(BaseModel):
    """A hold: clocks and dispatch stand still."""

    since: datetime
    by: str
    reason: str


class GateSummary(BaseModel):
    """The gate that the journey stands before, as it was last evaluated."""

    place: str
    verdict: str
    passed: int
    total: int
    failing: list[str]
    attempts: int


class StageStanding(BaseModel):
    """A stage of the path, and where the journey stands to it."""

    model_config = ConfigDict(populate_by_name=True)
    name: str
    standing: Literal["done", "current", "ahead"]


class Journey(BaseModel):
    """One client on one path."""

    journey_id: str
    journey_key: str = Field(examples=["journey-acme-2026"])
    client_id: str = Field(examples=["acme"])
    path: str
    path_version: int
    stage: str = Field(examples=["sandbox", "pilot", "production", "rollback", "completed"])
    previous_stage: str | None
    target_stage: str | None = Field(description="Where a rollback in progress returns to.")
    completed_stages: list[str]
    stages: list[StageStanding]
    visit: int
    started_at: datetime
    stage_started_at: datetime
    admitted_at: datetime | None
    ended_at: datetime | None
    held: Held | None
    wave: int
    rollout_percent: int
    rollbacks: int
    owner: str | None
    metadata: dict[str, Any]
    schedule: Schedule
    ball: Ball = Field(description="Who has to act now.")
    waiting_for: str
    possible_at: datetime | None
    gate: GateSummary | None
    days: float = Field(description="Days on the journey's clock: held time left out.")
    days_in_stage: float
    target_days: float | None
    limit_days: float | None
    seq: int = Field(description="Number of the newest event in its journal.")
    updated_at: datetime


class Changed(BaseModel):
    """A journey after a change, or as it would be after one."""

    dry_run: bool
    journey: Journey
    effects: Effects


def journey_of(
    state: JourneyState, path: Path, view: View, now: datetime, seq: int, updated_at: datetime
) -> Journey:
    """Return a journey as a document."""
    return Journey(
        **{name: getattr(state, name) for name in SAME},
        journey_id=str(state.journey_id),
        path=path.name,
        path_version=path.version,
        stage=state.current_stage,
        completed_stages=list(state.completed_stages),
        stages=[StageStanding(name=n, standing=standing(state, n)) for n in path.names],
        metadata=dict(state.metadata),
        held=Held(since=state.hold.since, by=state.hold.actor, reason=state.hold.reason)
        if state.hold
        else None,
        schedule=view.schedule.value,
        ball=view.ball.value,
        waiting_for=view.waiting_for,
        possible_at=view.possible_at,
        gate=gate_of(view.gate),
        seq=seq,
        updated_at=updated_at,
        **clock(state, path, now),
    )


SAME = (
    "journey_key",
    "client_id",
    "previous_stage",
    "target_stage",
    "visit",
    "started_at",
    "stage_started_at",
    "admitted_at",
    "ended_at",
    "wave",
    "rollout_percent",
    "rollbacks",
    "owner",
)
"""Fields of a state that are fields of the document."""


def of_row(row: dict[str, Any], path: Path, now: datetime) -> Journey:
    """Return a journey's row as a document: what lists show is what was decided last."""
    gate = GateMemory(**row["gate"]) if row["gate"] else None
    ball, schedule = core.Ball(row["ball_with"]), core.Schedule(row["schedule"])
    seen = View(ball, row["waiting_for"], schedule, gate, row["possible_at"])
    return journey_of(state_of(row), path, seen, now, row["seq"], row["updated_at"])


def standing(state: JourneyState, stage: str) -> Literal["done", "current", "ahead"]:
    """Return where a journey stands to a stage."""
    if stage == state.current_stage:
        return "current"
    return "done" if stage in state.completed_stages else "ahead"


def gate_of(memory: GateMemory | None) -> GateSummary | None:
    """Return the summary of a gate without what only the engine reads."""
    if memory is None:
        return None
    return GateSummary(**{name: getattr(memory, name) for name in GateSummary.model_fields})


def clock(state: JourneyState, path: Path, now: datetime) -> dict[str, Any]:
    """Return the days a journey has spent, against its stage's plan."""
    end = state.ended_at or now
    stage = path.stage(state.current_stage) if path.has(state.current_stage) else None
    return {
        "days": _days(active_time(state, state.started_at, end)),
        "days_in_stage": _days(active_time(state, state.stage_started_at, end)),
        "target_days": _days(stage.target) if stage else None,
        "limit_days": _days(stage.limit) if stage else None,
    }


def _days(value: timedelta) -> float:
    return round(value / timedelta(days=1), 3)


async def described(door: Door, rows: list[dict[str, Any]]) -> list[Journey]:
    """Return rows of journeys as documents."""
    async with door.db.connection() as connection:
        await door.shelf.load(connection, {row["path_id"] for row in rows})
    return [of_row(row, door.shelf[row["path_id"]], door.now()) for row in rows]


Word = Annotated[Line | None, Query()]


@journeys.get("/journeys", summary="List journeys")
async def list_journeys(
    request: Request,
    principal: Annotated[Principal, Depends(principal_of)],
    stage: Word = None,
    ball: Ball | None = None,
    schedule: Schedule | None = None,
    path: Word = None,
    owner: Word = None,
    client: Word = None,
    held: bool | None = None,
    active: bool | None = None,
    search: Annotated[Line | None, Query(description="Part of a client's name.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Journey]:
    """Return journeys in order of their keys; a client's key sees its own only."""
    door = door_of(request)
    if not (reads(principal) or principal.client_id):
        raise ProblemError(403, "an agent's key may only report on its own tasks")
    filters = {"stage": stage, "ball": ball, "schedule": schedule, "path": path, "owner": owner}
    filters |= {"client": principal.client_id or client, "search": search}
    if principal.client_id and client not in (None, principal.client_id):
        return Page(items=[])
    (after,) = place_of(cursor, str) or (None,)
    async with door.db.connection() as connection:
        rows = await portfolio.journeys(
            connection, limit + 1, held=held, active=active, after=after, **filters
        )
    page, following = paged(rows, limit, lambda row: cursor_of(row["journey_key"]))
    return Page(items=await described(door, page), next=following)


@journeys.get("/journeys/{ref}", summary="One journey")
async def get_journey(response: Response, asked: Asking = ASKING) -> Journey:
    """Return a journey; its ETag names the newest event of its journal, for If-Match."""
    [found] = await described(asked.door, [await asked.row()])
    response.headers["ETag"] = etag(found.seq)
    return found


class Start(Asked):
    """A new journey."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "client_id": "acme",
                    "path": "standard",
                    "facts": {"contract_signed": True, "data_sources": ["confluence"]},
                    "owner": "ann",
                }
            ]
        }
    )
    client_id: Line
    path: Line = Field(default="standard", description="`name`, or `name@version`.")
    journey_key: Line | None = None
    metadata: JsonObject = Field(default_factory=dict)
    facts: JsonObject = Field(default_factory=dict, description="What is known of the client.")
    owner: Line | None = None


@journeys.post(
    "/journeys",
    status_code=201,
    summary="Start a journey",
    responses={200: {"model": Changed, "description": "A dry run: nothing was started."}},
)
async def start_journey(
    request: Request,
    response: Response,
    body: Start,
    principal: Annotated[Principal, Depends(allow("starting a journey", "operator", "admin"))],
    dry_run: Dry = False,
) -> Changed:
    """Start a client's journey; 409 where the client has an active one on this path."""
    door = door_of(request)
    path = await path_named(door, context_of(request).options.paths, body.path)
    decision = await start(
        door,
        path,
        body.client_id,
        principal.actor,
        journey_key=body.journey_key or "",
        metadata=body.metadata,
        facts=body.facts,
        owner=body.owner,
        dry_run=dry_run,
    )
    changed = changed_by(door, decision, dry_run=dry_run)
    if dry_run:
        response.status_code = 200
    else:
        response.headers["Location"] = f"/api/v1/journeys/{changed.journey.journey_id}"
        response.headers["ETag"] = etag(changed.journey.seq)
    return changed


def changed_by(door: Door, decision: Decision, *, dry_run: bool) -> Changed:
    """Return the journey as a decision leaves it."""
    now = door.now()
    seq = decision.before.seq + len(decision.events)
    path = decision.before.path
    found = journey_of(decision.state, path, decision.view, now, seq, now)
    return Changed(dry_run=dry_run, journey=found, effects=effects_of(decision))
