from datetime import UTC, datetime, timedelta
from typing import Any

from sojourn.analytics.success import (
    first_pass_rate,
    intervention_rate,
    on_time_rate,
    outcome,
    pilot_rollback_rate,
    rollback_rate,
    success_figures,
    success_rate,
    time_to_production,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)


def row(reached: float | None = None, ended: float | None = None, **given: Any) -> dict[str, Any]:
    """Return a journey that reached production, or ended, after so many days."""
    return {
        "started_at": START,
        "reached_at": START + timedelta(days=reached) if reached is not None else None,
        "ended_at": START + timedelta(days=ended) if ended is not None else None,
        "path_id": 1,
        "holds": [],
        "held_since": None,
        "piloted": False,
        "rollbacks": 0,
        "pilot_rollbacks": 0,
        "gates": 0,
        "first_passes": 0,
        "interventions": 0,
    } | given


def test_of_no_journeys_every_figure_is_unknown_and_says_what_it_is() -> None:
    for figure in success_figures([], {}, NOW):
        assert (figure.value, figure.n, figure.met) == (None, 0, None)
        assert len(figure.definition) > 30


def test_a_journey_that_was_cancelled_after_production_was_a_success() -> None:
    assert outcome(row(20, 90)) == "reached"
    assert outcome(row(None, 90)) == "cancelled"
    assert outcome(row()) is None


def test_time_to_production_tells_what_its_average_hides() -> None:
    rows = [row(10), row(20), row(60), row(None, 15), row()]
    found = time_to_production(rows, NOW)
    assert (found.value, found.n, found.met) == (20, 3, True)
    assert found.newest == START + timedelta(days=60)
    assert found.details["mean"] == 30
    assert found.details["watched"] == 5
    assert found.details["share_by_target"] < 0.5
    held = row(20, holds=[[START.isoformat(), (START + timedelta(days=5)).isoformat()]])
    found = time_to_production([held], NOW)
    assert (found.value, found.details["raw_median"]) == (15, 20)


def test_open_journeys_count_on_neither_side_of_success() -> None:
    found = success_rate([row(1), row(2), row(3), row(None, 4), row(), row()])
    assert (found.value, found.n, found.met) == (0.75, 4, False)
    assert found.details == {"reached": 3, "cancelled": 1, "open": 2}


def test_rollbacks_have_both_denominators() -> None:
    back = row(piloted=True, rollbacks=3, pilot_rollbacks=1)
    early = row(rollbacks=1)
    rows = [back, early, row(piloted=True), row()]
    assert (rollback_rate(rows).value, rollback_rate(rows).n) == (0.5, 4)
    assert rollback_rate(rows).details == {"journeys": 2, "rollbacks": 4}
    assert (pilot_rollback_rate(rows).value, pilot_rollback_rate(rows).n) == (0.5, 2)


def test_first_pass_counts_gates_that_were_attempted() -> None:
    found = first_pass_rate([row(gates=3, first_passes=3), row(gates=1), row()])
    assert (found.value, found.n) == (0.75, 4)


def test_on_time_is_by_the_plan_of_the_path_that_a_journey_is_pinned_to() -> None:
    rows = [row(10), row(40), row(40, path_id=2), row(), row(5, path_id=9)]
    found = on_time_rate(rows, {1: 30.0, 2: 60.0})
    assert (found.value, found.n) == (2 / 3, 3)


def test_interventions_count_journeys_not_hands() -> None:
    found = intervention_rate([row(interventions=9), row(), row(), row()])
    assert (found.value, found.details) == (0.25, {"interventions": 9})
