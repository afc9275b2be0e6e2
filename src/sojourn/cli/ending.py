"""The report at the end of a demonstration, for people."""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from sojourn.cli import screen
from sojourn.cli.checks import mark
from sojourn.cli.story import Story
from sojourn.cli.telling import value
from sojourn.core.stages import JourneyStage

STAGES: Final = ("stage", "#visits", "#days", "target", "#baseline", "")
CHECKS: Final = ("check", "#actual", "needed", "#n", "verdict")
AGENTS: Final = ("agent", "#calls", "#completed", "#failed", "#retried")


def report(story: Story) -> Iterator[RenderableType]:
    """Yield the parts of the report, the verdict last."""
    yield screen.text(f"Report: {story['client']} on {story['path']}, {story['scenario']}", "bold")
    yield screen.text(story["about"], "dim")
    yield Text()
    yield screen.table(STAGES, [_stage(stage) for stage in story["stages"]])
    yield from _totals(story["total"])
    yield from _gates(story["gates"])
    yield from _rollbacks(story["rollbacks"])
    yield Text()
    yield screen.table(AGENTS, ([*agent.values()] for agent in story["agents"]))
    yield Text()
    yield from _verdict(story)


def _stage(stage: Story) -> list[object]:
    taken, target = stage["days"], stage["target_days"]
    least = f"{stage['earliest_days']:g} to " if stage["earliest_days"] else ""
    baseline = stage["baseline_days"]
    return [
        stage["title"],
        stage["visits"],
        f"{taken:.1f}" if stage["visits"] else "",
        f"{least}{target:g} d",
        f"{baseline:g} d" if baseline else "",
        _against(taken, target, stage["limit_days"]) if stage["visits"] else "",
    ]


def _against(taken: float, target: float, limit: float) -> Text:
    if taken > limit:
        return screen.text(f"✗ over its limit of {limit:g} d", "bad")
    if taken > target:
        return screen.text(f"! {taken - target:.1f} d over target", "warn")
    return screen.text("✓ within target", "good")


def _totals(total: Story) -> Iterator[Text]:
    against = f"aim {total['aim_days']:g}, baseline {total['baseline_days']:g}"
    extra = [
        f"{total[key]:.1f} days {words} and left out" if key == "held_days" else words
        for key, words in (("held_days", "held"),)
        if total[key]
    ]
    late = total["days"] > total["aim_days"]
    line = f"Total: {total['days']:.1f} days on the journey's clock ({against})"
    yield Text()
    yield screen.text("; ".join([line, *extra]), "warn" if late else "good")


def _gates(attempts: list[Story]) -> Iterator[RenderableType]:
    for attempt in attempts:
        tried = f"attempt {attempt['attempt']} by {attempt['actor']}"
        yield Text()
        title = f"Gate {attempt['gate']}, {tried}, {attempt['at']:%a %d %b %H:%M}: "
        when = screen.text(title, "bold")
        yield when.append(mark(attempt["verdict"]))
        yield screen.table(CHECKS, [_check(check) for check in attempt["checks"]])


def _check(check: Story) -> list[object]:
    return [
        check["title"],
        _actual(check["actual"]),
        check["expected"],
        check["n"] or "",
        mark(check["verdict"]),
    ]


def _actual(found: Any) -> str:
    return "" if found is None else value(found).removesuffix(" units of work done")


def _rollbacks(turns: list[Story]) -> Iterator[Text]:
    for turn in turns:
        yield Text()
        went = f"from {turn['from_stage']} to {turn['target_stage']}"
        told = f"↩ Rollback {went}, {turn['started_at']:%a %d %b %H:%M}: {turn['trigger_type']}"
        yield screen.text(f"{told} ({turn['status']})", "warn")
        yield screen.text(f"  {turn['reason']}")


def _verdict(story: Story) -> Iterator[Text]:
    for point in story["expected"]:
        icon, style = ("✓", "good") if point["ok"] else ("✗", "bad")
        found = "" if point["ok"] else f"; found: {point['found']}"
        yield screen.text(f"{icon} {point['what']}{found}", style)
    if story["stopped"]:
        yield screen.text(f"✗ stopped: {story['stopped']}", "bad")
    yield from (screen.text(f"  {sentence}") for sentence in story["explanation"])
    yield Text()
    yield screen.text(*verdict(story))


def verdict(story: Story) -> tuple[str, str]:
    """Return the last line, and its style."""
    total, client = story["total"], story["client"]
    if not story["ok"]:
        return f"✗ FAILED: {client} did not end as scenario {story['scenario']} says.", "bad"
    if story["stage"] != JourneyStage.COMPLETED:
        return f"✓ PASSED: {client} is {story['stage']}, as the scenario says.", "good"
    spared = total["baseline_days"] - total["days"]
    took = f"went from contract to production in {total['days']:.1f} days"
    return f"✓ PASSED: {client} {took}, {spared:.1f} fewer than the baseline.", "good"
