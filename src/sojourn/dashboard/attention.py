"""What needs attention: a reason, a value against its limit, since when, who, and one action."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sojourn.core.journeys import active_time
from sojourn.core.paths import Path
from sojourn.dashboard.telling import days, page_of
from sojourn.store.journeys import state as state_of
from sojourn.store.sets import Row


@dataclass(frozen=True, slots=True)
class Need:
    """One line: ``action`` is what to do next, ``goal`` the part of the journey's page for it."""

    row: Row
    tone: str
    icon: str
    reason: str
    measure: str
    since: datetime
    action: str
    goal: str
    more: int = 0
    """Further alerts that are open."""

    @property
    def href(self) -> str:
        """Return where the action is."""
        return f"{page_of(self.row['journey_key'])}{self.goal}"


_LATE: Final = {"stuck": ("bad", "alert"), "behind": ("warn", "clock")}
ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "task_failed": ("Retry", "/retry"),
    "question": ("Answer", "/answer"),
    "rollback_failed": ("Look into it", ""),
    "rollback": ("Follow it", ""),
    "rollout_halted": ("Look at metrics", "/metrics"),
    "source_error": ("Look at metrics", "/metrics"),
    "trigger": ("Look at metrics", "/metrics"),
    "near_limit": ("Look at metrics", "/metrics"),
    "breached": ("Look at metrics", "/metrics"),
    "stale_source": ("Look at metrics", "/metrics"),
    "approval": ("Review", "#gate"),
    "approval_overdue": ("Review", "#gate"),
    "gate_failed": ("See the gate", "#gate"),
    "rolled_back": ("See what happened", "/history#rollbacks"),
    "held": ("Resume", "/resume"),
    "plan": ("Look at the work", "/work"),
}
_TONES: Final = {
    "page": ("bad", "alert"),
    "notify": ("warn", "bell"),
    "digest": ("unknown", "list"),
}


def need(row: Row, path: Path, now: datetime) -> Need:
    """Return a journey's most urgent need."""
    late = row["schedule"] in _LATE
    if row["held_since"] and row["severity"] != "page":
        reason, more = f"Held by {row['held_by']}: {row['hold_reason']}", row["open_alerts"] or 0
        return Need(row, "wait", "pause", reason, "", row["held_since"], "Resume", "/resume", more)
    if row["kind"] is not None and not (late and row["kind"] == row["schedule"]):
        return _alert(row)
    if late:
        return _late(row, path, now)
    return _waiting(row)


def _alert(row: Row) -> Need:
    tone, icon = _TONES[row["severity"]]
    action, goal = action_of(row["kind"])
    more, measure = row["open_alerts"] - 1, limited(row["actual"], row["expected"])
    return Need(row, tone, icon, row["message"], measure, row["raised_at"], action, goal, more)


def action_of(kind: str) -> tuple[str, str]:
    """Return what to do about a kind of alert, and on which part of the journey's page."""
    return ACTIONS.get(kind, ("Look into it", ""))


def limited(actual: str, expected: str) -> str:
    """Return a value against its limit."""
    return f"{actual} against {expected}" if actual and expected else actual


def _late(row: Row, path: Path, now: datetime) -> Need:
    tone, icon = _LATE[row["schedule"]]
    state, stage = state_of(row), row["current_stage"]
    plan = path.stage(stage) if path.has(stage) else None
    spent = active_time(state, state.stage_started_at, now)
    limit = (plan.limit if row["schedule"] == "stuck" else plan.target) if plan else None
    word = "limit" if row["schedule"] == "stuck" else "target"
    measure = f"{days(spent)} of {days(limit)} {word}" if limit else days(spent)
    reason = f"{row['schedule'].title()} in {stage}: {row['waiting_for']}"
    since = row["raised_at"] or row["stage_started_at"]
    return Need(row, tone, icon, reason, measure, since, "See why", "")


def _waiting(row: Row) -> Need:
    gate = row["gate"] or {}
    measure = f"gate {gate['passed']}/{gate['total']}" if gate.get("total") else ""
    since = row["stage_started_at"]
    if row["ball_with"] == "approver":
        return Need(
            row, "wait", "approve", row["waiting_for"], measure, since, "Review", "#approvals"
        )
    action = "See what is asked" if row["ball_with"] == "client" else "See why"
    return Need(row, "wait", "user", row["waiting_for"], measure, since, action, "")
