from datetime import UTC, datetime, timedelta
from typing import Any

from sojourn.analytics.stages import stage_figures

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=30)


def visit(stage: str, days: float | None, left_by: str | None = None) -> dict[str, Any]:
    left = START + timedelta(days=days) if days is not None else None
    return {
        "stage": stage,
        "path_id": 1,
        "entered_at": START,
        "left_at": left,
        "left_by": left_by,
        "holds": [],
        "held_since": None,
    }


def test_the_stage_that_costs_most_days_over_target_comes_first() -> None:
    rows = [
        visit("sandbox", 12, "promote_to_pilot"),
        visit("sandbox", 8, "promote_to_pilot"),
        visit("sandbox", 3, "cancel_journey"),
        visit("pilot", 20, "initiate_rollback"),
        visit("pilot", None),
    ]
    targets = {(1, "sandbox"): 10.0, (1, "pilot"): 15.0}
    pilot, sandbox = stage_figures(rows, targets, NOW)
    assert (pilot.stage, pilot.excess, pilot.open, pilot.rolled_back) == ("pilot", 20, 1, 1)
    assert pilot.taken.n == 0
    assert (sandbox.visits, sandbox.promoted, sandbox.cancelled) == (3, 2, 1)
    assert (sandbox.taken.median, sandbox.excess, sandbox.target) == (10, 2, 10)


def test_a_stage_without_a_plan_has_no_excess() -> None:
    [found] = stage_figures([visit("own", 99, "mark_complete")], {}, NOW)
    assert (found.excess, found.target, found.promoted) == (0, None, 1)
    assert stage_figures([], {}, NOW) == []
