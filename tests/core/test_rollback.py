from dataclasses import replace
from typing import Any

import pytest

from sojourn.core.commands import Cancel, HoldJourney, Resume, RetryFailed, RollBack, Waive
from sojourn.core.decide import decide
from sojourn.core.journal import ENGINE, verify
from sojourn.core.outcomes import Call, Completed, Failed, Outcome
from sojourn.core.paths import AfterRollback, Gate, Path, RollbackPolicy, RollbackTrigger
from sojourn.core.rollback import (
    in_rollback,
    irreversible,
    refusal,
    stages_left,
    undo_plan,
)
from sojourn.core.work import Purpose, UnitOfWorkStatus
from tests.core.driver import Driver, begin, reach
from tests.core.scenes import (
    DAY,
    HOUR,
    MINUTE,
    SETUP,
    fact,
    metric,
    path,
    shot,
    small,
    stage,
    state,
    unit_plan,
    work,
)

INES: dict[str, Any] = {"actor": "ines", "reason": "because"}
ADMIN: dict[str, Any] = {"actor": "ada", "roles": ("admin",), "reason": "cleaned up by hand"}


def undone(journey: Driver) -> list[str]:
    """Return what has been taken back, in order."""
    names = {}
    for w in journey.work.values():
        for s in w.steps.values():
            if s.task.undo_of:
                names[w.unit.name, s.task.task_id] = s.task.undo_of[1]
    return [names[call] for call in journey.called if call in names]


def roll_back(journey: Driver, **more: Any) -> Any:
    """Roll back because a person says so, a minute after what was measured last."""
    journey.pass_time(MINUTE)
    return journey.decide(RollBack(**INES, **more))


# The six steps


def test_detect_initiate_target_execute_validate_resume() -> None:
    journey = reach("production")
    journey.live(2 * DAY + HOUR)
    assert journey.state.rollout_percent == 100
    journey.pass_time(MINUTE)
    journey.measure("incidents", 2)
    journey.settle_down()
    events = [e.event for e in journey.entries]
    types = [e.type for e in events]
    first = types.index("trigger.tripped")
    assert types[first : first + 3] == ["trigger.tripped", "transition", "rollback.initiated"]
    assert events[first].data["kind"] == "major_incident"
    assert events[first].data["actual"] == 2.0
    assert events[first + 1].data == {"visit": 4, "target": "pilot"}
    assert events[first + 2].data == {
        "trigger": "major_incident", "target": "pilot", "left": "production",
    }  # fmt: skip
    assert undone(journey) == ["enable", "enable", "enable"]
    assert "rollback.validated" in types
    assert journey.moves == ["sandbox", "pilot", "production", "rollback", "pilot"]
    assert journey.state.completed_stages == ("sandbox",)
    assert (journey.state.rollbacks, journey.state.rollout_percent) == (1, 0)
    [(begun, change)] = journey.rollbacks.values()
    assert (begun.from_stage, begun.target, begun.trigger) == (
        "production", "pilot", "major_incident",
    )  # fmt: skip
    assert (change.status, change.completed) == ("completed", True)
    assert change.result is not None
    assert change.result.passed
    assert [r.kind for _, r in journey.gates[-2:]] == ["rollback", "entry"]
    journey.live(20 * DAY)
    assert journey.moves[-2:] == ["production", "completed"]
    assert verify(journey.entries) == []
    assert journey.alerts == set()


@pytest.mark.parametrize(
    ("start", "target", "undo"),
    [
        ("sandbox", "sandbox", ["verify", "install"]),
        ("pilot", "sandbox", ["invite", "put"]),
        ("production", "pilot", ["enable"]),
    ],
)
def test_a_person_rolls_back_from_each_stage_to_the_one_before(
    start: str, target: str, undo: list[str]
) -> None:
    journey = reach(start)
    journey.run()
    journey.run()
    decision = roll_back(journey)
    assert decision.state.current_stage == "rollback"
    assert decision.due_at == journey.now
    assert not decision.raised or {a.kind for a in decision.raised} == {"rollback"}
    assert [w.unit.purpose for w in journey.open_work] == [Purpose.ROLLBACK]
    journey.settle_down()
    assert undone(journey) == undo
    assert journey.moves[-2:] == ["rollback", target]
    [(begun, change)] = journey.rollbacks.values()
    assert (begun.trigger, begun.reason, change.status) == (
        "client_request", "because", "completed",
    )  # fmt: skip


