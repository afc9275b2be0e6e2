from dataclasses import replace
from typing import Any

import pytest

from sojourn.core.commands import Promote, Waive
from sojourn.core.criteria import ValidationResult, Verdict
from sojourn.core.decide import decide
from sojourn.core.decision import GateRecord
from sojourn.core.gates import by_hand, door, evaluate
from sojourn.core.paths import Gate, Mode, Path
from sojourn.core.promotion import attempt, failed, work_done, worth_an_attempt
from sojourn.core.snapshot import Fact, Snapshot
from sojourn.core.stages import JourneyStage
from tests.core.driver import Driver
from tests.core.scenes import (
    DAY,
    HOUR,
    NOW,
    T0,
    approval,
    draft,
    fact,
    metric,
    path,
    progress,
    seen,
    shot,
    stage,
    state,
    unit_plan,
    work,
)

INES: dict[str, Any] = {"actor": "ines", "reason": "because"}
KEY = "sandbox/exit/search_precision"
GOOD, BAD = {KEY: seen(0.9)}, {KEY: seen(0.7)}


def manual(*criteria: Any) -> Gate:
    return Gate(criteria, Mode.MANUAL)


def at_door(at: Snapshot) -> ValidationResult:
    return evaluate(door(at.path, at.state), at, NOW)


def attempts(journey: Driver) -> list[tuple[str, int, list[str]]]:
    """Return each attempt that did not pass: its kind, its number, what failed."""
    return [
        (r.kind, r.attempt, [c.name for c in r.result.failing])
        for _, r in journey.gates
        if not r.result.passed
    ]


# Passing


def test_an_automatic_gate_is_passed_as_soon_as_it_holds() -> None:
    decision = decide(shot(metric(), seen=GOOD), NOW)
    assert decision.state.current_stage is JourneyStage.COMPLETED
    [record] = decision.gates
    assert record == GateRecord("sandbox/exit", "auto", "engine", record.result, 1)
    assert record.result.passed
    assert [e.type for e in decision.events] == ["gate.attempted", "transition"]
    assert decision.events[0].data == {
        "gate": "sandbox/exit", "verdict": "passed", "kind": "auto",
    }  # fmt: skip


def test_leaving_takes_the_exit_and_the_next_entry_together() -> None:
    plan = path(stage("sandbox", [metric()]), stage("pilot", [metric("x")], entry=[fact("cohort")]))
    at = shot(path=plan, seen=GOOD)
    assert decide(at, NOW).state.current_stage == "sandbox"
    ready = replace(at, facts={"cohort": Fact(True, T0)})
    decision = decide(ready, NOW)
    assert decision.state.current_stage == "pilot"
    assert decision.state.admitted_at == NOW
    assert [c.name for c in decision.gates[0].result.checks] == ["search_precision", "cohort"]


def test_a_manual_gate_waits_for_a_person() -> None:
    at = shot(path=path(stage("sandbox", manual(metric()))), seen=GOOD)
    waiting = decide(at, NOW)
    assert (waiting.state.current_stage, waiting.gates) == ("sandbox", ())
    assert (waiting.view.ball, waiting.view.waiting_for) == (
        "operator", "the gate holds; sojourn promote CLIENT",
    )  # fmt: skip
    decision = decide(at, NOW, Promote(**INES))
    assert decision.state.current_stage == "completed"
    assert [(r.kind, r.actor) for r in decision.gates] == [("manual", "ines")]


def entry_by_hand(first: bool) -> Path:
    gate = manual(fact("cohort"))
    return path(
        stage("sandbox", [metric()], entry=gate if first else ()),
        stage("pilot", [metric("x")], entry=() if first else gate),
    )


def test_a_manual_entry_gate_waits_for_a_person_in_the_first_stage() -> None:
    journey = Driver(entry_by_hand(first=True))
    journey.start({"cohort": True})
    journey.live(DAY)
    assert journey.state.admitted_at is None
    assert journey.last is not None
    assert journey.last.view.ball == "operator"
    decision = journey.decide(Promote(**INES))
    assert decision.state.admitted_at == T0 + DAY
    assert [(r.place, r.kind, r.actor) for r in decision.gates] == [
        ("sandbox/entry", "entry", "ines")
    ]


