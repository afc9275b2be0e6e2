"""Alerts: what people should know of, and taking note of it."""

from datetime import timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response

from sojourn.control.door import NotFoundError
from sojourn.dashboard import forms
from sojourn.dashboard.asking import Asked, DeniedError
from sojourn.dashboard.statuses import SEVERITY
from sojourn.store import attention

MOST: Final = 300
SNOOZES: Final = {"": None, "1": timedelta(days=1), "7": timedelta(days=7)}


async def alerts(asked: Asked) -> Response:
    """Show alerts, the gravest first."""
    asked.staff()
    severity, kind = asked.given("severity"), asked.given("kind")
    open_ = asked.given("show") != "resolved"
    async with asked.door.db.connection() as connection:
        rows = await attention.list_alerts(
            connection,
            MOST,
            open=open_,
            severity=severity if severity in SEVERITY else None,
            kind=kind or None,
        )
    kinds = sorted({row["kind"] for row in rows} | ({kind} if kind else set()))
    return await asked.page(
        "alerts.html",
        "Alerts",
        rows=rows,
        kinds=kinds,
        kind=kind,
        severity=severity,
        open=open_,
        severities=list(SEVERITY),
        most=MOST,
    )


async def acknowledge(asked: Asked) -> Response:
    """Note that somebody has seen an alert."""
    form = await forms.read(asked.request)
    forms.check(asked.request, asked.who, form)
    if not asked.who.any_of("operator", "approver", "admin"):
        raise DeniedError("Acknowledging needs the role operator, approver or admin.")
    journey, number = await asked.journey(), asked.request.path_params["alert"]
    lasts = SNOOZES.get(form.get("snooze", ""))
    until = asked.now + lasts if lasts else None
    async with asked.door.db.transaction() as connection:
        key, who = journey["journey_id"], asked.who.actor
        done = await attention.acknowledge(connection, key, number, who, asked.now, until)
    if not done:
        raise NotFoundError("That alert is not open any more; its condition is over.")
    asked.site.memo.forget()
    return RedirectResponse("/alerts", 303)
