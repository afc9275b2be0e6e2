from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from sojourn.core.commands import (
    AnswerQuestion,
    Approve,
    Cancel,
    Command,
    HoldJourney,
    Migrate,
    Promote,
    RecordFacts,
    Reject,
    Resume,
    RetryFailed,
    RollBack,
    SubmitWork,
    Waive,
)
from sojourn.core.decide import decide
from sojourn.core.handle import HANDLERS
from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome
from sojourn.core.snapshot import Fact
from sojourn.core.work import Purpose, Task, TaskStatus, UnitOfWork, UnitOfWorkStatus
from tests.core.driver import Driver, begin, reach
from tests.core.scenes import (
    DAY,
    NOW,
    PAUSE,
    T0,
    fact,
    metric,
    path,
    progress,
    shot,
    small,
    stage,
    state,
    unit_plan,
    work,
)

INES: dict[str, Any] = {"actor": "ines", "reason": "because"}


def extra(uow_id: str = "extra", **more: Any) -> UnitOfWork:
    """Return a unit as a person may submit it."""
    fields: dict[str, Any] = {"name": uow_id, "stage": "sandbox"} | more
    tasks = fields.pop("tasks", (Task("t-1", "Tell", "tell-agent"),))
    return UnitOfWork(uow_id, "theirs", fields.pop("stage"), tasks, **fields)


EVERY: list[Command] = [
    Promote(**INES),
    Approve(**INES, criterion="x"),
    Reject(**INES, criterion="x"),
    Waive(**INES, criterion="x"),
    RollBack(**INES),
    HoldJourney(**INES),
    Resume(**INES),
    Cancel(**INES),
    RetryFailed(**INES),
    AnswerQuestion(**INES, answer="eu"),
    RecordFacts(**INES, facts={"a": 1}),
    SubmitWork(**INES, unit=extra()),
    Migrate(**INES, path=small()),
]


def told(decision: Any) -> str:
    assert decision.refusal is not None
    return f"{decision.refusal.code}: {decision.refusal.message}"


def test_there_is_a_handler_for_every_command() -> None:
    assert {type(c) for c in EVERY} == set(HANDLERS) == set(get_args(Command))


