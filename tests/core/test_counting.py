from dataclasses import replace

from sojourn.core.commands import Promote
from sojourn.core.counting import count_work
from sojourn.core.decide import decide
from sojourn.core.explain import explain
from sojourn.core.work import Trouble
from tests.core.scenes import HOUR, NOW, draft, progress, shot, work

DONE = progress("setup", "running", completed=1, live=0, started=True)
BROKEN = replace(
    DONE, completed=0, failed=1, troubles=(Trouble("a", "Install", "an-agent", "timeout"),)
)


def test_a_unit_gets_the_status_that_its_tasks_have_earned() -> None:
    for unit, status, event in (
        (DONE, "completed", "unit.completed"),
        (BROKEN, "failed", "unit.failed"),
    ):
        making = draft(shot(units=(unit,)))
        count_work(making)
        [change] = making.changes.values()
        assert (change.status, change.run) == (status, status == "completed")
        [told] = making.events
        assert (told.type, told.data["unit"]) == (event, "setup")
    assert told.reason == "Install: timeout"


def test_a_unit_that_has_the_status_it_earned_is_left_alone() -> None:
    making = draft(shot(units=(progress("a"), progress("b", "completed", completed=1))))
    count_work(making)
    assert (making.changes, making.events, making.release) == ({}, [], [])


def test_work_that_has_begun_is_running_without_a_word() -> None:
    making = draft(shot(units=(progress("a", total=2, completed=1, started=True),)))
    count_work(making)
    assert [(c.status, c.run) for c in making.changes.values()] == [("running", False)]
    assert making.events == []


def test_a_repeated_unit_is_armed_again_and_tells_of_its_first_run_only() -> None:
    for runs, events in ((0, 1), (4, 0)):
        making = draft(shot(units=(replace(DONE, every=HOUR, runs=runs),)))
        count_work(making)
        assert [(r.uow_id, r.due_at) for r in making.rearm] == [("setup", NOW + HOUR)]
        assert making.units["setup"].status == "pending"
        assert (making.units["setup"].runs, len(making.events)) == (runs + 1, events)


def test_what_waited_for_all_that_is_done_now_is_released() -> None:
    waits = [
        progress("one", dependencies=("setup",), live=0),
        progress("two", dependencies=("setup", "other"), live=0),
        progress("none", live=0),
    ]
    making = draft(shot(units=(DONE, progress("other", "running"), *waits)))
    count_work(making)
    assert making.release == ["one"]


def test_what_is_done_counts_at_once_for_explain_and_for_a_person_s_promotion() -> None:
    at = shot(work(), units=(DONE,))
    assert explain(at, NOW).result.passed
    decision = decide(at, NOW, Promote(actor="ines"))
    assert decision.state.current_stage == "completed"
    assert [(c.uow_id, c.status) for c in decision.changes] == [("setup", "completed")]
    assert decision.withdraw == ()


def test_a_refused_promotion_counts_nothing() -> None:
    at = shot(work(), units=(BROKEN,))
    decision = decide(at, NOW, Promote(actor="ines"))
    assert decision.refusal is not None
    assert (decision.changes, [e.type for e in decision.events]) == ((), ["gate.attempted"])
