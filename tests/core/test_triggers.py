"""Triggers: what trips them, how often, and what each action does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sojourn.core.commands import HoldJourney, Resume
from sojourn.core.decide import decide
from sojourn.core.journal import ENGINE
from sojourn.core.rollback import memory_key
from sojourn.core.snapshot import Fact, Trip
from tests.core.driver import Driver
from tests.core.scenes import (
    BUGS,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    PAUSE,
    T0,
    fact,
    metric,
    path,
    seen,
    shot,
    stage,
    state,
    trigger,
)

INES: dict[str, Any] = {"actor": "ines", "reason": "because"}


def test_before_admission_nothing_trips() -> None:
    plan = path(stage("sandbox", [metric()], entry=[fact("signed")], triggers=(BUGS,)))
    journey = Driver(plan)
    journey.start()
    journey.measure("bugs", 3)
    journey.settle_down()
    assert journey.moves == ["sandbox"]


def watching(*triggers: Any) -> Driver:
    """Return a journey in a stage with triggers, which nothing else moves."""
    plan = path(stage("sandbox", [fact("never")], triggers=triggers))
    journey = Driver(plan)
    journey.start()
    return journey


def test_the_same_evidence_never_trips_twice_not_even_after_the_rollback() -> None:
    journey = watching(trigger(fact("alarm")))
    journey.tell(alarm=True)
    journey.settle_down()
    assert journey.moves == ["sandbox", "rollback", "sandbox"]
    journey.live(30 * DAY, DAY)
    assert journey.moves.count("rollback") == 1
    journey.tell(alarm=True)
    assert journey.moves[-1] == "rollback"


def test_what_one_stage_acted_on_does_not_trip_the_trigger_of_another() -> None:
    never = [fact("never")]
    plan = path(
        stage("sandbox", [fact("go")], triggers=(PAUSE,)), stage("pilot", never, triggers=(PAUSE,))
    )
    journey = Driver(plan)
    journey.start()
    journey.tell(pause_requested=True)
    journey.decide(Resume(**INES))
    journey.tell(go=True)
    journey.live(DAY)
    assert (journey.moves[-1], journey.state.hold) == ("pilot", None)
    journey.tell(pause_requested=True)
    assert journey.state.hold is not None


def test_what_one_trigger_acted_on_may_trip_another() -> None:
    journey = watching(
        trigger(metric("bugs", ">", 0), "alert"), trigger(metric("leaks", ">", 0), "hold")
    )
    journey.measure("leaks", 1)
    journey.pass_time(HOUR)
    journey.measure("bugs", 1)
    plan = replace(journey.path.stages[0], triggers=journey.path.stages[0].triggers[:1])
    both, journey.path = journey.path, path(plan)
    journey.settle_down()
    journey.path = both
    journey.settle_down()
    assert journey.state.hold is not None


def test_old_evidence_of_the_visit_before_trips_nothing() -> None:
    journey = watching(trigger(metric("bugs", ">", 0)))
    journey.measure("bugs", 1)
    journey.settle_down()
    journey.pass_time(HOUR)
    journey.settle_down()
    assert journey.moves == ["sandbox", "rollback", "sandbox"]


def test_newer_evidence_trips_again_after_the_cool_down_only() -> None:
    journey = watching(trigger(metric("bugs", ">", 0), cooldown=DAY))
    journey.feed["bugs"] = 1.0
    journey.live(23 * HOUR)
    assert journey.moves.count("rollback") == 1
    journey.live(HOUR)
    assert journey.moves.count("rollback") == 2


def test_a_condition_has_to_last_on_end() -> None:
    journey = watching(trigger(metric("bugs", ">", 0), lasting=DAY))
    journey.feed["bugs"] = 1.0
    journey.live(20 * HOUR)
    journey.feed["bugs"] = 0.0
    journey.live(HOUR)
    journey.feed["bugs"] = 1.0
    journey.live(23 * HOUR)
    assert "rollback" not in journey.moves
    journey.live(2 * HOUR)
    assert "rollback" in journey.moves


def test_held_time_does_not_count_as_lasting() -> None:
    journey = watching(trigger(metric("bugs", ">", 0), lasting=DAY))
    journey.feed["bugs"] = 1.0
    journey.live(20 * HOUR)
    journey.decide(HoldJourney(**INES))
    journey.live(5 * DAY, DAY)
    journey.decide(Resume(**INES))
    journey.live(3 * HOUR)
    assert "rollback" not in journey.moves
    journey.live(2 * HOUR)
    assert "rollback" in journey.moves


def test_it_is_looked_at_when_a_condition_will_have_lasted() -> None:
    journey = watching(trigger(metric("bugs", ">", 0), lasting=timedelta(minutes=20)))
    journey.measure("bugs", 1)
    journey.decide()
    assert journey.due_at == T0 + timedelta(minutes=20)


def test_so_many_values_in_a_row() -> None:
    journey = watching(trigger(metric("bugs", ">", 0, consecutive_passes=3)))
    for value in (1, 1, 0, 1, 1):
        journey.pass_time(MINUTE)
        journey.measure("bugs", value)
        journey.settle_down()
    assert "rollback" not in journey.moves
    journey.pass_time(MINUTE)
    journey.measure("bugs", 1)
    journey.settle_down()
    assert "rollback" in journey.moves


def test_stale_evidence_trips_nothing() -> None:
    journey = watching(trigger(metric("bugs", ">", 0, max_age=HOUR), lasting=2 * HOUR))
    journey.measure("bugs", 1)
    journey.live(5 * HOUR, MINUTE * 30)
    assert "rollback" not in journey.moves


def test_an_action_may_be_a_hold() -> None:
    journey = watching(PAUSE)
    journey.tell(pause_requested=True)
    assert journey.state.hold.actor == ENGINE
    assert journey.state.hold.reason.startswith("client request: pause_requested is true")
    journey.decide(Resume(**INES))
    journey.live(DAY)
    assert journey.state.hold is None
    journey.tell(pause_requested=True)
    assert journey.state.hold is not None


def test_an_action_may_be_an_alert_which_lasts_as_long_as_its_condition() -> None:
    journey = watching(trigger(metric("slow", ">", 1), "alert", "performance_degradation"))
    journey.feed["slow"] = 2.0
    journey.live(5 * HOUR)
    assert journey.alerts == {("trigger", "slow")}
    assert journey.types.count("trigger.tripped") == 1
    journey.feed["slow"] = 0.5
    journey.live(HOUR)
    assert journey.alerts == set()
    journey.feed["slow"] = 2.0
    journey.live(HOUR)
    assert journey.types.count("trigger.tripped") == 2
    assert journey.moves == ["sandbox"]


def test_a_target_where_the_journey_has_not_been_becomes_the_stage_before() -> None:
    ahead = trigger(metric("bugs", ">", 0), target="pilot")
    plan = path(stage("sandbox", [fact("never")], triggers=(ahead,)), stage("pilot"))
    decision = decide(shot(path=plan, seen={"sandbox/trigger/bugs": seen(1.0)}), NOW)
    assert decision.refusal is None
    assert decision.state.target_stage == "sandbox"


def test_a_rollback_goes_before_a_hold_and_a_hold_before_an_alert() -> None:
    kinds = ("alert", "hold", "rollback")
    every = [trigger(metric(k, ">", 0), k) for k in kinds]
    looks = {f"sandbox/trigger/{k}": seen(1.0) for k in kinds}

    def tripped(*names: str) -> list[str]:
        mine = [t for t in every if t.criterion.name in names]
        plan = path(stage("sandbox", [fact("never")], triggers=mine))
        decision = decide(shot(path=plan, seen=looks), NOW)
        return [e.cause for e in decision.events if e.type == "trigger.tripped"]

    assert tripped("alert", "hold", "rollback") == ["rollback"]
    assert tripped("alert", "hold") == ["hold"]
    assert tripped("alert") == ["alert"]


def test_evidence_of_unknown_age_trips_once_only() -> None:
    plan = path(stage("sandbox", [fact("never")], triggers=(BUGS,)))
    ageless = replace(seen(1.0), newest_at=None)
    bare = trigger(metric("bugs", ">", 0))
    at = shot(
        path=replace(plan, stages=(replace(plan.stages[0], triggers=(bare,)),)),
        seen={"sandbox/trigger/bugs": ageless},
    )
    first = decide(at, NOW)
    assert first.state.current_stage == "rollback"
    again = decide(replace(at, trips=first.trips), NOW + DAY)
    assert again.state.current_stage == "sandbox"
    known = replace(at, trips=first.trips, seen={"sandbox/trigger/bugs": seen(1.0)})
    assert decide(known, NOW + DAY).state.current_stage == "rollback"


def test_a_trigger_remembers_under_its_stage() -> None:
    assert memory_key(state(), BUGS) == "sandbox/bugs"
    plan = path(stage("sandbox", [fact("never")], triggers=(BUGS,)), stage("pilot"))
    other = {"pilot/bugs": Trip(acted_at=NOW - DAY, evidence_at=NOW - DAY)}
    at = shot(path=plan, seen={"sandbox/trigger/bugs": seen(1.0)}, trips=other)
    decision = decide(at, NOW)
    assert decision.state.current_stage == "rollback"
    assert decision.trips["sandbox/bugs"] == Trip(None, NOW, NOW - HOUR)
    assert decision.trips["pilot/bugs"] == other["pilot/bugs"]


def test_a_trigger_s_fact_is_judged_like_any_other() -> None:
    at = shot(path=path(stage("sandbox", [metric()], triggers=(PAUSE,))))
    assert decide(at, NOW).state.hold is None
    said = replace(at, facts={"pause_requested": Fact(True, NOW)})
    assert decide(said, NOW).state.hold is not None
    odd = replace(at, facts={"pause_requested": Fact("yes", NOW)})
    decision = decide(odd, NOW)
    assert decision.state.hold is None
    assert [(a.kind, a.subject) for a in decision.raised] == [("source_error", "pause_requested")]