def test_a_manual_entry_gate_waits_for_a_person_in_a_later_stage() -> None:
    at = shot(path=entry_by_hand(first=False), seen=GOOD, facts={"cohort": Fact(True, T0)})
    assert decide(at, NOW).state.current_stage == "sandbox"
    assert decide(at, NOW, Promote(**INES)).state.current_stage == "pilot"


def test_a_door_is_opened_by_hand_where_either_gate_says_so() -> None:
    both = entry_by_hand(first=False)
    assert by_hand(both, state())
    assert not by_hand(both, state(current_stage="pilot"))
    assert by_hand(entry_by_hand(first=True), state(admitted_at=None))
    assert not by_hand(entry_by_hand(first=True), state())
    assert not by_hand(both, state(current_stage="rollback"))
    assert not by_hand(both, state(current_stage="completed"))


def test_optional_work_still_open_is_withdrawn_when_the_stage_is_left() -> None:
    units = (
        progress("setup", "completed", completed=1, live=0),
        progress("extra", "running", required=False, started=True),
        progress("watch", "pending", required=False, every=HOUR, runs=3),
        progress("broken", "failed", required=False, failed=1, live=0),
    )
    decision = decide(shot(work(), units=units), NOW)
    assert decision.state.current_stage == "completed"
    assert decision.withdraw == ("extra", "watch", "broken")
    assert [(c.uow_id, c.status) for c in decision.changes] == [
        ("extra", "failed"), ("watch", "completed"), ("broken", "failed"),
    ]  # fmt: skip


def test_optional_work_is_not_released_in_the_moment_in_which_its_stage_is_left() -> None:
    units = (
        progress("setup", "running", completed=1, live=0),
        progress("extra", "pending", required=False, dependencies=("setup",), live=1),
        progress("watch", "running", required=False, every=HOUR, completed=1, live=0),
    )
    decision = decide(shot(work(), units=units), NOW)
    assert decision.state.current_stage == "completed"
    assert decision.withdraw == ("extra", "watch")
    assert (decision.release, decision.rearm) == ((), ())


# Attempts that fail: once per cause


def test_a_failure_is_attempted_once_all_work_is_done() -> None:
    running = progress("setup", "running", started=True)
    at = shot(work(), metric(), seen=BAD, units=(running,))
    assert decide(at, NOW).gates == ()
    done = replace(at, units=(replace(running, completed=1, live=0),))
    [record] = decide(done, NOW).gates
    assert (record.kind, record.attempt, record.result.verdict) == ("auto", 1, "failed")


@pytest.mark.parametrize("look", [seen(0.7, error="down"), seen(None, n=0), seen(0.7, age=9 * DAY)])
def test_what_is_undecided_is_no_attempt(look: Any) -> None:
    assert decide(shot(metric(max_age=DAY), seen={KEY: look}), NOW).gates == ()
    assert decide(shot(metric(), approval(), seen=GOOD), NOW).gates == ()


def failing(*names: str) -> dict[str, float]:
    return {name: 0.0 if name in names else 1.0 for name in ("a", "b", "c")}


def test_a_failed_attempt_is_recorded_once_per_cause() -> None:
    journey = Driver(path(stage("sandbox", [*(metric(n, ">=", 1) for n in "abc"), fact("go")])))
    journey.start()
    for causes in ("a", "a", "", "a", "ab", "b", "", "c", "abc", "bc"):
        journey.feed = failing(*causes)
        journey.live(HOUR, HOUR)
    told = [c for _, _, (*c,) in attempts(journey)]
    assert told == [["a", "go"], ["a", "b", "go"], ["c", "go"]]
    assert [n for _, n, _ in attempts(journey)] == [1, 2, 3]


