"""Alerts: what people should know of, and who has taken note of it."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, Field

from sojourn.api.auth import ASKING, Asking, principal_of, reader
from sojourn.api.context import door_of
from sojourn.api.documents import Asked, Line
from sojourn.api.problems import ProblemError
from sojourn.api.routes import BIGGEST, Limit, Page, router
from sojourn.control.keys import Principal
from sojourn.paths.forms import Duration
from sojourn.store import attention

alerts = router("alerts")
Severity = Literal["page", "notify", "digest"]


class Alert(BaseModel):
    """A condition that somebody should know of; one at a time per journey, kind and subject."""

    alert_id: int
    journey_id: UUID | None = Field(description="Null for a condition of the installation.")
    journey_key: str | None
    client_id: str | None
    kind: str = Field(examples=["stuck", "task_failed", "rollback", "webhook_disabled"])
    subject: str
    severity: Severity
    message: str
    remedy: str = Field(description="What to do about it.")
    raised_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    snoozed_until: datetime | None


@alerts.get("/alerts", summary="Alerts")
async def list_alerts(
    request: Request,
    principal: Annotated[Principal, Depends(principal_of)],
    open: Annotated[bool | None, Query(description="Open ones, or resolved ones.")] = True,  # noqa: A002
    severity: Severity | None = None,
    kind: Annotated[Line | None, Query()] = None,
    limit: Limit = 100,
) -> Page[Alert]:
    """Return alerts, the gravest and oldest first; a client's key sees its own only."""
    if principal.client_id is None:
        reader(request)
    async with door_of(request).db.connection() as connection:
        rows = await attention.list_alerts(
            connection,
            limit,
            client_id=principal.client_id,
            open=open,
            severity=severity,
            kind=kind,
        )
    return Page(items=[Alert(**row) for row in rows])


@alerts.get("/journeys/{ref}/alerts", summary="Alerts of a journey")
async def list_journey_alerts(
    asked: Asking = ASKING,
    open: Annotated[bool | None, Query(description="Open ones, or resolved ones.")] = None,  # noqa: A002
    limit: Limit = 100,
) -> Page[Alert]:
    """Return a journey's alerts, open and resolved."""
    async with asked.door.db.connection() as connection:
        rows = await attention.list_alerts(
            connection, limit, journey_id=asked.journey_id, open=open
        )
    return Page(items=[Alert(**row) for row in rows])


class Acknowledgement(Asked):
    """Somebody has seen it; with `snooze` it keeps quiet for that long."""

    snooze: Duration | None = None


SEEN = Acknowledgement()
AlertId = Annotated[int, Path(ge=1, le=BIGGEST)]


@alerts.post("/journeys/{ref}/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert")
async def acknowledge(
    alert_id: AlertId, asked: Asking = ASKING, body: Acknowledgement = SEEN
) -> Alert:
    """Note who has seen an open alert; it stays open until its condition is over."""
    await asked.may("acknowledging", "operator", "approver", "admin")
    now = asked.door.now()
    until = now + min(body.snooze, timedelta(days=365)) if body.snooze else None
    async with asked.door.db.transaction() as connection:
        who = asked.principal.actor
        done = await attention.acknowledge(connection, asked.journey_id, alert_id, who, now, until)
        rows = await attention.list_alerts(connection, journey_id=asked.journey_id, open=True)
    found = next((row for row in rows if row["alert_id"] == alert_id), None)
    if not done or found is None:
        raise ProblemError(404, f"the journey has no open alert {alert_id}")
    return Alert(**found)
