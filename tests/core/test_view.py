from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sojourn.core.criteria import CriteriaCheck, ValidationResult, Verdict, aggregate_results
from sojourn.core.gates import door, evaluate
from sojourn.core.journeys import Hold, Interval, Schedule
from sojourn.core.paths import Gate, Mode
from sojourn.core.snapshot import Fact, GateMemory, OpenRollback, Ruling, Snapshot, Trip
from sojourn.core.view import (
    HEARTBEAT,
    SOON,
    ball_with,
    look_again,
    possible_at,
    remember,
    schedule,
    troubles,
    view,
)
from sojourn.core.work import Trouble
from tests.core.scenes import (
    DAY,
    HOUR,
    JOURNEY,
    MINUTE,
    NOW,
    T0,
    approval,
    fact,
    metric,
    path,
    progress,
    seen,
    shot,
    small,
    soak,
    stage,
    state,
    trigger,
    work,
)

FAILED = Trouble("a", "Install", "install-agent", "timeout")
ASKED = Trouble("b", "Sign in", "crawl-agent", "Which region?", kind="input")


def ball(at: Snapshot, now: datetime = NOW) -> tuple[str, str]:
    found, waiting = ball_with(at, evaluate(door(at.path, at.state), at, now))
    return str(found), waiting


# Who has the ball


def test_an_ended_journey_s_ball_is_with_nobody() -> None:
    assert ball(shot(state=state(current_stage="completed"))) == ("nobody", "completed")


def test_a_held_journey_s_ball_is_with_the_operator() -> None:
    held = shot(metric(), state=state(hold=Hold(NOW, "contract", "ines")))
    assert ball(held) == ("operator", "held by ines: contract")


def test_questions_go_before_failures_and_both_before_work() -> None:
    units = (
        progress("x", "running"),
        progress("y", "failed", troubles=(FAILED,)),
        progress("z", "running", troubles=(ASKED,)),
        progress("gone", "rolled_back", troubles=(replace(ASKED, task_id="c"),)),
    )
    assert [t.task_id for t in troubles(units)] == ["b", "a"]
    assert ball(shot(work(), units=units)) == ("operator", "crawl-agent asks: Which region?")
    assert ball(shot(work(), units=units[:2])) == ("operator", "Install failed: timeout")
    assert ball(shot(work(), units=units[:1])) == ("agent", "work: x")


def test_optional_work_keeps_no_ball() -> None:
    extra = progress("x", "running", required=False)
    at = shot(metric(ball="client"), units=(extra,))
    assert ball(at)[0] == "client"


@pytest.mark.parametrize(
    ("criteria", "more", "expected"),
    [
        ([metric(ball="client")], {}, "client"),
        ([metric()], {}, "operator"),
        ([metric(ball="agent")], {}, "agent"),
        ([approval()], {}, "approver"),
        ([approval(ball="client")], {}, "client"),
        ([fact("signed", ball="client"), approval()], {}, "client"),
        ([work()], {"units": (progress("a", "completed", runs=1),)}, "nobody"),
        ([soak(DAY)], {}, "soak"),
        ([metric(consecutive_passes=3)],
         {"seen": {"sandbox/exit/search_precision": seen(0.9, recent=(0.9,))}}, "agent"),
        ([metric(window=DAY, coverage=0.9, every=HOUR)],
         {"seen": {"sandbox/exit/search_precision": seen(0.9, covered=HOUR)}}, "soak"),
    ],
)  # fmt: skip
def test_the_ball_is_with_who_can_change_what_does_not_hold(
    criteria: list[Any], more: dict[str, Any], expected: str
) -> None:
    assert ball(shot(*criteria, **more))[0] == expected


def test_an_open_gate_waits_for_the_engine_or_for_a_person() -> None:
    good = {"sandbox/exit/search_precision": seen(0.9)}
    assert ball(shot(metric(), seen=good)) == ("nobody", "the engine's next look")
    by_hand = path(stage("sandbox", Gate((metric(),), Mode.MANUAL)))
    assert ball(shot(path=by_hand, seen=good)) == (
        "operator", "the gate holds; sojourn promote CLIENT",
    )  # fmt: skip


# When it could move


def result(*dates: datetime | None) -> ValidationResult:
    checks = [
        CriteriaCheck(f"c{i}", False, 1, 1, "m", Verdict.PENDING, possible_at=at)
        for i, at in enumerate(dates)
    ]
    return aggregate_results(checks)


def test_a_gate_could_open_at_the_latest_date_if_every_check_has_one() -> None:
    assert possible_at(result(NOW, NOW + DAY)) == NOW + DAY
    assert possible_at(result(NOW, None)) is None
    assert possible_at(result()) is None


# What lists remember of the gate


def test_the_gate_s_summary_counts_and_names() -> None:
    at = shot(metric(), fact("signed"), facts={"signed": Fact(True, T0)})
    found = remember(at, evaluate(door(at.path, at.state), at, NOW))
    assert found == GateMemory(
        "sandbox/exit", 1, "insufficient_data", 1, 2, ("search_precision",), 0, ()
    )


def test_attempts_are_remembered_for_the_same_gate_and_visit_only() -> None:
    old = GateMemory("sandbox/exit", 1, "failed", 0, 1, ("x",), 3, ("x",))
    at = shot(metric(), gate=old)
    faced = evaluate(door(at.path, at.state), at, NOW)
    found = remember(at, faced)
    assert found is not None
    assert (found.attempts, found.attempted) == (3, ("x",))
    for other in (replace(at, state=state(visit=2)), replace(at, state=state(admitted_at=None))):
        fresh = remember(other, faced)
        assert fresh is not None
        assert (fresh.attempts, fresh.attempted) == (0, ())
    assert remember(shot(state=state(current_stage="cancelled")), faced) is None


