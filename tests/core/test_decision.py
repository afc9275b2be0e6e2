from dataclasses import replace
from uuid import UUID

import pytest

from sojourn.core.decision import Alert, RollbackChange, derived_id, progress_of
from sojourn.core.journal import Event
from sojourn.core.snapshot import Fact, GateMemory, OpenRollback, Trip
from sojourn.core.stages import IllegalTransition
from sojourn.core.work import Purpose, Task, UnitOfWork, UnitOfWorkStatus
from tests.core.scenes import (
    DAY,
    HOUR,
    JOURNEY,
    NOW,
    T0,
    draft,
    metric,
    path,
    progress,
    seen,
    shot,
    stage,
    state,
)

TWO = path(stage("sandbox", [metric()]), stage("pilot", [metric()]))
BEGUN = OpenRollback(JOURNEY, "pilot", "sandbox", "critical_bug", "bugs", T0, NOW + DAY)


def unit(name: str, *needs: str) -> UnitOfWork:
    tasks = (Task("a", "A", "x"), Task("b", "B", "x"), Task("c", "C", "x", depends_on=("a",)))
    return UnitOfWork(name, "j", "sandbox", tasks, needs, name=name, every=HOUR, wave=2, visit=3)


def test_an_event_is_of_this_moment_and_actor() -> None:
    making = draft(shot(), NOW, "ines")
    making.event("fact.recorded", "said", "form", name="x")
    assert making.events == [Event("fact.recorded", NOW, "ines", "said", "form", {"name": "x"})]


def test_a_move_is_an_event_and_leaves_behind_what_belonged_to_the_stage() -> None:
    at = shot(
        path=TWO,
        units=(progress("a"),),
        seen={"sandbox/exit/search_precision": seen(0.9)},
        gate=GateMemory("sandbox/exit", 1, "failed", 0, 1),
        trips={"sandbox/bugs": Trip(T0, NOW, T0)},
        facts={"x": Fact(1, T0)},
    )
    making = draft(at)
    making.move("promote_to_pilot", "it holds")
    assert making.state.current_stage == "pilot"
    [event] = making.events
    assert (event.transition, event.data) == (
        ("sandbox", "promote_to_pilot", "pilot"), {"visit": 2},
    )  # fmt: skip
    now = making.current
    assert (now.units, now.seen, now.gate) == ((), {}, None)
    assert making.trips == {"sandbox/bugs": Trip(None, NOW, T0)}
    assert now.facts == at.facts
    assert making.shot == at


def test_a_rollback_s_move_says_where_it_goes() -> None:
    making = draft(shot(path=TWO))
    making.move("initiate_rollback", "bugs", "critical_bug", "sandbox")
    assert making.events[0].data == {"visit": 2, "target": "sandbox"}


def test_an_illegal_move_changes_nothing() -> None:
    making = draft(shot(path=TWO, units=(progress("a"),)))
    with pytest.raises(IllegalTransition):
        making.move("mark_complete")
    assert (making.state, making.events) == (making.shot.state, [])
    assert len(making.units) == 1


def test_the_present_picture_holds_what_was_added() -> None:
    making = draft(shot(facts={"a": Fact(1, T0)}))
    making.facts["b"] = Fact(2, NOW)
    making.plan([unit("u")])
    making.memory = GateMemory("p", 1, "passed", 1, 1)
    now = making.current
    assert set(now.facts) == {"a", "b"}
    assert [u.name for u in now.units] == ["u"]
    assert now.gate == making.memory


def test_the_rollback_in_progress_is_the_newest_word_on_it() -> None:
    making = draft(shot(rollback=BEGUN))
    assert making.open_rollback == BEGUN
    making.rollback = RollbackChange(JOURNEY, "failed")
    assert making.open_rollback == BEGUN
    making.rollback = RollbackChange(JOURNEY, "completed", completed=True)
    assert making.current.rollback is None
    newer = replace(BEGUN, reason="leaks")
    making.rollback = RollbackChange(JOURNEY, "executing", newer)
    assert making.current.rollback == newer


def test_planned_units_are_released_when_what_they_need_is_done() -> None:
    making = draft(shot(units=(progress("done", "completed"), progress("open"))))
    making.plan([unit("a"), unit("b", "done"), unit("c", "open"), unit("d", "a")])
    assert making.release == ["a", "b"]
    assert [u.name for u in making.plans] == ["a", "b", "c", "d"]


def test_a_new_unit_s_progress_is_that_nothing_has_begun() -> None:
    found = progress_of(unit("u", "x"))
    assert (found.total, found.live, found.completed, found.failed, found.runs) == (3, 2, 0, 0, 0)
    assert (found.every, found.wave, found.visit, found.dependencies) == (HOUR, 2, 3, ("x",))
    assert (found.purpose, found.started, found.done, found.open) == (
        Purpose.ACTIVITY, False, False, True,
    )  # fmt: skip


def test_a_unit_s_last_change_counts_and_runs_add_up() -> None:
    making = draft(shot(units=(progress("a"),)))
    making.change(making.units["a"], UnitOfWorkStatus.RUNNING)
    making.change(making.units["a"], UnitOfWorkStatus.COMPLETED, run=True)
    [change] = making.changes.values()
    assert (change.status, change.run) == ("completed", True)
    assert (making.units["a"].runs, making.units["a"].status) == (1, "completed")


def test_the_first_refusal_and_the_last_alert_of_a_subject_stand() -> None:
    making = draft(shot())
    making.refuse("held", "first")
    making.refuse("gate", "second")
    assert making.refusal is not None
    assert (making.refusal.code, making.refusal.message) == ("held", "first")
    making.alert(Alert("plan", "sandbox", "page", "one", ""))
    making.alert(Alert("plan", "sandbox", "page", "two", ""))
    assert [a.message for a in making.alerts.values()] == ["two"]


def test_ids_of_parts_are_the_same_whoever_plans_them() -> None:
    assert derived_id(JOURNEY, 1, "setup") == derived_id(JOURNEY, "1", "setup")
    ids = {
        derived_id(JOURNEY, 1, "setup"),
        derived_id(JOURNEY, 2, "setup"),
        derived_id(JOURNEY, 1, "other"),
        derived_id(UUID(int=8), 1, "setup"),
    }
    assert len(ids) == 4
    assert state().journey_id == JOURNEY
