"""Alerts: conditions that a person should know of, raised and resolved as they come and go."""

from collections.abc import Iterator, Mapping
from typing import Final

from sojourn.core.criteria import ValidationResult, Verdict, verdict_of
from sojourn.core.decision import Alert
from sojourn.core.journeys import Schedule
from sojourn.core.snapshot import Snapshot
from sojourn.core.stages import JourneyStage
from sojourn.core.view import troubles

LATE: Final[Mapping[Schedule, str]] = {Schedule.BEHIND: "notify", Schedule.STUCK: "page"}


def conditions(
    shot: Snapshot, result: ValidationResult, schedule: Schedule
) -> dict[tuple[str, str], Alert]:
    """Return every alert that should be open now, by (kind, subject)."""
    found = list(_conditions(shot, result, schedule)) if not shot.state.ended else []
    return {(a.kind, a.subject): a for a in found}


def _conditions(shot: Snapshot, result: ValidationResult, schedule: Schedule) -> Iterator[Alert]:
    yield from _late(shot, schedule)
    yield from _troubles(shot)
    yield from _sources(result)
    yield from _rollback(shot)


def _late(shot: Snapshot, schedule: Schedule) -> Iterator[Alert]:
    severity = LATE.get(schedule)
    if severity:
        stage = shot.state.current_stage
        limit = (
            shot.path.stage(stage).limit
            if schedule == Schedule.STUCK
            else shot.path.stage(stage).target
        )
        message = f"in {stage} for longer than {limit.days} days"
        yield Alert(schedule, stage, severity, message, "sojourn explain CLIENT")


def _troubles(shot: Snapshot) -> Iterator[Alert]:
    for trouble in troubles(shot.units):
        kind = "task_failed" if trouble.kind == "failed" else "question"
        remedy = "sojourn retry CLIENT" if trouble.kind == "failed" else "sojourn answer CLIENT"
        yield Alert(kind, trouble.task_id, "notify", f"{trouble.name}: {trouble.message}", remedy)


def _sources(result: ValidationResult) -> Iterator[Alert]:
    for check in result.checks:
        if verdict_of(check) == Verdict.ERROR:
            yield Alert("source_error", check.name, "notify", check.message, check.remedy)


def _rollback(shot: Snapshot) -> Iterator[Alert]:
    state = shot.state
    if state.current_stage == JourneyStage.ROLLBACK and shot.rollback:
        kind, severity = ("rollback_failed", "page") if state.hold else ("rollback", "notify")
        told = state.hold.reason if state.hold else shot.rollback.reason
        yield Alert(kind, shot.rollback.from_stage, severity, told, "sojourn explain CLIENT")