def test_a_trigger_s_own_target_leaves_every_stage_after_it() -> None:
    journey = reach("production")
    journey.live(HOUR)
    journey.pass_time(MINUTE)
    journey.measure("leaks", 1)
    journey.settle_down()
    assert journey.moves[-2:] == ["rollback", "sandbox"]
    assert undone(journey) == ["enable", "invite", "put"]
    assert journey.state.completed_stages == ()


def test_a_person_may_choose_any_stage_that_was_completed() -> None:
    journey = reach("production")
    roll_back(journey, target="sandbox")
    assert journey.state.target_stage == "sandbox"
    journey.settle_down()
    assert undone(journey) == ["enable", "invite", "put"]


def test_work_is_planned_anew_and_undone_once_only() -> None:
    journey = reach("pilot")
    journey.settle_down()
    roll_back(journey)
    journey.settle_down()
    assert undone(journey) == ["invite", "put"]
    journey.live(HOUR)
    assert journey.moves[-1] == "pilot"
    assert [w.unit.name for w in journey.work.values() if w.unit.visit == 4] == ["setup"]
    journey.live(HOUR)
    roll_back(journey)
    journey.settle_down()
    assert undone(journey) == ["invite", "put", "invite", "put"]


def test_open_work_is_withdrawn_when_its_stage_is_left() -> None:
    journey = reach("sandbox")
    journey.run("install")
    roll_back(journey)
    assert journey.unit("setup").status == UnitOfWorkStatus.ROLLED_BACK
    journey.settle_down()
    assert undone(journey) == ["install"]
    assert ("setup", "verify") not in journey.called[:2]


def test_nothing_to_undo_is_validated_at_the_next_look() -> None:
    journey = Driver(path(stage("sandbox", [metric()])))
    journey.start()
    decision = roll_back(journey)
    assert (decision.plans, decision.state.current_stage) == ((), "rollback")
    assert journey.decide().state.current_stage == "sandbox"
    assert [c.status for _, c in journey.rollbacks.values()] == ["completed"]


# What ends in a hold, never in a silent half-state


def broken(calls: int = 99) -> Any:
    """Return an undo agent that fails for good so many times."""
    left = [calls]

    def agent(_: Call) -> Outcome:
        left[0] -= 1
        return Failed("gone", retryable=False) if left[0] >= 0 else Completed({})

    return agent


def stuck(calls: int = 99, plan: Path | None = None) -> Driver:
    """Return a journey whose undo has failed."""
    journey = reach("pilot", plan, agents={"undo-agent": broken(calls)})
    journey.settle_down()
    roll_back(journey)
    journey.settle_down()
    return journey


def test_a_failed_undo_ends_in_a_hold_for_a_person() -> None:
    journey = stuck()
    assert journey.moves[-1] == "rollback"
    assert journey.state.hold.actor == ENGINE
    assert journey.state.hold.reason.startswith("rollback: undo failed (Undo Invite: gone)")
    assert "rollback.failed" in journey.types
    [(_, change)] = journey.rollbacks.values()
    assert (change.status, change.completed) == ("failed", False)
    assert journey.alerts >= {("rollback_failed", "pilot")}
    calls = len(journey.called)
    journey.live(9 * DAY, DAY)
    assert (journey.moves[-1], len(journey.called)) == ("rollback", calls)


def test_a_failed_undo_cannot_just_be_resumed() -> None:
    decision = stuck().decide(Resume(**INES))
    assert decision.refusal is not None
    assert decision.refusal.message == "the undo has failed"
    assert "retry" in decision.refusal.remedy


def test_a_failed_undo_is_retried_from_the_failed_task_and_then_goes_on() -> None:
    journey = stuck(1)
    decision = journey.decide(RetryFailed(**INES))
    assert (decision.freeze, decision.state.hold) == (False, None)
    assert [r.task_id for r in decision.requeue] == ["undo-001"]
    journey.settle_down()
    assert undone(journey) == ["invite", "invite", "put"]
    assert journey.moves[-1] == "sandbox"
    [(_, change)] = journey.rollbacks.values()
    assert change.status == "completed"


