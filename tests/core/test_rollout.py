from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sojourn.core.commands import Approve, HoldJourney, Resume
from sojourn.core.journeys import Interval, Soak
from sojourn.core.outcomes import Completed, Failed, Outcome
from sojourn.core.paths import Path, Rollout, TaskPlan, UnitPlan, Wave
from sojourn.core.rollout import LONGEST_GAP, gather, wave_unit
from sojourn.core.work import UnitOfWorkStatus
from tests.core.driver import Driver, reach
from tests.core.scenes import (
    DAY,
    HOUR,
    MINUTE,
    T0,
    approval,
    draft,
    fact,
    metric,
    path,
    progress,
    rollout,
    shot,
    small,
    soak,
    stage,
    state,
    work,
)

INES: dict[str, Any] = {"actor": "ines", "reason": "because"}
P95 = metric("p95", "<=", 500, max_age=12 * HOUR)


def waves(*steps: Wave, exit: Any = None, **more: Any) -> Path:  # noqa: A002
    """Return a path of one stage with a rollout."""
    task = TaskPlan(
        "enable", "Enable ${wave.percent} %", "enable-agent",
        input_data={"percent": "${wave.percent}", "previous": "${wave.previous}"},
        **more,
    )  # fmt: skip
    unit = UnitPlan("rollout", (task,))
    return path(stage("production", exit or [rollout()], rollout=Rollout(steps, unit)))


def begun(plan: Path, **feed: float) -> Driver:
    journey = Driver(plan, feed=feed)
    journey.start()
    return journey


def reached(journey: Driver) -> list[tuple[int, timedelta]]:
    """Return each percent with when it was reached."""
    return [
        (e.event.data["percent"], e.event.at - T0)
        for e in journey.entries
        if e.event.type == "rollout.reached"
    ]


def test_waves_follow_each_other_after_their_soak() -> None:
    journey = begun(waves(*(Wave(p, DAY) for p in (10, 50, 100))))
    journey.live(4 * DAY)
    assert reached(journey) == [(10, timedelta(0)), (50, DAY), (100, 2 * DAY)]
    assert journey.moves == ["production", "completed"]
    assert journey.state.ended_at == T0 + 2 * DAY


def test_each_wave_is_a_unit_of_work_for_a_larger_cohort() -> None:
    journey = begun(waves(Wave(10), Wave(50), Wave(100)))
    journey.settle_down()
    steps = [(w.unit, w.steps["enable"].task) for w in journey.work.values()]
    assert [(u.name, u.wave, u.purpose, t.name) for u, t in steps] == [
        ("rollout-10", 1, "rollout", "Enable 10 %"),
        ("rollout-50", 2, "rollout", "Enable 50 %"),
        ("rollout-100", 3, "rollout", "Enable 100 %"),
    ]
    assert [t.input_data for _, t in steps] == [
        {"percent": 10, "previous": 0},
        {"percent": 50, "previous": 10},
        {"percent": 100, "previous": 50},
    ]
    started = [e.event.data for e in journey.entries if e.event.type == "rollout.wave_started"]
    assert started == [
        {"wave": 1, "units": ["rollout-10"]},
        {"wave": 2, "units": ["rollout-50"]},
        {"wave": 3, "units": ["rollout-100"]},
    ]


def test_a_wave_waits_for_its_unit() -> None:
    journey = Driver(
        waves(Wave(10), Wave(100)), agents={"enable-agent": lambda _: Failed("no", retryable=False)}
    )
    journey.start()
    journey.live(9 * DAY)
    assert (journey.state.wave, journey.state.rollout_percent) == (1, 0)
    assert journey.unit("rollout-10").status == UnitOfWorkStatus.FAILED


def test_a_later_wave_waits_for_its_own_unit() -> None:
    calls: list[Outcome] = [Completed({}), Failed("no", retryable=False)]
    journey = Driver(waves(Wave(10), Wave(100)), agents={"enable-agent": lambda _: calls.pop(0)})
    journey.start()
    journey.live(DAY)
    assert (journey.state.wave, journey.state.rollout_percent) == (2, 10)


