"""The portfolio: who needs somebody, and the figures of all journeys."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from sojourn.analytics.attention import reason
from sojourn.analytics.figures import Figure as FigureOf
from sojourn.analytics.stages import StageFigures as StageOf
from sojourn.api.auth import reader
from sojourn.api.context import context_of, door_of
from sojourn.api.documents import Line
from sojourn.api.journeys import Ball, GateSummary, Schedule, gate_of
from sojourn.api.routes import Limit, router
from sojourn.control.keys import Principal
from sojourn.control.portfolio import Portfolio, look
from sojourn.core.snapshot import GateMemory
from sojourn.store import portfolio as store

portfolio = router("portfolio", prefix="/portfolio")
Word = Annotated[Line | None, Query()]
Reader = Annotated[Principal, Depends(reader)]


class Figure(BaseModel):
    """A figure that says what it means."""

    name: str
    title: str
    value: float | None = Field(description="Null: nothing stands behind it yet.")
    unit: str
    n: int = Field(description="How many stand behind it.")
    definition: str
    better: Literal["higher", "lower"]
    target: float | None
    baseline: float | None
    met: bool | None
    newest: datetime | None = Field(description="The youngest evidence behind it.")
    details: dict[str, Any]


class StageFigures(BaseModel):
    """A stage over all visits, held time left out."""

    stage: str
    visits: int
    open: int
    promoted: int
    rolled_back: int
    cancelled: int
    mean_days: float | None
    median_days: float | None
    p90_days: float | None
    target_days: float | None
    excess_days: float = Field(description="Days over target, of all visits together.")


class Summary(BaseModel):
    """All journeys at one moment."""

    as_of: datetime
    journeys: int
    active: int
    held: int
    by_stage: dict[str, int]
    by_ball: dict[str, int]
    by_schedule: dict[str, int]
    figures: list[Figure]
    stages: list[StageFigures] = Field(description="The one that costs most days first.")


@portfolio.get("/summary", summary="Figures of all journeys")
async def summarize(
    request: Request,
    principal: Reader,  # noqa: ARG001
    path: Word = None,
    owner: Word = None,
) -> Summary:
    """Return the success metrics, counts and time in stages; at most ten seconds old."""
    door = door_of(request)
    found = await context_of(request).summaries.get((path, owner), lambda: look(door, path, owner))
    return _summary(found)


def _summary(found: Portfolio) -> Summary:
    names = ("as_of", "journeys", "active", "held", "by_stage", "by_ball", "by_schedule")
    return Summary(
        **{name: getattr(found, name) for name in names},
        figures=[_figure(f) for f in found.figures],
        stages=[_stage(s) for s in found.stages],
    )


def _figure(found: FigureOf) -> Figure:
    same = {name: getattr(found, name) for name in Figure.model_fields}
    return Figure(**same | {"details": dict(found.details)})


def _stage(found: StageOf) -> StageFigures:
    names = ("stage", "visits", "open", "promoted", "rolled_back", "cancelled")
    return StageFigures(
        **{name: getattr(found, name) for name in names},
        mean_days=found.taken.mean,
        median_days=found.taken.median,
        p90_days=found.taken.p90,
        target_days=found.target,
        excess_days=found.excess,
    )


class Attention(BaseModel):
    """A journey that needs somebody: why, since when, who, and what to do."""

    journey_id: str
    journey_key: str
    client_id: str
    path: str
    stage: str
    schedule: Schedule
    ball: Ball
    waiting_for: str
    reason: str = Field(examples=["task_failed", "stuck", "held", "waits_for_approver"])
    severity: Literal["page", "notify", "digest"]
    message: str
    since: datetime
    action: str = Field(description="One thing to do about it.")
    open_alerts: int
    acknowledged_by: str | None
    owner: str | None
    gate: GateSummary | None
    possible_at: datetime | None
    updated_at: datetime


@portfolio.get("/attention", summary="Who needs somebody?")
async def needs_attention(
    request: Request,
    principal: Reader,  # noqa: ARG001
    path: Word = None,
    owner: Word = None,
    limit: Limit = 50,
) -> list[Attention]:
    """Return the journeys that need somebody, the most urgent first."""
    door = door_of(request)
    async with door.db.connection() as connection:
        rows = await store.attention(connection, door.now(), limit, path=path, owner=owner)
    return [_attention(row) for row in rows]


def _attention(row: dict[str, Any]) -> Attention:
    why = reason(row)
    gate = gate_of(GateMemory(**row["gate"])) if row["gate"] else None
    same = ("journey_key", "client_id", "schedule", "waiting_for", "owner", "possible_at")
    return Attention(
        **{name: row[name] for name in (*same, "acknowledged_by", "updated_at")},
        journey_id=str(row["journey_id"]),
        path=row["path_name"],
        stage=row["current_stage"],
        ball=row["ball_with"],
        reason=why.kind,
        severity=why.severity,
        message=why.message,
        since=why.since,
        action=why.action,
        open_alerts=row["open_alerts"] or 0,
        gate=gate,
    )
