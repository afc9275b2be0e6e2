"""Alerts: what people should know of, and who has taken note of it."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, Field, computed_field

from sojourn.api.auth import ASKING, Asking, allow, principal_of, reader
from sojourn.api.context import door_of
from sojourn.api.documents import Asked, Line
from sojourn.api.problems import ProblemError
from sojourn.api.routes import BIGGEST, Limit, Page, router
from sojourn.control.door import Door
from sojourn.control.keys import Principal
from sojourn.paths.forms import Duration
from sojourn.store import attention, notices

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
    actual: str = Field(description="The number it is about, when it was raised.")
    expected: str = Field(description="Its limit.")
    cause: str = Field(description="The likely cause.")
    owner: str | None = Field(description="Whose it is; by default the journey's owner's.")
    raised_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    snoozed_until: datetime | None

    @computed_field(description="The page that shows more of it.")  # type: ignore[prop-decorator]
    @property
    def link(self) -> str:
        """Return the address of the journey's page, or of the list of alerts."""
        return f"/journeys/{quote(self.journey_key, safe='')}" if self.journey_key else "/alerts"


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
    owner: Line | None = Field(default=None, description="Whose it is from now on.")


SEEN = Acknowledgement()
AlertId = Annotated[int, Path(ge=1, le=BIGGEST)]


@alerts.post("/journeys/{ref}/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert")
async def acknowledge(
    alert_id: AlertId, asked: Asking = ASKING, body: Acknowledgement = SEEN
) -> Alert:
    """Note who has seen an open alert; it stays open until its condition is over."""
    await asked.may("acknowledging", "operator", "approver", "admin")
    found = await _acknowledge(asked.door, asked.principal, alert_id, body, asked.journey_id)
    if found is None:
        raise ProblemError(404, f"the journey has no open alert {alert_id}")
    return found


@alerts.post("/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert of the installation")
async def acknowledge_own(
    request: Request,
    alert_id: AlertId,
    principal: Annotated[
        Principal, Depends(allow("acknowledging", "operator", "approver", "admin"))
    ],
    body: Acknowledgement = SEEN,
) -> Alert:
    """Note who has seen an open alert that belongs to no journey."""
    found = await _acknowledge(door_of(request), principal, alert_id, body)
    if found is None:
        raise ProblemError(404, f"the installation has no open alert {alert_id}")
    return found


async def _acknowledge(
    door: Door,
    principal: Principal,
    alert_id: int,
    body: Acknowledgement,
    journey_id: UUID | None = None,
) -> Alert | None:
    now = door.now()
    until = now + min(body.snooze, timedelta(days=365)) if body.snooze else None
    async with door.db.transaction() as connection:
        done = await attention.acknowledge(
            connection, journey_id, alert_id, principal.actor, now, until, body.owner
        )
        row = await attention.find(connection, journey_id, alert_id)
    return Alert(**row) if done and row else None


class Routing(BaseModel):
    """A declared route of alerts; where it leads is a secret of the engine's process."""

    name: str
    severities: list[Severity]
    kinds: list[str]
    paths: list[str]
    clients: list[str]
    targets: int
    digest: timedelta | None
    escalate_after: timedelta | None
    escalate_to: str | None
    pending: int = Field(description="Notices that are still to be sent.")


class Notice(BaseModel):
    """One alert on its way to one target of a route; times are real time."""

    notice_id: UUID
    route: str
    target: int
    journey_id: UUID | None
    alert_id: int
    reason: Literal["raised", "escalated", "reminded"]
    status: Literal["pending", "delivered", "failed", "dropped"]
    attempts: int
    due_at: datetime | None
    last_error: str
    created_at: datetime
    ended_at: datetime | None


@alerts.get("/alerts/routes", summary="Routes of alerts")
async def list_routes(request: Request, _: Annotated[Principal, Depends(reader)]) -> list[Routing]:
    """Return who is told of which alerts."""
    async with door_of(request).db.connection() as connection:
        return [Routing(**row) for row in await notices.routes(connection)]


@alerts.get("/alerts/notices", summary="Log of notices")
async def list_notices(
    request: Request,
    _: Annotated[Principal, Depends(reader)],
    route: Annotated[Line | None, Query()] = None,
    status: Literal["pending", "delivered", "failed", "dropped"] | None = None,
    limit: Limit = 100,
) -> Page[Notice]:
    """Return which alerts were sent where and how that went, the newest first."""
    async with door_of(request).db.connection() as connection:
        rows = await notices.log(connection, limit, route=route, status=status)
    return Page(items=[Notice(**row) for row in rows])