def test_a_person_s_attempts_count_and_are_causes_too() -> None:
    journey = Driver(path(stage("sandbox", [metric("a", ">=", 1), metric("b", ">=", 1)])))
    journey.start()
    journey.measure("a", 0)
    journey.measure("b", 1)
    refused = journey.decide(Promote(**INES))
    assert refused.refusal is not None
    assert refused.refusal.code == "gate"
    journey.settle_down()
    journey.decide(Promote(**INES))
    assert attempts(journey) == [("manual", 1, ["a"]), ("manual", 2, ["a"])]
    journey.pass_time(HOUR)
    journey.measure("b", 0)
    journey.settle_down()
    assert attempts(journey)[-1] == ("auto", 3, ["a", "b"])


def test_attempts_begin_anew_with_the_visit() -> None:
    two = path(stage("sandbox", [metric("a", ">=", 1)]), stage("pilot", [metric("a", ">=", 1)]))
    journey = Driver(two, feed={"a": 0.0})
    journey.start()
    journey.live(HOUR)
    journey.pass_time(HOUR)
    journey.measure("a", 1)
    journey.decide()
    assert journey.moves[-1] == "pilot"
    journey.pass_time(HOUR)
    journey.look()
    assert attempts(journey) == [("auto", 1, ["a"]), ("auto", 1, ["a"])]


def test_attempts_at_an_entry_gate_are_numbered_like_any() -> None:
    journey = Driver(path(stage("sandbox", [metric()], entry=[fact("signed")])))
    journey.start()
    journey.decide(Promote(**INES))
    journey.decide(Promote(**INES))
    journey.tell(signed=True)
    assert [(r.place, r.attempt) for _, r in journey.gates] == [
        ("sandbox/entry", n) for n in (1, 2, 3)
    ]


def test_the_memory_keeps_what_was_told() -> None:
    at = shot(metric(), seen=BAD)
    first = decide(at, NOW)
    assert first.view.gate is not None
    assert (first.view.gate.attempts, first.view.gate.attempted) == (1, ("search_precision",))
    good = decide(replace(at, gate=first.view.gate, seen={}), NOW)
    assert good.view.gate is not None
    assert good.view.gate.attempted == ("search_precision",)
    assert decide(replace(at, gate=good.view.gate), NOW).gates == ()


def test_a_waiver_opens_a_gate_like_a_pass() -> None:
    journey = Driver(path(stage("sandbox", [metric("a", ">=", 1)])), feed={"a": 0.0})
    journey.start()
    journey.live(HOUR)
    journey.decide(Waive(actor="ada", roles=("admin",), reason="agreed", criterion="a"))
    assert journey.moves[-1] == "completed"
    assert journey.gates[-1][1].result.verdict == "waived"


# The parts


def test_work_is_done_when_every_required_unit_is() -> None:
    done, idle = progress("a", "completed"), progress("b")
    assert work_done(draft(shot()))
    assert work_done(draft(shot(units=(done, replace(idle, required=False)))))
    assert not work_done(draft(shot(units=(done, idle))))


def test_only_failures_are_causes() -> None:
    at = shot(metric(), approval(), seen=BAD)
    result = at_door(at)
    assert failed(result) == ("search_precision",)
    making = draft(at)
    assert worth_an_attempt(making, result)
    attempt(making, result, "auto")
    assert not worth_an_attempt(making, result)
    assert making.events[0].reason == result.summary


def test_the_work_of_the_stage_entered_is_released_where_nothing_is_waited_for() -> None:
    pilot = stage("pilot", [work()], work=(unit_plan("b", depends_on=("a",)), unit_plan("a")))
    at = shot(path=path(stage("sandbox", [metric()]), pilot), seen=GOOD)
    decision = decide(at, NOW)
    names = {u.uow_id: u.name for u in decision.plans}
    assert [names[uow_id] for uow_id in decision.release] == ["a"]
    assert [u.visit for u in decision.plans] == [2, 2]
    assert decision.result is not None
    assert decision.result.verdict == Verdict.PENDING
