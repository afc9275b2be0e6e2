"""Alerts: what people should know of, and taking note of it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.responses import RedirectResponse, Response

from sojourn.control.door import NotFoundError, RefusedError
from sojourn.core.decision import Refusal
from sojourn.dashboard.asking import Asked, DeniedError
from sojourn.dashboard.statuses import SEVERITY
from sojourn.store import attention
from sojourn.store.sets import Row

MOST: Final = 300
SNOOZES: Final = {
    "": None, "4h": timedelta(hours=4), "1": timedelta(days=1), "7": timedelta(days=7),
}  # fmt: skip
DONE: Final = {"seen": "Noted: the others see that you have it."}


async def alerts(asked: Asked) -> Response:
    """Show alerts, the gravest first."""
    asked.staff()
    severity, kind = asked.given("severity"), asked.given("kind")
    open_ = asked.given("show") != "resolved"
    async with asked.door.db.connection() as connection:
        rows = await attention.list_alerts(
            connection,
            asked.most(MOST),
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
        done=DONE.get(asked.given("done"), ""),
    )


async def acknowledge(asked: Asked) -> Response:
    """Note that somebody has seen an alert, until when it keeps quiet, and whose it is."""
    form = await asked.form()
    named = "ref" in asked.request.path_params
    key = (await asked.journey())["journey_id"] if named else None
    if not asked.who.any_of("operator", "approver", "admin"):
        await _denied(asked, key)
    number = asked.request.path_params["alert"]
    lasts, who = SNOOZES.get(form.get("snooze", "")), asked.who.actor
    until = asked.now + lasts if lasts else None
    owner = form.get("owner", "")[:100] or None
    seen = form.get("seen", "")
    async with asked.door.db.transaction() as connection:
        done = await attention.acknowledge(
            connection, key, number, who, asked.now, until, owner, seen
        )
        taken = None if done else await attention.find(connection, key, number)
    if taken:
        raise RefusedError(Refusal("conflict", _changed(taken), "Load the alerts again."))
    if not done:
        raise NotFoundError("That alert is not open any more; its condition is over.")
    asked.site.memo.forget()
    return RedirectResponse("/alerts?done=seen", 303)


def _changed(row: Row) -> str:
    by = row["acknowledged_by"]
    if by is None:
        return "It had been put off until now, and counts as unseen again."
    return f"Someone else was faster: {by} has taken note of it."


async def _denied(asked: Asked, key: UUID | None) -> None:
    why = "Acknowledging needs the role operator, approver or admin."
    if key is not None:
        await asked.site.refusals.note(asked.door, key, asked.who.actor, "acknowledging", why)
    raise DeniedError(why)
