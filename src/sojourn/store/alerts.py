"""Alerts as rows: one open line per (journey, kind, subject)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sojourn.core.alerts import QUIET, SWINGING
from sojourn.core.decision import Decision
from sojourn.store import queries
from sojourn.store.sets import Connection, Row, Statement, batch, fetch

_QUERIES = queries.load("alerts")


def writes(decisions: Iterable[Decision], now: datetime) -> list[Statement]:
    """Return the statements that raise and resolve alerts."""
    every = list(decisions)
    raised = [
        {
            "journey_id": d.state.journey_id,
            "kind": a.kind,
            "subject": a.subject,
            "severity": a.severity,
            "message": a.message,
            "remedy": a.remedy,
            "actual": a.actual,
            "expected": a.expected,
            "cause": a.cause,
            "at": now,
        }
        for d in every
        for a in d.raised
    ]
    resolved = [
        {"journey_id": d.state.journey_id, "kind": kind, "subject": subject, "at": now}
        for d in every
        for kind, subject in d.resolved
    ]
    opening = batch(_QUERIES["raise"], raised, swinging=list(SWINGING), quiet=QUIET)
    return batch(_QUERIES["resolve"], resolved) + opening


async def open_alerts(
    connection: Connection, journey_id: UUID | None = None, limit: int = 200
) -> list[Row]:
    """Return open alerts, of one journey or of all, the gravest and oldest first."""
    return await fetch(connection, _QUERIES["open"], journey_id=journey_id, limit=limit)