def test_a_wave_waits_while_its_criteria_do_not_hold_and_soaks_in_healthy_time_only() -> None:
    journey = begun(waves(Wave(10, DAY, (P95,)), Wave(100)), p95=300.0)
    journey.live(20 * HOUR)
    journey.feed["p95"] = 900.0
    journey.live(2 * DAY)
    assert reached(journey) == [(10, timedelta(0))]
    assert journey.alerts == {("rollout_halted", "production")}
    journey.feed["p95"] = 300.0
    journey.live(3 * HOUR)
    assert journey.alerts == set()
    assert reached(journey) == [(10, timedelta(0))]
    journey.live(HOUR)
    assert [p for p, _ in reached(journey)] == [10, 100]


def test_a_wave_without_evidence_does_not_go_on() -> None:
    journey = begun(waves(Wave(10, timedelta(0), (P95,)), Wave(100)))
    journey.live(3 * DAY)
    assert reached(journey) == [(10, timedelta(0))]


def test_an_erring_source_of_a_wave_raises_an_alert() -> None:
    journey = begun(waves(Wave(10, DAY, (P95,)), Wave(100)))
    journey.measure("p95", None, error="down")
    journey.settle_down()
    assert ("source_error", "p95") in journey.alerts


def test_a_wave_may_ask_for_an_approval() -> None:
    journey = begun(waves(Wave(10, timedelta(0), (approval(),)), Wave(100)))
    journey.live(DAY)
    assert [p for p, _ in reached(journey)] == [10]
    assert journey.last is not None
    assert journey.last.view.ball == "approver"
    journey.decide(Approve(actor="ada", roles=("approver",), criterion="sign_off"))
    journey.settle_down()
    assert [p for p, _ in reached(journey)] == [10, 100]


def test_the_exit_s_soak_begins_when_the_last_wave_s_is_over_and_both_end() -> None:
    plan = waves(Wave(50, DAY, (P95,)), Wave(100, DAY, (P95,)), exit=[rollout(), soak(2 * DAY)])
    journey = begun(plan, p95=300.0)
    journey.live(9 * DAY)
    assert journey.moves[-1] == "completed"
    assert journey.state.ended_at == T0 + 4 * DAY


def test_a_wave_that_fails_while_the_exit_soaks_stops_the_exit_s_soak() -> None:
    plan = waves(Wave(100, DAY, (P95,)), exit=[rollout(), soak(2 * DAY)])
    journey = begun(plan, p95=300.0)
    journey.live(2 * DAY)
    journey.feed["p95"] = 900.0
    journey.live(5 * HOUR)
    assert not journey.state.soak.good
    journey.feed["p95"] = 300.0
    journey.live(23 * HOUR)
    assert journey.moves[-1] == "production"
    journey.live(HOUR)
    assert journey.moves[-1] == "completed"


def test_a_stage_without_waves_may_soak_too() -> None:
    journey = begun(path(stage("pilot", [metric("up", ">=", 1), soak(DAY)])), up=1.0)
    journey.live(12 * HOUR)
    journey.feed["up"] = 0.0
    journey.live(6 * HOUR)
    journey.feed["up"] = 1.0
    journey.live(13 * HOUR)
    assert journey.moves[-1] == "completed"
    assert journey.state.ended_at == T0 + (12 + 6 + 12) * HOUR


def test_approvals_and_work_are_not_health() -> None:
    plan = path(stage("pilot", [approval(), soak(DAY)]))
    journey = begun(plan)
    journey.live(DAY)
    assert journey.state.soak.healthy == DAY
    journey.decide(Approve(actor="ada", roles=("approver",), criterion="sign_off"))
    assert journey.moves[-1] == "completed"


def test_a_hold_stops_a_soak_and_resume_continues_it() -> None:
    journey = begun(waves(Wave(10, DAY), Wave(100)))
    journey.live(12 * HOUR)
    journey.decide(HoldJourney(**INES))
    journey.live(9 * DAY, DAY)
    journey.decide(Resume(**INES))
    journey.live(11 * HOUR)
    assert [p for p, _ in reached(journey)] == [10]
    journey.live(HOUR)
    assert [p for p, _ in reached(journey)] == [10, 100]


