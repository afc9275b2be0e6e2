from datetime import UTC, datetime
from typing import Any

import pytest

from sojourn.analytics.attention import reason

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROW: dict[str, Any] = {
    "client_id": "acme",
    "kind": None,
    "severity": None,
    "message": None,
    "remedy": None,
    "raised_at": None,
    "held_since": None,
    "held_by": None,
    "hold_reason": None,
    "schedule": "on_track",
    "current_stage": "pilot",
    "stage_started_at": AT,
    "ball_with": "approver",
    "waiting_for": "1 approval",
}
ALERT = {
    "kind": "task_failed",
    "severity": "notify",
    "message": "m",
    "remedy": "sojourn retry CLIENT",
}
HELD = {"held_since": AT, "held_by": "ann", "hold_reason": "holidays"}


@pytest.mark.parametrize(
    ("given", "kind", "severity", "action"),
    [
        ({}, "waits_for_approver", "digest", "sojourn explain acme"),
        ({"schedule": "behind"}, "behind", "notify", "sojourn explain acme"),
        ({"schedule": "stuck"}, "stuck", "page", "sojourn explain acme"),
        ({"schedule": "stuck", **HELD}, "held", "notify", "sojourn resume acme"),
        ({**HELD, **ALERT, "raised_at": AT}, "task_failed", "notify", "sojourn retry acme"),
    ],
)
def test_the_gravest_reason_is_told_with_one_thing_to_do(
    given: dict[str, Any], kind: str, severity: str, action: str
) -> None:
    found = reason(ROW | given)
    assert (found.kind, found.severity, found.action) == (kind, severity, action)
    assert found.since == AT
