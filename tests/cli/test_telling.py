"""Events as sentences: every kind that the engine writes, without its machinery."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath
from typing import Any

import pytest

import sojourn.core
from sojourn.cli.telling import SAYERS, Teller, unit_title, value
from sojourn.core.paths import Path
from sojourn.core.stages import TransitionEvent
from sojourn.paths import find, load_file
from sojourn.store.sets import Row

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def path() -> Path:
    return load_file(find("healthcare"))


def event(type_: str, reason: str = "", *, move: Any = None, **data: Any) -> Row:
    left, name, entered = move or (None, None, None)
    base = {"type": type_, "reason": reason, "data": data, "actor": "engine"}
    at = MONDAY + timedelta(days=4, hours=2)
    return base | {"at": at, "event": name, "from_stage": left, "to_stage": entered}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            event("transition", move=(None, TransitionEvent.START_JOURNEY, "sandbox")),
            "engine starts the journey, in Sandbox",
        ),
        (
            event("transition", "8 hold", move=("sandbox", "promote_to_compliance", "compliance")),
            "✓ Sandbox → Compliance: 8 hold",
        ),
        (
            event("transition", "6 hold", move=("production", "mark_complete", "completed")),
            "✓ Production → Completed: 6 hold",
        ),
        (
            event(
                "transition",
                "too slow",
                move=("pilot", "initiate_rollback", "rollback"),
                target="compliance",
            ),
            "↩ back from Pilot to Compliance: too slow",
        ),
        (
            event("transition", move=("rollback", "complete_rollback", "compliance")),
            "Compliance begins again",
        ),
        (
            event("transition", "no money", move=("pilot", "cancel_journey", "cancelled")),
            "✗ engine cancels the journey: no money",
        ),
        (
            event("stage.admitted", stage="pilot", units=["a", "b"]),
            "Pilot is open: 2 units of work",
        ),
        (
            event("gate.attempted", "2 of 3 hold", gate="pilot/exit", verdict="failed"),
            "✗ pilot/exit: 2 of 3 hold",
        ),
        (event("unit.completed", unit="security", uow_id="x"), "✓ done: Security audit"),
        (
            event("unit.failed", "no answer", unit="security", uow_id="x"),
            "✗ failed: Security audit: no answer",
        ),
        (
            event("fact.recorded", name="data_sources", value=["jira", "slack"], source="ann"),
            "engine records data_sources = jira, slack",
        ),
        (
            event("approval.given", "fine", criterion="stakeholder_demo"),
            "engine approves stakeholder_demo: fine",
        ),
        (event("approval.rejected", "no", criterion="demo"), "engine rejects demo: no"),
        (event("waiver.given", "late", criterion="demo"), "engine waives demo: late"),
        (event("trigger.tripped", "9 > 3", kind="critical_bug"), "! trigger critical_bug: 9 > 3"),
        (event("rollback.validated", "1 of 1"), "✓ the rollback is validated: 1 of 1"),
        (event("rollback.failed", "undo {x}"), "✗ the rollback failed: undo {x}"),
        (event("rollout.wave_started", wave=2, unit="x"), "rollout: wave 2 begins"),
        (event("rollout.reached", percent=50), "✓ rollout: 50 % of the users are served"),
        (event("journey.held", "pause"), "‖ held by engine: pause"),
        (event("journey.resumed", "back"), "▶ engine resumes the journey: back"),
        (
            event("task.retried", "again", unit="dataset", task="provision"),
            "engine sends dataset/provision again: again",
        ),
        (
            event("unit.submitted", "asked", unit="extra", uow_id="x"),
            "unit submitted: asked: unit extra",
        ),
    ],
)
def test_a_sentence(row: Row, told: str, path: Path) -> None:
    line = Teller(path, MONDAY, "sandbox").line(row)
    assert line is not None
    assert line.plain == f"Fri 09 Jan 11:00  day  4.1  {told}"


@pytest.mark.parametrize(
    "row",
    [
        event("gate.attempted", "all hold", gate="pilot/exit", verdict="passed"),
        event("rollback.initiated", "too slow", trigger="x"),
    ],
)
def test_what_another_event_tells_is_not_told_twice(row: Row, path: Path) -> None:
    assert Teller(path, MONDAY).line(row) is None


def test_units_of_one_name_are_told_apart_by_their_stage(path: Path) -> None:
    teller = Teller(path, MONDAY, "sandbox")
    done = event("unit.completed", unit="search_quality")
    titles = [str(teller.line(done))]
    teller.line(event("transition", move=("compliance", "promote_to_pilot", "pilot")))
    titles.append(str(teller.line(done)))
    assert titles[0].endswith("Initial search quality validation")
    assert titles[1].endswith("Monitor search quality metrics")


def test_units_that_no_stage_lists(path: Path) -> None:
    assert unit_title(path, "production", "rollout-50") == "Gradual user rollout to 50 %"
    assert unit_title(path, "rollback", "rollback-4") == "Undo what was done"
    assert unit_title(path, "pilot", "extra") == "extra"


def test_a_reason_cannot_steer_the_terminal(path: Path) -> None:
    line = Teller(path, MONDAY).line(event("journey.held", "\x1b[2J boo"))
    assert line is not None
    assert "\x1b" not in line.plain


def test_values_for_people() -> None:
    assert [value(v) for v in (True, 0.91883, ["a", 2], "x")] == ["true", "0.9188", "a, 2", "x"]


def test_every_event_that_core_writes_can_be_told(path: Path) -> None:
    """A new kind of event is told plainly; one that core no longer writes is not kept here."""
    folder = FilePath(sojourn.core.__file__ or "").parent
    written = {
        node.args[0].value
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "event"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    rulings = {"approval.given", "approval.rejected", "waiver.given"}
    told = set(SAYERS) - set(TransitionEvent)
    assert told - {"transition"} <= written | rulings