def test_the_view_is_one_picture() -> None:
    at = shot(soak(DAY))
    found = view(at, NOW)
    assert (found.ball, found.waiting_for) == ("soak", "0s healthy, needed 1d")
    assert (found.schedule, found.possible_at) == ("on_track", None)
    assert found.gate is not None
    assert found == view(at, NOW, evaluate(door(at.path, at.state), at, NOW))


# The schedule

STAGES = path(
    stage("sandbox", [metric()], target=10 * DAY, limit=20 * DAY),
    stage("pilot", [metric()], target=5 * DAY, limit=9 * DAY),
)
PILOT = {"current_stage": "pilot", "completed_stages": ("sandbox",)}


@pytest.mark.parametrize(
    ("changes", "days", "expected"),
    [
        ({}, 0, Schedule.ON_TRACK),
        ({}, 10, Schedule.ON_TRACK),
        ({}, 10.1, Schedule.BEHIND),
        ({}, 20, Schedule.BEHIND),
        ({}, 20.1, Schedule.STUCK),
        ({"holds": (Interval(T0, T0 + 9 * DAY),)}, 18, Schedule.ON_TRACK),
        ({"holds": (Interval(T0, T0 + 9 * DAY),)}, 20, Schedule.BEHIND),
        ({"hold": Hold(T0 + DAY, "x", "ines")}, 99, Schedule.ON_TRACK),
        ({**PILOT, "stage_started_at": T0 + 8 * DAY}, 9, Schedule.AHEAD),
        ({**PILOT, "stage_started_at": T0 + 9 * DAY}, 10, Schedule.AHEAD),
        ({**PILOT, "stage_started_at": T0 + 9.5 * DAY}, 10, Schedule.ON_TRACK),
        ({**PILOT, "stage_started_at": T0 + 12 * DAY,
          "holds": (Interval(T0, T0 + 4 * DAY),)}, 13, Schedule.AHEAD),
        ({**PILOT, "stage_started_at": T0 + 8 * DAY}, 13.5, Schedule.BEHIND),
        ({"current_stage": "rollback"}, 99, Schedule.ON_TRACK),
        ({"current_stage": "completed"}, 99, Schedule.ON_TRACK),
    ],
)  # fmt: skip
def test_the_schedule_counts_the_journey_s_own_clock(
    changes: dict[str, Any], days: float, expected: Schedule
) -> None:
    assert schedule(STAGES, state(**changes), T0 + days * DAY) == expected


# When to look again


def next_look(at: Snapshot, now: datetime = NOW, trips: tuple[Trip, ...] = ()) -> timedelta | None:
    due = look_again(at, now, evaluate(door(at.path, at.state), at, now), trips)
    return due - now if due else None


def test_an_active_journey_is_looked_at_every_hour_at_least() -> None:
    assert next_look(shot(metric())) == HEARTBEAT


def test_a_held_or_ended_journey_is_not_looked_at() -> None:
    assert next_look(shot(metric(), state=state(hold=Hold(NOW, "x", "ines")))) is None
    assert next_look(shot(state=state(current_stage="completed"))) is None


def test_it_is_looked_at_when_something_is_due_but_never_twice_a_second() -> None:
    covered = {"sandbox/exit/x": seen(0.9, covered=DAY - 10 * MINUTE)}
    at = shot(metric("x", window=DAY, coverage=1.0, every=HOUR), seen=covered)
    assert next_look(at) == 10 * MINUTE
    said = Ruling("x", "approve", "ada", (), T0, 1, expires_at=NOW + MINUTE)  # type: ignore[arg-type]
    assert next_look(replace(at, rulings=(said,))) == MINUTE
    soon = replace(said, expires_at=NOW + timedelta(milliseconds=1))
    assert next_look(replace(at, rulings=(soon,))) == SOON
    past = replace(said, expires_at=NOW - DAY)
    assert next_look(replace(at, rulings=(past,))) == 10 * MINUTE
    now = replace(said, expires_at=NOW)
    assert next_look(replace(at, rulings=(now,))) == 10 * MINUTE


def test_it_is_looked_at_when_the_stage_gets_late() -> None:
    at = shot(path=STAGES)
    assert next_look(at, T0 + 10 * DAY - MINUTE) == MINUTE
    assert next_look(at, T0 + 20 * DAY - MINUTE) == MINUTE


def test_it_is_looked_at_when_a_rollback_s_time_is_up() -> None:
    begun = OpenRollback(JOURNEY, "pilot", "sandbox", "critical_bug", "x", T0, NOW + MINUTE)
    rolling = shot(path=small(), state=state(current_stage="rollback"), rollback=begun)
    assert next_look(rolling) == MINUTE


def test_it_is_looked_at_when_a_condition_will_have_lasted() -> None:
    watch = trigger(metric("bugs", ">", 0), lasting=HOUR)
    at = shot(path=path(stage("sandbox", [metric()], triggers=(watch,))))
    assert next_look(at, trips=(Trip(NOW - 50 * MINUTE),)) == 10 * MINUTE
    assert next_look(at, trips=(Trip(None),)) == HEARTBEAT
    assert next_look(at, trips=(Trip(NOW - 2 * HOUR),)) == HEARTBEAT
