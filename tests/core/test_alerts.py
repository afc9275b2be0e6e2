from dataclasses import replace
from typing import Any

import pytest

from sojourn.core.alerts import ON_THE_WAY, conditions, source_error
from sojourn.core.decision import Alert
from sojourn.core.gates import door, evaluate
from sojourn.core.journal import ENGINE
from sojourn.core.journeys import Hold, Schedule
from sojourn.core.snapshot import OpenRollback, Snapshot
from sojourn.core.work import Trouble
from tests.core.scenes import (
    DAY,
    HOUR,
    JOURNEY,
    NOW,
    T0,
    metric,
    path,
    progress,
    seen,
    shot,
    small,
    stage,
    state,
    work,
)

FAILED = Trouble("install", "Install", "install-agent", "timeout")


def found(at: Snapshot, schedule: Schedule = Schedule.ON_TRACK) -> dict[Any, Alert]:
    return conditions(at, evaluate(door(at.path, at.state), at, NOW), schedule)


def test_a_journey_on_its_way_raises_nothing() -> None:
    assert found(shot(metric())) == {}
    assert found(shot(metric()), Schedule.AHEAD) == {}


def test_an_ended_journey_raises_nothing_whatever_it_left() -> None:
    ended = state(current_stage="cancelled")
    left = progress("setup", "failed", troubles=(FAILED,))
    assert found(shot(state=ended, units=(left,)), Schedule.STUCK) == {}


@pytest.mark.parametrize(
    ("schedule", "severity", "message"),
    [
        (Schedule.BEHIND, "notify", "in sandbox for longer than 10d"),
        (Schedule.STUCK, "page", "in sandbox for longer than 12h"),
    ],
)
def test_late_journeys_are_told_with_the_limit(
    schedule: Schedule, severity: str, message: str
) -> None:
    plan = path(stage("sandbox", [metric()], target=10 * DAY, limit=12 * HOUR))
    [alert] = found(shot(path=plan), schedule).values()
    assert (alert.kind, alert.subject, alert.severity) == (schedule, "sandbox", severity)
    assert alert.message == message


def test_each_trouble_of_each_unit_is_told_once() -> None:
    asked = replace(FAILED, message="Which region?", kind="input")
    units = (
        progress("setup", "failed", troubles=(FAILED,)),
        progress("deploy", "running", troubles=(asked,)),
        progress("gone", "rolled_back", troubles=(FAILED,)),
    )
    told = found(shot(work(), units=units))
    assert {key: (a.message, a.remedy) for key, a in told.items()} == {
        ("task_failed", "setup/install"): ("Install: timeout", "sojourn retry CLIENT"),
        ("question", "deploy/install"): ("Install: Which region?", "sojourn answer CLIENT"),
    }


def test_a_source_in_error_is_told_with_its_check() -> None:
    at = shot(metric(), seen={"sandbox/exit/search_precision": seen(0.9, error="503")})
    [check] = evaluate(door(at.path, at.state), at, NOW).checks
    assert found(at) == {("source_error", "search_precision"): source_error(check)}
    assert "503" in source_error(check).message


@pytest.mark.parametrize(
    ("hold", "kind", "severity", "message"),
    [
        (None, "rollback", "notify", "bugs"),
        (Hold(NOW, "rollback: undo failed", ENGINE), "rollback_failed", "page", "rollback: undo"),
        (Hold(NOW, "lunch", "ines"), "rollback", "notify", "bugs"),
    ],
)
def test_a_rollback_is_told_and_louder_when_it_failed(
    hold: Hold | None, kind: str, severity: str, message: str
) -> None:
    begun = OpenRollback(JOURNEY, "pilot", "sandbox", "critical_bug", "bugs", T0, NOW + DAY)
    rolling = state(current_stage="rollback", admitted_at=None, hold=hold)
    [alert] = found(shot(path=small(), state=rolling, rollback=begun)).values()
    assert (alert.kind, alert.subject, alert.severity) == (kind, "pilot", severity)
    assert alert.message.startswith(message)


def test_what_is_found_on_the_way_is_no_condition_of_the_snapshot_alone() -> None:
    assert {"plan", "trigger", "rollout_halted", "source_error"} == ON_THE_WAY
