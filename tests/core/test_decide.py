"""Whole journeys, driven by hand: what follows from what, from start to end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sojourn.core.commands import Cancel, HoldJourney, Promote, RecordFacts, Resume, RollBack
from sojourn.core.criteria import Verdict
from sojourn.core.decide import decide
from sojourn.core.journal import verify
from sojourn.core.outcomes import Call, Failed, Needs
from sojourn.core.snapshot import Fact
from sojourn.core.work import UnitOfWorkStatus
from tests.core.driver import Driver, begin, reach, well
from tests.core.scenes import (
    DAY,
    HOUR,
    JOURNEY,
    MINUTE,
    NOW,
    T0,
    fact,
    metric,
    path,
    progress,
    seen,
    shot,
    small,
    stage,
    state,
    unit_plan,
    work,
)

INES: dict[str, Any] = {"actor": "ines", "reason": "because"}


def test_a_journey_goes_from_start_to_completed_by_itself() -> None:
    journey = begin(small())
    journey.live(10 * DAY)
    assert journey.moves == ["sandbox", "pilot", "production", "completed"]
    assert journey.state.completed_stages == ("sandbox", "pilot", "production")
    assert journey.state.ended_at is not None
    assert [w.unit.name for w in journey.work.values()] == [
        "setup", "deploy", "rollout-10", "rollout-50", "rollout-100",
    ]  # fmt: skip
    assert not journey.open_work
    assert verify(journey.entries) == []
    assert journey.due_at is None
    assert journey.alerts == set()
    assert [(record.place, record.kind, record.result.passed) for _, record in journey.gates] == [
        ("sandbox/entry", "entry", True),
        ("sandbox/exit", "auto", True),
        ("pilot/exit", "auto", True),
        ("production/exit", "auto", True),
    ]


def test_a_journey_starts_at_once_and_waits_for_its_entry_gate() -> None:
    journey = Driver(small())
    decision = journey.start({"signed": False}, metadata={"size": "large"}, owner="ines")
    first = decision.events[0]
    assert first.transition == (None, "start_journey", "sandbox")
    assert (first.actor, first.data) == (
        "ines", {"visit": 1, "client": "medtronic", "path": "small"},
    )  # fmt: skip
    assert decision.events[1].data == {"name": "signed", "value": False, "source": "crm"}
    assert (decision.state.admitted_at, decision.plans) == (None, ())
    assert decision.state.metadata == {"size": "large"}
    assert decision.before.seq == 0
    assert decision.due_at == T0 + HOUR
    journey.live(DAY)
    assert journey.work == {}
    journey.tell(signed=True)
    assert journey.state.admitted_at == T0 + DAY
    assert [w.unit.name for w in journey.work.values()] == ["setup"]


def test_a_path_s_defaults_fill_what_the_client_does_not_say() -> None:
    plan = replace(small(), defaults={"size": "small", "auth": "oauth2"})
    decision = Driver(plan).start(metadata={"size": "large"})
    assert decision.state.metadata == {"size": "large", "auth": "oauth2"}


def test_a_stage_without_entry_criteria_is_entered_at_once() -> None:
    plan = path(stage("sandbox", [metric()], work=(unit_plan("setup"),)))
    decision = Driver(plan).start()
    assert decision.state.admitted_at == T0
    assert [u.name for u in decision.plans] == ["setup"]
    assert decision.release == (decision.plans[0].uow_id,)
    assert decision.due_at == T0


def test_entering_a_stage_plans_its_work_in_the_same_decision() -> None:
    journey = begin(small())
    journey.look()
    assert journey.moves == ["sandbox", "pilot"]
    entered = [e.event for e in journey.entries if e.event.type == "stage.admitted"]
    assert [e.data["stage"] for e in entered] == ["sandbox", "pilot"]
    assert journey.state.admitted_at == T0


def test_after_a_move_the_next_look_is_at_once() -> None:
    journey = begin(small())
    looks = []
    for _ in range(6):
        journey.run()
        decision = journey.decide()
        looks.append((decision.before.state.visit != decision.state.visit, decision.due_at))
    assert all(due == T0 for moved, due in looks if moved)


def test_stages_of_which_nothing_has_to_be_observed_are_passed_in_one_decision() -> None:
    stages = [stage("sandbox", [work()], work=(unit_plan("setup"),)), stage("pilot", [fact("go")])]
    journey = Driver(path(*stages, stage("production", [fact("go"), work()])))
    journey.start()
    assert journey.state.current_stage == "sandbox"
    assert journey.due_at is not None
    assert journey.due_at > T0
    journey.run()
    decision = journey.decide(RecordFacts(**INES, facts={"go": True}))
    assert decision.state.current_stage == "production"
    assert [(record.place, record.visit) for record in decision.gates] == [
        ("sandbox/exit", 1),
        ("pilot/exit", 2),
    ]
    assert decision.due_at is not None
    assert decision.due_at > T0
    assert verify(journey.entries) == []


def test_a_stage_that_has_to_be_observed_is_decided_on_by_the_next_look() -> None:
    measured = stage("pilot", [fact("go"), metric("precision")])
    journey = Driver(path(stage("sandbox", [fact("go")]), measured))
    journey.start()
    decision = journey.decide(RecordFacts(**INES, facts={"go": True}))
    assert decision.state.current_stage == "pilot"
    assert decision.due_at == T0
    assert [record.place for record in decision.gates] == ["sandbox/exit"]


# What was seen of the stage left does not count in the next.


def test_one_stage_s_evidence_does_not_open_the_next_stage_s_gate() -> None:
    same = metric("precision")
    plan = path(*(stage(n, [same]) for n in ("sandbox", "pilot", "production")))
    journey = Driver(plan, feed={"precision": 0.9})
    journey.start()
    journey.measure("precision", 0.9)
    decision = journey.decide(Promote(**INES))
    assert decision.state.current_stage == "pilot"
    assert decision.result is not None
    assert decision.result.verdict == Verdict.INSUFFICIENT_DATA


def test_after_a_rollback_older_evidence_of_the_stage_opens_nothing() -> None:
    plan = path(stage("sandbox", [metric("precision")]), stage("pilot", [metric("bugs")]))
    journey = Driver(plan)
    journey.start()
    journey.measure("precision", 0.9)
    journey.decide()
    assert journey.moves[-1] == "pilot"
    journey.pass_time(HOUR)
    journey.decide(RollBack(**INES))
    for _ in range(4):
        journey.decide()
    assert journey.moves == ["sandbox", "pilot", "rollback", "sandbox"]


# Work


def test_units_run_as_their_dependencies_allow() -> None:
    plan = path(
        stage(
            "sandbox",
            [work()],
            work=(
                unit_plan("last", depends_on=("left", "right")),
                unit_plan("left", depends_on=("first",)),
                unit_plan("right", depends_on=("first",)),
                unit_plan("first"),
            ),
        )
    )
    journey = Driver(plan)
    decision = journey.start()
    assert [journey.work[uow_id].unit.name for uow_id in decision.release] == ["first"]
    journey.settle_down()
    assert journey.called == [
        ("first", "first-task"), ("left", "left-task"), ("right", "right-task"),
        ("last", "last-task"),
    ]  # fmt: skip
    assert journey.moves == ["sandbox", "completed"]
    assert journey.types.count("unit.completed") == 4


def test_a_repeated_unit_observes_for_as_long_as_its_stage_lasts() -> None:
    watch = unit_plan("watch", every=6 * HOUR)
    plan = path(
        stage(
            "sandbox",
            [work(), fact("go")],
            work=(watch, unit_plan("after", depends_on=("watch",), every=6 * HOUR)),
        )
    )
    journey = Driver(plan)
    journey.start()
    journey.live(DAY + HOUR)
    assert journey.called == [("watch", "watch-task"), ("after", "after-task")] * 5
    assert journey.types.count("unit.completed") == 2
    assert (journey.unit("watch").runs, journey.unit("watch").status) == (5, "pending")
    journey.tell(go=True)
    journey.settle_down()
    assert journey.moves[-1] == "completed"
    assert journey.unit("watch").status == UnitOfWorkStatus.COMPLETED
    journey.live(DAY)
    assert len(journey.called) == 10


def test_a_repeated_unit_releases_what_waits_for_it_once() -> None:
    ran = progress("a", "running", completed=1, live=0, started=True, every=HOUR, runs=1)
    waits = progress("b", "pending", dependencies=("a",), runs=1, every=HOUR, live=0)
    decision = decide(shot(work(), fact("go"), units=(ran, waits)), NOW)
    assert [r.uow_id for r in decision.rearm] == ["a"]
    assert decision.release == ()
    fresh = (replace(ran, runs=0), replace(waits, runs=0))
    assert decide(shot(work(), fact("go"), units=fresh), NOW).release == ("b",)


def failing(times: int) -> Any:
    """Return an agent that fails so many times before it succeeds."""
    left = [times]

    def agent(_: Call) -> Any:
        left[0] -= 1
        return Failed("timeout") if left[0] >= 0 else well(_)

    return agent


def test_a_failure_is_retried_until_it_succeeds() -> None:
    journey = begin(small(), agents={"install-agent": failing(3)})
    journey.live(HOUR, MINUTE)
    assert journey.called.count(("setup", "install")) == 4
    assert journey.unit("setup").steps["install"].task.retry_count == 3
    assert journey.moves[-1] == "pilot"


def test_a_unit_that_failed_for_good_stops_what_depends_on_it_and_asks_the_operator() -> None:
    journey = begin(small(), agents={"install-agent": failing(4)})
    journey.live(HOUR, MINUTE)
    assert journey.unit("setup").status == UnitOfWorkStatus.FAILED
    assert ("setup", "verify") not in journey.called
    assert journey.last is not None
    assert journey.last.view.ball == "operator"
    assert journey.last.view.waiting_for == "Install failed: failed after 4 attempts: timeout"
    assert journey.alerts == {("task_failed", "setup/install")}
    assert [e.event.reason for e in journey.entries if e.event.type == "unit.failed"] == [
        "Install: failed after 4 attempts: timeout"
    ]


def test_a_failed_task_leaves_what_does_not_depend_on_it_running() -> None:
    two = unit_plan("both", "a", "b")
    free = replace(two, tasks=tuple(replace(t, depends_on=()) for t in two.tasks))
    plan = path(stage("sandbox", [work()], work=(free, unit_plan("other"))))
    journey = Driver(plan, agents={"a-agent": lambda _: Failed("no", retryable=False)})
    journey.start()
    journey.settle_down()
    assert ("both", "b") in journey.called
    assert ("other", "other-task") in journey.called
    assert journey.unit("both").status == UnitOfWorkStatus.FAILED
    assert journey.unit("other").status == UnitOfWorkStatus.COMPLETED


def test_a_question_waits_for_a_person_and_holds_nothing_else() -> None:
    asks = {"install-agent": lambda _: Needs("input", "Which region?")}
    plan = path(stage("sandbox", [work()], work=(unit_plan("setup", "install"), unit_plan("b"))))
    journey = Driver(plan, agents=asks)
    journey.start()
    journey.settle_down()
    assert journey.unit("b").status == UnitOfWorkStatus.COMPLETED
    assert journey.unit("setup").status == UnitOfWorkStatus.RUNNING
    assert journey.last is not None
    assert journey.last.view.waiting_for == "install-agent asks: Which region?"
    assert journey.alerts == {("question", "setup/install")}


def test_facts_that_tasks_find_are_recorded_by_the_engine() -> None:
    found = {"region": Fact("eu", NOW, "install-agent", "install-agent")}
    decision = decide(shot(fact("signed")), NOW, None, found)
    event = decision.events[0]
    assert (event.type, event.actor) == ("fact.recorded", "engine")
    assert event.data == {"name": "region", "value": "eu", "source": "install-agent"}
    assert decision.facts == found
    refused = decide(shot(fact("signed")), NOW, Promote(**INES), found)
    assert refused.refusal is not None
    assert refused.facts == found
    assert refused.events[0].actor == "engine"


def test_what_a_task_found_is_kept_even_when_the_command_was_illegal() -> None:
    found = {"region": Fact("eu", NOW, "agent")}
    at = shot(fact("signed"), state=state(current_stage="rollback", target_stage="sandbox"))
    decision = decide(at, NOW, Promote(**INES), found)
    assert decision.refusal is not None
    assert decision.facts == found


# Holds


def test_a_hold_freezes_everything_and_resume_goes_on() -> None:
    journey = begin(small())
    journey.decide(HoldJourney(**INES))
    held = journey.last
    assert held is not None
    assert (held.freeze, held.due_at, held.view.ball) == (True, None, "operator")
    assert held.view.waiting_for == "held by ines: because"
    before = len(journey.entries)
    journey.live(5 * DAY)
    assert journey.called == []
    assert len(journey.entries) == before
    assert journey.moves == ["sandbox"]
    resumed = journey.decide(Resume(**INES))
    assert (resumed.freeze, resumed.thaw_by) == (False, 5 * DAY)
    journey.live(10 * DAY)
    assert journey.moves[-1] == "completed"
    assert journey.state.holds[0].until == T0 + 5 * DAY


def test_work_that_ends_during_a_hold_counts_after_it() -> None:
    journey = begin(small())
    journey.run()
    journey.decide(HoldJourney(**INES))
    journey.decide()
    assert journey.unit("setup").status == UnitOfWorkStatus.RUNNING
    journey.decide(Resume(**INES))
    journey.look()
    assert journey.moves[-1] == "pilot"


def test_a_held_journey_is_neither_rolled_back_nor_promoted_nor_late() -> None:
    journey = reach("pilot")
    journey.decide(HoldJourney(**INES))
    journey.feed["bugs"] = 3.0
    journey.live(40 * DAY, DAY)
    assert journey.moves[-1] == "pilot"
    assert journey.last is not None
    assert journey.last.view.schedule == "ahead"


def test_facts_recorded_during_a_hold_are_kept() -> None:
    journey = begin(small())
    journey.decide(HoldJourney(**INES))
    journey.decide(RecordFacts(actor="ines", facts={"region": "eu"}))
    assert journey.facts["region"].value == "eu"


# Windows and soak do not count held time


def test_windows_and_soak_do_not_count_held_time() -> None:
    def length(pause: timedelta) -> timedelta:
        journey = reach("pilot")
        journey.live(6 * HOUR)
        journey.decide(HoldJourney(**INES))
        journey.live(pause, 6 * HOUR)
        journey.decide(Resume(**INES))
        journey.live(12 * DAY)
        assert journey.moves[-1] == "completed"
        return journey.state.ended_at - T0 - pause  # type: ignore[no-any-return]

    plain = length(timedelta(0))
    assert length(DAY) == plain
    assert length(9 * DAY) == plain


# The end


def test_an_ended_journey_does_nothing_more() -> None:
    journey = begin(small())
    assert journey.decide(Cancel(**INES)).due_at is None
    assert journey.moves == ["sandbox", "cancelled"]
    assert not journey.open_work
    assert journey.state.ended_at == T0
    entries = len(journey.entries)
    journey.live(DAY)
    assert len(journey.entries) == entries
    assert journey.last is not None
    assert (journey.last.due_at, journey.last.view.ball) == (None, "nobody")
    assert journey.last.view.gate is None


@pytest.mark.parametrize("when", ["sandbox", "pilot", "production"])
def test_cancelling_withdraws_what_is_open_in_any_stage(when: str) -> None:
    journey = reach(when)
    journey.decide(Cancel(**INES))
    assert journey.moves[-1] == "cancelled"
    assert not journey.open_work
    assert not journey.runnable()
    assert journey.alerts == set()


# Alerts


def test_alerts_come_and_go_with_their_conditions() -> None:
    watch = progress("setup", "running", live=0, failed=1, started=True)
    raised = decide(shot(work(), units=(watch,)), NOW)
    assert [(a.kind, a.severity) for a in raised.raised] == []
    late = decide(shot(work()), T0 + 16 * DAY)
    assert [(a.kind, a.subject, a.severity) for a in late.raised] == [
        ("behind", "sandbox", "notify")
    ]
    again = shot(work(), alerts=frozenset({("behind", "sandbox")}))
    assert decide(again, T0 + 16 * DAY).raised == ()
    stuck = decide(again, T0 + 31 * DAY)
    assert [(a.kind, a.severity) for a in stuck.raised] == [("stuck", "page")]
    assert stuck.resolved == (("behind", "sandbox"),)


def test_a_refusal_raises_and_resolves_nothing_and_loses_no_look() -> None:
    at = shot(work(), alerts=frozenset({("behind", "x"), ("plan", "sandbox")}))
    refused = decide(at, T0 + 31 * DAY, Promote(**INES))
    assert refused.refusal is not None
    assert (refused.raised, refused.resolved) == ((), ())
    assert refused.due_at == T0 + 31 * DAY


def test_what_is_found_on_the_way_stays_told_during_a_hold() -> None:
    open_ = frozenset({("plan", "sandbox"), ("source_error", "x"), ("task_failed", "u/t")})
    held = decide(shot(work(), alerts=open_), NOW, HoldJourney(**INES))
    assert held.resolved == (("task_failed", "u/t"),)


# Planning that cannot be


def test_work_that_cannot_be_planned_is_told_and_tried_again() -> None:
    plan = unit_plan("setup", "install")
    each = replace(plan, tasks=(replace(plan.tasks[0], for_each="${facts.sources}"),))
    journey = Driver(path(stage("sandbox", [work()], work=(each,))))
    decision = journey.start()
    assert (decision.state.admitted_at, decision.plans) == (None, ())
    assert [(a.kind, a.severity) for a in decision.raised] == [("plan", "page")]
    assert "facts has no 'sources'" in decision.raised[0].message
    for bad in (["a b", "a-b"], [], "confluence"):
        journey.tell(sources=bad)
        assert journey.work == {}
        assert journey.alerts == {("plan", "sandbox")}
    journey.tell(sources=["confluence", "sharepoint"])
    assert [*journey.unit("setup").steps] == ["install-confluence", "install-sharepoint"]
    assert journey.alerts == set()


def test_a_decision_carries_the_snapshot_it_was_made_on() -> None:
    at = shot(metric(), seen={"sandbox/exit/search_precision": seen(0.7)})
    decision = decide(at, NOW)
    assert decision.before == at
    assert decision.state.journey_id == JOURNEY
    assert decision.result is not None
    assert decision.result.verdict == Verdict.FAILED