def test_a_wave_that_cannot_be_planned_is_told_and_tried_again() -> None:
    journey = begun(waves(Wave(100), for_each="${facts.regions}"))
    journey.settle_down()
    assert (journey.state.wave, journey.work) == (0, {})
    assert journey.alerts == {("plan", "production")}
    journey.tell(regions=["eu", "e-u", "EU"])
    assert journey.alerts == {("plan", "production")}
    journey.tell(regions=["eu", "us"])
    assert [*journey.unit("rollout-100").steps] == ["enable-eu", "enable-us"]
    journey.settle_down()
    assert journey.moves[-1] == "completed"


def test_promotion_waits_for_all_waves_whatever_the_percent_of_an_earlier_stage() -> None:
    plan = path(
        stage("pilot", [rollout(50)], rollout=Rollout((Wave(50),), small().stages[2].rollout.unit)),  # type: ignore[union-attr]
        stage("production", [work(), rollout()], rollout=small().stages[2].rollout),
    )
    journey = begun(plan, p95=300.0)
    journey.live(DAY - HOUR)
    assert journey.moves == ["pilot", "production"]
    assert (journey.state.wave, journey.state.rollout_percent) == (1, 10)


def test_a_rollback_begins_the_waves_afresh() -> None:
    journey = reach("production")
    journey.live(2 * DAY + HOUR)
    assert journey.state.wave == 3
    journey.pass_time(MINUTE)
    journey.measure("incidents", 1)
    journey.settle_down()
    assert (journey.moves[-1], journey.state.wave) == ("pilot", 0)
    while journey.moves[-1] != "production":
        journey.live(HOUR)
    journey.look()
    assert (journey.state.wave, journey.state.rollout_percent) == (1, 10)


def test_the_wave_s_unit_is_that_of_this_visit() -> None:
    old, new = progress("old", wave=1, visit=1), progress("new", wave=1, visit=2)
    at = shot(state=state(visit=2, wave=1), units=(old, new))
    assert wave_unit(draft(at)) == new
    assert wave_unit(draft(replace(at, units=(old,)))) is None


# Gathering healthy time


def test_time_counts_when_it_was_healthy_at_both_ends() -> None:
    looks = [(True, 0), (True, 1), (False, 2), (True, 3), (True, 5)]
    journey, healthy = state(), []
    for good, hour in looks:
        journey = gather(journey, "k", good, T0 + hour * HOUR)
        assert journey.soak is not None
        healthy.append(journey.soak.healthy / HOUR)
    assert healthy == [0, 1, 1, 1, 3]


def test_another_place_begins_at_nothing() -> None:
    journey = state(soak=Soak("a", 9 * DAY, T0, good=True))
    assert gather(journey, "b", True, T0 + HOUR).soak == Soak("b", timedelta(0), T0 + HOUR, True)


@pytest.mark.parametrize(("gap", "counts"), [(LONGEST_GAP, True), (LONGEST_GAP + MINUTE, False)])
def test_time_that_nobody_looked_at_does_not_count(gap: timedelta, counts: bool) -> None:
    journey = state(soak=Soak("k", timedelta(0), T0, good=True))
    found = gather(journey, "k", True, T0 + gap).soak
    assert found is not None
    assert found.healthy == (gap if counts else timedelta(0))


def test_held_time_is_no_gap_and_does_not_count() -> None:
    held = (Interval(T0 + HOUR, T0 + 9 * DAY),)
    journey = state(soak=Soak("k", timedelta(0), T0, good=True), holds=held)
    found = gather(journey, "k", True, T0 + 9 * DAY + HOUR).soak
    assert found is not None
    assert found.healthy == 2 * HOUR


def test_a_clock_that_goes_back_counts_nothing_twice() -> None:
    journey = state(soak=Soak("k", timedelta(0), T0, good=True))
    for hour in (2, 1, 2, 1, 3):
        journey = gather(journey, "k", True, T0 + hour * HOUR)
    assert journey.soak is not None
    assert journey.soak.healthy == 3 * HOUR


def test_a_fact_of_health_counts_like_a_metric() -> None:
    journey = begun(path(stage("pilot", [fact("calm"), soak(DAY)])))
    journey.tell(calm=True)
    journey.live(6 * HOUR)
    journey.tell(calm=False)
    journey.live(DAY)
    assert journey.state.soak.healthy == 6 * HOUR
