from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sojourn.core.alerts import ON_THE_WAY, conditions, source_error
from sojourn.core.decision import Alert
from sojourn.core.gates import door, evaluate
from sojourn.core.journal import ENGINE
from sojourn.core.journeys import Hold, Schedule
from sojourn.core.snapshot import GateMemory, OpenRollback, Snapshot
from sojourn.core.work import Trouble
from tests.core.scenes import (
    DAY,
    HOUR,
    JOURNEY,
    NOW,
    T0,
    approval,
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
    return conditions(at, evaluate(door(at.path, at.state), at, NOW), schedule, NOW)


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
    assert {"plan", "trigger", "rollout_halted", "source_error"} <= ON_THE_WAY


def test_a_failed_attempt_is_told_until_what_failed_holds() -> None:
    memory = GateMemory(
        "sandbox/exit", 1, "failed", 0, 2, attempts=1, attempted=("search_precision",)
    )
    low = {"sandbox/exit/search_precision": seen(0.5)}
    at = shot(metric(), metric("other"), seen=low, gate=memory)
    alert = found(at)["gate_failed", "sandbox/exit"]
    assert alert.message.startswith(
        "an attempt at the gate sandbox/exit failed: search_precision is"
    )
    assert (alert.actual, alert.expected) == ("0 of 2 checks hold", "2 of 2")
    assert alert.cause == "search_precision: 0.5, needed >= 0.8"
    good = replace(at, seen={"sandbox/exit/search_precision": seen(0.9)})
    assert found(good) == {}
    assert found(replace(at, gate=replace(memory, visit=2))) == {}, "of another visit"
    assert found(replace(at, gate=None)) == {}, "a mere look is no attempt"


def test_an_approval_is_waited_for_where_it_alone_is_missing_and_is_overdue_in_time() -> None:
    at = shot(metric(), approval(), seen={"sandbox/exit/search_precision": seen(0.9)})
    [alert] = found(at).values()
    assert (alert.kind, alert.subject, alert.severity) == ("approval", "sign_off", "notify")
    assert alert.remedy == "sojourn approve CLIENT sign_off"
    assert (alert.actual, alert.expected) == ("nobody yet", "1 approval")
    waited = replace(at, asked={"sign_off": NOW - timedelta(days=2)})
    assert list(found(waited)) == [("approval", "sign_off"), ("approval_overdue", "sign_off")]
    late = found(waited)["approval_overdue", "sign_off"]
    assert (late.severity, "has waited for 2d" in late.message) == ("page", True)
    less = replace(at, asked={"sign_off": NOW - timedelta(days=1, hours=23)})
    assert list(found(less)) == [("approval", "sign_off")]
    assert found(replace(at, seen={})) == {}, "other things are missing first"


def test_what_the_engine_holds_waits_for_a_person() -> None:
    paused = state(hold=Hold(T0, "error budget is 2: trips", ENGINE))
    alert = found(shot(metric(), state=paused))["held", "sandbox"]
    assert (alert.severity, alert.message) == ("page", "error budget is 2: trips")
    assert found(shot(metric(), state=state(hold=Hold(T0, "holiday", "ann")))) == {}


def test_a_rollback_s_end_is_told_until_its_stage_is_entered_again() -> None:
    plan = path(stage("sandbox", [metric()]), stage("pilot", [metric()]))
    open_ = frozenset({("rollback", "pilot")})
    back = shot(path=plan, alerts=open_)
    alert = found(back)["rolled_back", "pilot"]
    assert alert.message == "rolled back from pilot, back in sandbox"
    kept = replace(back, alerts=frozenset({("rolled_back", "pilot")}))
    assert ("rolled_back", "pilot") in found(kept)
    again = replace(kept, state=state(current_stage="pilot", completed_stages=("sandbox",)))
    assert found(again) == {}
    first = replace(back, alerts=frozenset({("rollback_failed", "sandbox")}))
    assert (
        found(first)["rolled_back", "sandbox"].message == "rolled back from sandbox, begun afresh"
    )
    assert found(replace(back, alerts=frozenset())) == {}