@pytest.mark.parametrize("command", EVERY, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("ended", ["completed", "cancelled"])
def test_an_ended_journey_takes_nothing_but_facts(command: Command, ended: str) -> None:
    decision = decide(shot(state=state(current_stage=ended, ended_at=NOW)), NOW, command)
    if isinstance(command, RecordFacts):
        assert decision.refusal is None
        return
    assert told(decision) == f"illegal: the journey has ended ({ended})"
    assert unchanged(decision)


def unchanged(decision: Any) -> bool:
    """Say whether a decision changes nothing at all."""
    parts = (
        "events", "plans", "changes", "release", "rearm", "withdraw", "requeue", "rulings",
        "facts", "gates", "rollback", "raised", "resolved", "freeze", "thaw_by",
    )  # fmt: skip
    same = decision.state == decision.before.state and decision.trips == decision.before.trips
    return same and not any(getattr(decision, part) for part in parts)


REFUSED: list[tuple[Command, dict[str, Any], str]] = [
    (
        Promote(**INES),
        {"current_stage": "rollback"},
        "illegal: there is no promotion from rollback",
    ),
    (Approve(**INES, criterion="x"), {}, "not_found: the journey faces no criterion 'x'"),
    (Reject(**INES, criterion="x"), {}, "not_found: the journey faces no criterion 'x'"),
    (Waive(**INES, criterion="x"), {}, "not_found: the journey faces no criterion 'x'"),
    (RollBack(**INES), {"current_stage": "rollback"}, "illegal: a journey in rollback cannot"),
    (RollBack(actor="ines"), {}, "invalid: a rollback needs a reason"),
    (Resume(**INES), {}, "illegal: the journey is not held"),
    (Cancel(actor="ines"), {}, "invalid: a cancellation needs a reason"),
    (RetryFailed(**INES), {}, "not_found: no failed task of that name at this visit"),
    (AnswerQuestion(**INES, answer="eu"), {}, "not_found: no such question is open"),
    (RecordFacts(**INES, facts={"a": float("nan")}), {}, "invalid: facts[0].a: nan is not"),
    (SubmitWork(**INES, unit=extra(stage="pilot")), {}, "illegal: the unit is for stage 'pilot'"),
    (Migrate(**INES, path=path(stage("other"))), {}, "illegal: small has no stage 'sandbox'"),
    (HoldJourney(actor="in\0es"), {}, "invalid: actor or reason[0]: the character '\\x00'"),
    (HoldJourney(actor="ines", reason="\ud800"), {}, "invalid: actor or reason[1]: the char"),
]


@pytest.mark.parametrize(
    ("command", "changes", "message"), REFUSED, ids=[type(c).__name__ for c, _, _ in REFUSED]
)
def test_a_refusal_changes_nothing_and_says_why(
    command: Command, changes: dict[str, Any], message: str
) -> None:
    decision = decide(shot(metric(), state=state(**changes)), NOW, command)
    assert told(decision).startswith(message)
    assert unchanged(decision)


# Promote


def test_a_refused_promotion_keeps_the_attempt_and_who_asked() -> None:
    decision = decide(shot(metric(), fact("signed")), NOW, Promote(**INES))
    assert told(decision).startswith("gate: 0 of 2 checks hold")
    assert decision.refusal is not None
    assert decision.refusal.remedy == (
        "measure search_precision; record it: sojourn record CLIENT signed=true"
    )
    assert decision.refusal.result == decision.result
    assert [(r.kind, r.actor, r.attempt) for r in decision.gates] == [("manual", "ines", 1)]
    assert [e.type for e in decision.events] == ["gate.attempted"]
    assert decision.state == replace(decision.before.state, requested_by="ines")
    assert decision.due_at == NOW


def test_why_somebody_asked_for_a_promotion_is_in_the_journal() -> None:
    refused = decide(shot(metric()), NOW, Promote(**INES))
    open_gate = shot(fact("signed"), facts={"signed": Fact(True, NOW, "ines", "crm")})
    assert refused.events[0].data["asked"] == INES["reason"]
    passed = decide(open_gate, NOW, Promote(**INES))
    assert passed.events[0].type == "gate.attempted"
    assert passed.events[0].data["asked"] == INES["reason"]
    alone = decide(open_gate, NOW)
    assert alone.events[0].type == "gate.attempted"
    assert "asked" not in alone.events[0].data


def test_a_held_journey_is_not_promoted() -> None:
    journey = begin(small())
    journey.decide(HoldJourney(**INES))
    decision = journey.decide(Promote(**INES))
    assert told(decision) == "held: held: because"
    assert unchanged(decision)


def test_a_person_admits_a_journey_and_is_told_when_its_work_cannot_be_planned() -> None:
    unit = unit_plan("setup", "install")
    each = replace(unit, tasks=(replace(unit.tasks[0], for_each="${facts.sources}"),))
    plan = path(stage("sandbox", [work()], entry=[fact("signed")], work=(each,)))
    journey = Driver(plan)
    journey.start({"signed": True})
    decision = journey.decide(Promote(**INES))
    assert told(decision).startswith("invalid: the work of sandbox cannot be planned")
    assert decision.refusal is not None
    assert "record the missing fact" in decision.refusal.remedy
    assert decision.plans == ()


# Hold and resume


def test_a_hold_without_a_reason_says_so() -> None:
    decision = begin(small()).decide(HoldJourney(actor="ines"))
    assert decision.state.hold is not None
    assert (decision.state.hold.actor, decision.state.hold.reason) == ("ines", "no reason given")
    assert [(e.type, e.actor) for e in decision.events] == [("journey.held", "ines")]


def test_a_held_journey_cannot_be_held_again() -> None:
    journey = begin(small())
    journey.decide(HoldJourney(**INES))
    assert told(journey.decide(HoldJourney(actor="joe"))) == "held: held already: because"


def test_resume_tells_how_long_it_was_held() -> None:
    journey = begin(small())
    journey.decide(HoldJourney(**INES))
    journey.pass_time(3 * DAY)
    decision = journey.decide(Resume(actor="joe", reason="go on"))
    assert (decision.freeze, decision.thaw_by, decision.state.hold) == (False, 3 * DAY, None)
    event = decision.events[0]
    assert (event.type, event.actor, event.reason) == ("journey.resumed", "joe", "go on")
    assert event.data == {"held_since": T0.isoformat()}


def test_resuming_into_what_holds_again_still_thaws_the_time_held() -> None:
    journey = begin(small())
    journey.tell(pause_requested=True)
    journey.pass_time(3 * DAY)
    journey.facts["pause_requested"] = replace(journey.facts["pause_requested"], at=journey.now)
    decision = journey.decide(Resume(**INES))
    assert decision.state.hold is not None
    assert (decision.freeze, decision.thaw_by) == (True, 3 * DAY)


# Cancel


def test_cancelling_a_held_journey_ends_the_hold() -> None:
    journey = begin(small())
    journey.decide(HoldJourney(**INES))
    decision = journey.decide(Cancel(**INES))
    assert (decision.state.current_stage, decision.state.hold) == ("cancelled", None)
    assert decision.freeze is False


# Retry


def broken(times: int) -> Any:
    left = [times]

    def agent(_: Call) -> Outcome:
        left[0] -= 1
        return Failed("no", retryable=False) if left[0] >= 0 else Completed({})

    return agent


def test_retry_sends_what_failed_again_and_the_unit_goes_on() -> None:
    journey = begin(small(), agents={"install-agent": broken(1)})
    journey.settle_down()
    assert journey.unit("setup").status == UnitOfWorkStatus.FAILED
    decision = journey.decide(RetryFailed(**INES))
    assert decision.refusal is None
    assert [(r.task_id, r.is_answer) for r in decision.requeue] == [("install", False)]
    assert [e.data["task"] for e in decision.events if e.type == "task.retried"] == ["install"]
    assert journey.unit("setup").status == UnitOfWorkStatus.RUNNING
    journey.look()
    assert journey.called[:3] == [("setup", "install"), ("setup", "install"), ("setup", "verify")]
    assert journey.moves[-1] == "pilot"


def test_retry_may_name_a_unit_and_a_task() -> None:
    plan = path(stage("sandbox", [work()], work=(unit_plan("one", "a"), unit_plan("two", "b"))))
    never = {f"{name}-agent": broken(9) for name in "ab"}
    journey = Driver(plan, agents=never)
    journey.start()
    journey.settle_down()

    def sent(**names: Any) -> list[str]:
        shown = decide(journey.snapshot(), journey.now, RetryFailed(**INES, **names))
        return [r.task_id for r in shown.requeue]

    assert sent() == ["a", "b"]
    assert sent(unit="one") == ["a"]
    assert sent(unit=journey.unit("two").unit.uow_id) == ["b"]
    assert sent(task="b") == ["b"]
    assert sent(unit="one", task="b") == []


def test_retry_does_not_end_a_hold_that_somebody_wanted() -> None:
    journey = begin(small(), agents={"install-agent": broken(1)})
    journey.settle_down()
    journey.decide(HoldJourney(**INES))
    decision = journey.decide(RetryFailed(**INES))
    assert told(decision) == "held: held: because"
    paused = Driver(
        path(stage("sandbox", [work()], work=(unit_plan("setup", "install"),), triggers=(PAUSE,))),
        agents={"install-agent": broken(1)},
    )
    paused.start()
    paused.settle_down()
    paused.tell(pause_requested=True)
    assert told(paused.decide(RetryFailed(**INES))).startswith("held: held: client request")


# Answer


def asking(*names: str) -> Driver:
    def agent(call: Call) -> Outcome:
        if call.answer is None:
            return Needs("input", f"Which {call.task_id}?", {"id": "r-1"})
        return Completed({"answer": call.answer})

    units = tuple(unit_plan(f"ask-{n}", n) for n in names)
    journey = Driver(
        path(stage("sandbox", [work()], work=units)), agents={f"{n}-agent": agent for n in names}
    )
    journey.start()
    journey.settle_down()
    return journey


def test_an_answer_continues_the_waiting_task() -> None:
    journey = asking("region")
    decision = journey.decide(AnswerQuestion(**INES, answer={"region": "eu"}))
    [sent] = decision.requeue
    assert (sent.task_id, sent.answer, sent.is_answer) == ("region", {"region": "eu"}, True)
    assert [e.type for e in decision.events] == ["task.answered"]
    journey.settle_down()
    assert journey.unit("ask-region").steps["region"].task.output_data == {
        "answer": {"region": "eu"}
    }
    assert journey.moves[-1] == "completed"


def test_of_several_questions_one_has_to_be_named() -> None:
    journey = asking("region", "size")
    decision = journey.decide(AnswerQuestion(**INES, answer="eu"))
    assert told(decision) == "conflict: several questions are open"
    assert decision.refusal is not None
    assert decision.refusal.remedy == "open: ask-region/region, ask-size/size"
    journey.decide(AnswerQuestion(**INES, answer="eu", task="region"))
    journey.decide(AnswerQuestion(**INES, answer="xl", unit="ask-size"))
    journey.settle_down()
    assert journey.moves[-1] == "completed"
    assert told(
        asking("region").decide(AnswerQuestion(**INES, answer="eu", task="size"))
    ).startswith("not_found")


# Facts


def test_recorded_facts_say_who_when_and_from_where() -> None:
    command = RecordFacts(actor="ines", facts={"size": 12, "region": "eu"}, source="crm")
    decision = decide(shot(metric()), NOW, command)
    assert [(n, f.value, f.at, f.source, f.actor) for n, f in decision.facts.items()] == [
        ("size", 12, NOW, "crm", "ines"), ("region", "eu", NOW, "crm", "ines"),
    ]  # fmt: skip
    assert [(e.type, e.actor, e.data["name"]) for e in decision.events] == [
        ("fact.recorded", "ines", "size"), ("fact.recorded", "ines", "region"),
    ]  # fmt: skip
    own = decide(shot(metric()), NOW, RecordFacts(actor="ines", facts={"a": 1}))
    assert own.facts["a"].source == "ines"


@pytest.mark.parametrize(
    "value", [float("inf"), 2**80, "a\0", {"deep": [float("nan")]}, timedelta(1), {"\ud800": 1}]
)
def test_facts_that_cannot_be_kept_are_refused_whole(value: Any) -> None:
    command = RecordFacts(actor="ines", facts={"good": 1, "bad": value})
    decision = decide(shot(metric()), NOW, command)
    assert told(decision).startswith("invalid: facts[0].bad")
    assert unchanged(decision)


# Submitting work


def test_submitted_work_runs_and_is_required() -> None:
    journey = reach("sandbox")
    decision = journey.decide(SubmitWork(**INES, unit=extra()))
    [planned] = decision.plans
    assert (planned.visit, planned.journey_id) == (1, str(journey.state.journey_id))
    assert decision.release == ("extra",)
    assert [e.data["unit"] for e in decision.events if e.type == "unit.submitted"] == ["extra"]
    assert decision.result is not None
    assert "extra" in decision.result.checks[0].message
    journey.look()
    assert ("extra", "t-1") in journey.called
    assert journey.moves[-1] == "pilot"


def test_submitted_work_may_depend_on_units_that_are_there() -> None:
    journey = reach("sandbox")
    setup = journey.unit("setup").unit.uow_id
    decision = journey.decide(SubmitWork(**INES, unit=extra(dependencies=(setup,))))
    assert (decision.refusal, decision.release) == (None, ())
    journey.settle_down()
    assert journey.called[-1] == ("extra", "t-1")


BAD_UNITS: list[tuple[dict[str, Any], str]] = [
    ({"dependencies": ("nothing",)}, "invalid: dependencies: 'nothing' is no unit of this visit"),
    ({"dependencies": ("extra",)}, "invalid: dependencies: 'extra' is no unit"),
    ({"uow_id": "taken"}, "conflict: unit 'taken' exists already"),
    ({"tasks": ()}, "invalid: tasks: a unit of work needs at least one task"),
    ({"tasks": (Task("a", "A", "x"), Task("a", "A", "x"))}, "invalid: tasks[1].task_id: 'a'"),
    ({"tasks": (Task("a", "A", "x", depends_on=("a",)),)}, "invalid: a.depends_on: goes in"),
    ({"status": UnitOfWorkStatus.COMPLETED}, "invalid: status: a unit is submitted as pending"),
    ({"purpose": Purpose.ROLLBACK}, "invalid: purpose: only a rollback itself"),
    (
        {"tasks": (Task("a", "A", "x", status=TaskStatus.COMPLETED),)},
        "invalid: tasks[0].status: a task is submitted as pending, not completed",
    ),
    ({"stage": "pilot"}, "illegal: the unit is for stage 'pilot'; the journey is in sandbox"),
]


@pytest.mark.parametrize(("fields", "message"), BAD_UNITS)
def test_bad_work_is_refused_whole_and_the_place_named(
    fields: dict[str, Any], message: str
) -> None:
    at = shot(work(), units=(progress("taken"),))
    decision = decide(at, NOW, SubmitWork(**INES, unit=extra(**fields)))
    assert told(decision).startswith(message)
    assert unchanged(decision)


def test_no_work_is_submitted_to_a_held_or_rolling_journey() -> None:
    journey = begin(small())
    journey.decide(HoldJourney(**INES))
    assert told(journey.decide(SubmitWork(**INES, unit=extra()))) == "held: held: because"
    rolling = shot(state=state(current_stage="rollback"))
    decision = decide(rolling, NOW, SubmitWork(**INES, unit=extra()))
    assert told(decision).startswith("illegal: the unit is for stage 'sandbox'")


def test_who_asks_is_written_beside_what_was_done() -> None:
    journey = begin(small())
    for command in (HoldJourney(**INES), Resume(**INES), Cancel(**INES)):
        decision = journey.decide(command)
        assert decision.events[0].actor == "ines"
        assert decision.events[-1].reason == "because"
