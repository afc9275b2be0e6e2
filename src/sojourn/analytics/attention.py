"""Which journeys need somebody: why, since when, and the one thing to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Row = Mapping[str, Any]
Severity = Literal["page", "notify", "digest"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a journey needs somebody. ``kind`` is stable for machines."""

    kind: str
    severity: Severity
    message: str
    since: datetime
    action: str


def reason(row: Row) -> Reason:
    """Return the gravest reason of a journey that needs somebody."""
    name = row["client_id"]
    if row["kind"] is not None:
        action = str(row["remedy"]).replace("CLIENT", name)
        return Reason(row["kind"], row["severity"], row["message"], row["raised_at"], action)
    if row["held_since"] is not None:
        told = f"held by {row['held_by']}: {row['hold_reason']}"
        return Reason("held", "notify", told, row["held_since"], f"sojourn resume {name}")
    since = row["stage_started_at"]
    if row["schedule"] in ("behind", "stuck"):
        severity: Severity = "page" if row["schedule"] == "stuck" else "notify"
        told = f"{row['schedule']} in {row['current_stage']}: {row['waiting_for']}"
        return Reason(row["schedule"], severity, told, since, f"sojourn explain {name}")
    kind = f"waits_for_{row['ball_with']}"
    return Reason(kind, "digest", row["waiting_for"], since, f"sojourn explain {name}")