def test_a_person_s_hold_over_a_failing_undo_is_no_dead_end() -> None:
    journey = reach("pilot", agents={"undo-agent": broken(1)})
    journey.settle_down()
    roll_back(journey)
    journey.decide(HoldJourney(**INES))
    journey.state.hold and journey.run()
    assert journey.decide(RetryFailed(**INES)).refusal is not None
    journey.decide(Resume(**INES))
    journey.settle_down()
    assert journey.state.hold.actor == ENGINE
    journey.decide(RetryFailed(**INES))
    journey.settle_down()
    assert journey.moves[-1] == "sandbox"


def test_an_undo_done_by_hand_is_waived_by_someone_with_the_role() -> None:
    journey = stuck()
    assert journey.decide(Waive(**INES, criterion="undone")).refusal is not None
    journey.decide(Waive(**ADMIN, criterion="undone"))
    journey.decide(Resume(**INES))
    assert journey.moves[-1] == "sandbox"
    assert not [w for w in journey.open_work if w.unit.purpose == Purpose.ROLLBACK]
    [record] = [record for _, record in journey.gates if record.kind == "rollback"]
    assert [c.verdict for c in record.result.checks] == ["waived"]
    assert journey.unit("rollback-3").status == UnitOfWorkStatus.ROLLED_BACK


def test_a_waiver_while_undo_still_runs_withdraws_the_rest_of_it() -> None:
    journey = reach("pilot")
    journey.settle_down()
    roll_back(journey)
    journey.run()
    journey.decide(Waive(**ADMIN, criterion="undone"))
    assert journey.moves[-1] == "sandbox"
    assert journey.unit("rollback-3").status == UnitOfWorkStatus.ROLLED_BACK
    journey.settle_down()
    assert undone(journey) == ["invite"]


def test_a_failed_rollback_may_be_cancelled() -> None:
    journey = stuck()
    decision = journey.decide(Cancel(**INES))
    assert journey.moves[-1] == "cancelled"
    assert decision.freeze is False
    assert [c.status for _, c in journey.rollbacks.values()] == ["cancelled"]
    assert not journey.open_work
    assert journey.alerts == set()


def checked(**policy: Any) -> Path:
    """Return a path whose rollbacks are validated by a metric."""
    return small(checks=Gate((metric("errors", "==", 0),)), **policy)


def test_a_failed_validation_ends_in_a_hold_and_resume_checks_again() -> None:
    journey = reach("pilot", checked())
    journey.settle_down()
    roll_back(journey)
    journey.feed["errors"] = 3.0
    journey.look()
    assert (journey.moves[-1], journey.state.hold.actor) == ("rollback", ENGINE)
    assert "validation failed: 1 of 2 checks hold: errors failed" in journey.state.hold.reason
    journey.decide(Resume(**INES))
    assert "validation failed" in journey.state.hold.reason
    assert journey.types.count("rollback.failed") == 2
    journey.feed["errors"] = 0.0
    journey.look()
    assert journey.moves[-1] == "rollback"
    journey.decide(Resume(**INES))
    assert journey.moves[-1] == "sandbox"


def test_a_failed_validation_with_nothing_to_undo_ends_in_a_hold_at_once() -> None:
    checks = Gate((metric("errors", "==", 0),))
    journey = Driver(path(stage("sandbox", [metric()]), rollback=RollbackPolicy(checks=checks)))
    journey.start()
    roll_back(journey)
    journey.measure("errors", 1)
    journey.decide()
    assert "validation failed" in journey.state.hold.reason


def test_checks_that_fail_while_undo_still_runs_are_waited_for() -> None:
    journey = reach("pilot", checked())
    journey.settle_down()
    roll_back(journey)
    journey.measure("errors", 3)
    journey.decide()
    assert journey.state.hold is None
    journey.pass_time(MINUTE)
    journey.measure("errors", 0)
    journey.settle_down()
    assert journey.moves[-1] == "sandbox"


