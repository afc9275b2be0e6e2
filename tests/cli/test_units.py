from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sojourn.cli import screen, units
from sojourn.core.work import Progress, Purpose, UnitOfWorkStatus

NOW = datetime(2026, 5, 3, tzinfo=UTC)
KEY = UUID(int=1)
UNIT = Progress(
    str(KEY), "look", "sandbox", 1, Purpose.ACTIVITY, UnitOfWorkStatus.PENDING, total=2, completed=1
)


def task(**changes: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("question", "error", "output_data", "started_at", "completed_at", "deadline_at", "due_at")
    )
    plain = {"uow_id": KEY, "task_id": "a", "name": "Look", "agent_id": "x", "status": "pending",
             "retry_count": 0, "max_retries": 3, "depends_on": [], "timed": False}  # fmt: skip
    return empty | plain | changes


def drawn(unit: Progress, tasks: list[dict[str, Any]], capsys: Any, **more: Any) -> str:
    screen.say(units.listed([unit], tasks, NOW, **more))
    return str(capsys.readouterr().out)


@pytest.mark.parametrize("word", [*UnitOfWorkStatus])
def test_every_status_has_an_icon_and_a_word(word: str) -> None:
    icon, said = units.status(word).plain.split(" ", 1)
    assert len(icon) == 1
    assert said == word.replace("_", " ")


def test_a_unit_that_repeats_has_completed_once_it_has_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    again = replace(UNIT, runs=3, every=timedelta(hours=6), required=False)
    due = task(timed=True, due_at=NOW + timedelta(hours=2))
    said = drawn(again, [due], capsys)
    assert "✓ completed" in said
    assert "optional, ran 3 times" in said
    assert "again in 2h" in said
    assert "· pending" in drawn(UNIT, [], capsys)


def test_what_a_task_asks_or_failed_of_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    asking = task(status="running", question={"prompt": "which tenant?"})
    failed = task(status="failed", error={"message": "locked"}, retry_count=3)
    said = drawn(UNIT, [asking, failed], capsys)
    assert "asks: which tenant? (x waits)" in said
    assert "locked" in said
    assert "3/3" in said


def test_in_brief_only_tasks_that_run_or_failed_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    every = [
        task(name="Rest"),
        task(name="Run", status="running"),
        task(name="Bad", status="failed"),
    ]
    said = drawn(UNIT, every, capsys, brief=True)
    assert "Rest" not in said
    assert "Run" in said
    assert "Bad" in said


def test_a_unit_is_described_with_its_own_tasks_only() -> None:
    told = units.described(UNIT, [task(), task(uow_id=UUID(int=2))])
    assert (told["name"], told["every_s"], len(told["tasks"])) == ("look", None, 1)
    assert told["tasks"][0].keys() >= {"task_id", "status", "output_data", "question", "error"}


def test_of_many_tasks_the_first_of_interest_are_listed_and_the_rest_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [task(name=f"Done {n}", status="completed") for n in range(1500)]
    many += [task(name=f"Next {n}") for n in range(20)]
    many.append(task(name="Broken", status="failed", error={"message": "no"}))
    many.append(task(name="Stuck", status="running", question={"prompt": "which?"}))
    out = drawn(replace(UNIT, total=1522), many, capsys)
    names = [line.split()[0] for line in out.splitlines()[2:] if line.startswith("  ")]
    assert names[:3] == ["Broken", "Stuck", "Next"]
    assert len(names) == 21
    assert "and 1,502 more: 2 pending, 1,500 completed" in out
