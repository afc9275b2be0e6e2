"""The report for people: everything of the story, within 80 columns, the verdict last."""

import io
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from sojourn.cli.ending import report, verdict
from sojourn.cli.story import Story

AT = datetime(2026, 1, 23, 8, 45, tzinfo=UTC)


def check(title: str, actual: Any, expected: str, result: str = "passed", n: int = 0) -> Story:
    texts = {"title": title, "name": title, "expected": expected, "message": ""}
    return texts | {"actual": actual, "verdict": result, "n": n}


def stage(name: str, days: float, **changes: Any) -> Story:
    plan = {"earliest_days": 10.0, "target_days": 15.0, "limit_days": 30.0, "baseline_days": 30.0}
    return {"stage": name, "title": name.title(), "visits": 1, "days": days} | plan | changes


def story(**changes: Any) -> Story:
    attempt = {
        "gate": "pilot/exit",
        "attempt": 2,
        "actor": "engine",
        "at": AT,
        "verdict": "failed",
        "checks": [
            check("All required work done", "6 of 6 units of work done", "== true"),
            check("Search quality metrics stable", 0.918812, ">= 0.85", n=768),
            check("User satisfaction score of everybody in the pilot", 3.1, ">= 4", "failed", 180),
        ],
    }
    turn = {
        "trigger_type": "critical_bug",
        "from_stage": "pilot",
        "target_stage": "compliance",
        "status": "completed",
        "reason": "bug_count is 1 (n=1), needed > 0",
        "started_at": AT,
    }
    base = {
        "scenario": "critical-bug",
        "about": "A critical bug in the pilot; after the rollback the seven days start again.",
        "client": "medtronic",
        "path": "healthcare@1",
        "stage": "completed",
        "stages": [
            stage("sandbox", 7.0),
            stage("compliance", 9.5, target_days=7.0, baseline_days=None, visits=2),
            stage("pilot", 44.2),
            stage("production", 0.0, visits=0),
        ],
        "total": {"days": 36.93, "held_days": 0.0, "aim_days": 30.0, "baseline_days": 90.0},
        "gates": [attempt],
        "rollbacks": [turn],
        "agents": [
            {"agent": "survey-agent", "calls": 36, "completed": 26, "failed": 10, "retried": 9}
        ],
        "expected": [{"what": "no hold", "ok": True, "found": "no hold"}],
        "stopped": "",
        "ok": True,
        "explanation": [],
    }
    return base | changes


def printed(told: Story, width: int = 80) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False)
    for part in report(told):
        console.print(part)
    return [line.rstrip() for line in file.getvalue().rstrip().split("\n")]


def test_everything_of_the_story_is_there_within_80_columns() -> None:
    lines = printed(story())
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    for part in (
        "Report: medtronic on healthcare@1, critical-bug",
        "Sandbox 1 7.0 10 to 15 d 30 d ✓ within target",
        "Compliance 2 9.5 10 to 7 d ! 2.5 d over target",
        "Pilot 1 44.2 10 to 15 d 30 d ✗ over its limit of 30 d",
        "Total: 36.9 days on the journey's clock (aim 30, baseline 90)",
        "Gate pilot/exit, attempt 2 by engine, Fri 23 Jan 08:45: ✗ failed",
        "All required work done 6 of 6 == true ✓ passed",
        "Search quality metrics stable 0.9188 >= 0.85 768 ✓ passed",
        "3.1 >= 4 180 ✗ failed",
        "↩ Rollback from pilot to compliance, Fri 23 Jan 08:45: critical_bug (completed)",
        "bug_count is 1 (n=1), needed > 0",
        "survey-agent 36 26 10 9",
        "✓ no hold",
    ):
        assert part in text, part
    assert text.endswith(
        "✓ PASSED: medtronic went from contract to production in 36.9 days, "
        "53.1 fewer than the baseline."
    )


def test_held_time_is_said_to_be_left_out() -> None:
    total = {"days": 26.5, "held_days": 4.77, "aim_days": 30.0, "baseline_days": 90.0}
    assert "; 4.8 days held and left out" in " ".join(printed(story(total=total), 200))


def test_a_failed_scenario_says_what_was_found_and_why() -> None:
    point = {"what": "the journey ends completed", "ok": False, "found": "pilot"}
    failed = story(
        ok=False,
        stage="pilot",
        expected=[point],
        stopped="not done in 60 seconds",
        explanation=["medtronic is in pilot.", "Its gate is shut."],
    )
    lines = printed(failed)
    assert "✗ the journey ends completed; found: pilot" in lines
    assert "✗ stopped: not done in 60 seconds" in lines
    assert "  Its gate is shut." in lines
    assert lines[-1] == "✗ FAILED: medtronic did not end as scenario critical-bug says."


def test_a_cancelled_journey_that_was_to_be_cancelled_has_passed() -> None:
    assert verdict(story(stage="cancelled")) == (
        "✓ PASSED: medtronic is cancelled, as the scenario says.",
        "good",
    )