def test_a_rollback_that_takes_too_long_ends_in_a_hold_and_resume_gives_it_its_time_anew() -> None:
    journey = reach("pilot", checked(timeout=DAY))
    journey.settle_down()
    roll_back(journey)
    journey.live(DAY - HOUR)
    assert "not done in time" not in str(journey.state.hold)
    journey.live(HOUR)
    assert "not done in time" in journey.state.hold.reason
    journey.live(5 * DAY, DAY)
    journey.decide(Resume(**INES))
    journey.live(DAY - HOUR)
    assert "not done in time" not in str(journey.state.hold)
    journey.live(HOUR)
    assert "not done in time" in journey.state.hold.reason


def test_an_erring_source_of_a_check_neither_fails_nor_passes_a_rollback() -> None:
    journey = reach("pilot", checked())
    journey.settle_down()
    roll_back(journey)
    journey.measure("errors", None, error="down")
    journey.settle_down()
    assert (journey.moves[-1], journey.state.hold) == ("rollback", None)
    assert ("source_error", "errors") in journey.alerts


# Resume, hold or cancel: the path's policy


def test_a_path_may_cancel_after_a_rollback() -> None:
    journey = reach("pilot", small(after=AfterRollback.CANCEL))
    roll_back(journey)
    journey.settle_down()
    assert journey.moves[-2:] == ["rollback", "cancelled"]
    assert [c.status for _, c in journey.rollbacks.values()] == ["completed"]


def test_a_path_may_hold_after_a_rollback() -> None:
    journey = reach("pilot", small(after=AfterRollback.HOLD))
    roll_back(journey)
    journey.settle_down()
    assert (journey.moves[-1], journey.state.admitted_at) == ("sandbox", None)
    assert "the path asks a person" in journey.state.hold.reason
    assert journey.last is not None
    assert journey.last.view.gate is not None
    assert journey.last.view.gate.place == "sandbox/entry"
    journey.decide(Resume(**INES))
    journey.live(HOUR)
    assert journey.moves[-1] == "pilot"


def test_after_as_many_rollbacks_as_the_path_allows_a_person_is_asked() -> None:
    journey = reach("pilot", small(max_rollbacks=2))
    roll_back(journey)
    journey.settle_down()
    assert (journey.moves[-1], journey.state.hold) == ("sandbox", None)
    journey.live(HOUR)
    roll_back(journey)
    journey.settle_down()
    assert "rolled back 2 times" in journey.state.hold.reason


def test_no_rollback_of_a_rollback() -> None:
    journey = stuck()
    decision = roll_back(journey)
    assert decision.refusal is not None
    assert decision.refusal.message == "a journey in rollback cannot be rolled back"
    journey.measure("bugs", 5)
    journey.settle_down()
    assert journey.moves.count("rollback") == 1


# Undo: what is planned


def test_undo_inputs_may_speak_of_what_was_done() -> None:
    install = replace(
        SETUP.tasks[0],
        input_data={"client": "${client.id}"},
        undo=replace(
            SETUP.tasks[0].undo,  # type: ignore[type-var]
            input_data={"id": "${tasks.install.output.id}", "as": "x-${tasks.install.output.id}"},
        ),
    )
    plan = path(stage("sandbox", [fact("never")], work=(replace(SETUP, tasks=(install,)),)))
    calls: list[Any] = []

    def agent(call: Call) -> Outcome:
        calls.append(call.input_data)
        return Completed({"id": "${c}-1"})

    journey = Driver(plan, agents={"install-agent": agent, "undo-agent": agent})
    journey.start()
    journey.settle_down()
    roll_back(journey)
    journey.settle_down()
    assert calls[1] == {
        "id": "${c}-1",
        "as": "x-${c}-1",
        "undo_of": {
            "task_id": "install",
            "input": {"client": "medtronic"},
            "output": {"id": "${c}-1"},
        },
    }


def test_what_an_undo_cannot_resolve_fails_openly() -> None:
    lost = replace(
        SETUP.tasks[0],
        undo=replace(SETUP.tasks[0].undo, input_data={"id": "${tasks.install.output.id}"}),  # type: ignore[type-var]
    )
    plan = path(stage("sandbox", [fact("never")], work=(replace(SETUP, tasks=(lost,)),)))
    journey = Driver(plan)
    journey.start()
    journey.settle_down()
    decision = roll_back(journey)
    assert decision.plans[0].tasks[0].input_data["id"] == "${tasks.install.output.id}"


def test_the_preview_shows_exactly_what_then_runs() -> None:
    journey = reach("pilot")
    journey.settle_down()
    shown = journey.snapshot()
    done = [(w.unit, s.task) for w in journey.work.values() for s in w.steps.values()]
    before = undo_plan(
        replace(shown, undoable=tuple(p for p in done if p[0].stage == "pilot")),
        "pilot",
        shown.state.visit + 1,
    )
    decision = roll_back(journey)
    assert decision.plans == (before,)


def test_only_the_work_of_stages_left_is_taken_back_whatever_was_loaded() -> None:
    journey = reach("pilot")
    journey.settle_down()
    every = tuple((w.unit, s.task) for w in journey.work.values() for s in w.steps.values())
    at = replace(journey.observed(journey.snapshot()), undoable=every)
    decision = decide(at, journey.now, RollBack(**INES))
    assert [t.undo_of[1] for t in decision.plans[0].tasks if t.undo_of] == ["invite", "put"]


def test_a_preview_names_what_cannot_be_taken_back() -> None:
    gone = replace(unit_plan("mail").tasks[0], irreversible=True)
    plan = path(stage("sandbox", [work()], work=(replace(unit_plan("mail"), tasks=(gone,)),)))
    journey = Driver(plan)
    journey.start()
    journey.run()
    pair = (journey.unit("mail").unit, journey.unit("mail").steps["mail-task"].task)
    assert irreversible(shot(undoable=(pair,))) == [pair[1]]
    assert undo_plan(shot(undoable=(pair,)), "sandbox", 2) is None


# Targets and refusals


def test_the_stages_that_a_rollback_leaves() -> None:
    plan = small()
    assert stages_left(plan, "production", "sandbox") == ("pilot", "production")
    assert stages_left(plan, "pilot", "sandbox") == ("pilot",)
    assert stages_left(plan, "sandbox", "sandbox") == ("sandbox",)


@pytest.mark.parametrize(
    ("changes", "target", "kind", "message"),
    [
        ({}, None, "client_request", None),
        ({}, "sandbox", "critical_bug", None),
        ({}, "pilot", "critical_bug", "'pilot' is not a stage to go back to; allowed: sandbox"),
        ({}, None, "boredom", "unknown trigger 'boredom'; there is: security_vulnerability, "),
        ({"current_stage": "pilot", "completed_stages": ("sandbox",)}, "sandbox", "critical_bug", None),
        ({"current_stage": "pilot", "completed_stages": ("sandbox",)}, "production",
         "critical_bug", "'production' is not a stage to go back to; allowed: sandbox"),
        ({"current_stage": "rollback"}, None, "client_request", "a journey in rollback cannot"),
        ({"current_stage": "completed"}, None, "client_request", "a journey in completed cannot"),
    ],
)  # fmt: skip
def test_why_a_person_s_rollback_cannot_be(
    changes: dict[str, Any], target: str | None, kind: str, message: str | None
) -> None:
    told = refusal(shot(state=state(**changes), path=small()), target, kind)
    assert (told is None) == (message is None)
    assert (told or "").startswith(message or "")


def test_a_rollback_needs_a_reason_and_ends_a_hold() -> None:
    journey = reach("pilot")
    assert journey.decide(RollBack(actor="ines")).refusal is not None
    journey.decide(HoldJourney(**INES))
    decision = roll_back(journey)
    assert decision.refusal is None
    assert (decision.state.hold, decision.freeze) == (None, False)
    journey.settle_down()
    assert journey.moves[-1] == "sandbox"


def test_each_of_the_seven_reasons_can_be_given() -> None:
    assert len(RollbackTrigger) == 7
    for kind in RollbackTrigger:
        journey = begin(small())
        roll_back(journey, trigger=kind)
        [(begun, _)] = journey.rollbacks.values()
        assert begun.trigger == kind
        assert in_rollback(journey.state)
