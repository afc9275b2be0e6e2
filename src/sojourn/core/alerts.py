"""Alerts: conditions that a person should know of, raised and resolved as they come and go."""

from collections.abc import Iterator, Mapping
from typing import Final

from sojourn.core.criteria import CriteriaCheck, ValidationResult, Verdict, verdict_of
from sojourn.core.decision import Alert
from sojourn.core.journal import ENGINE
from sojourn.core.journeys import Schedule
from sojourn.core.snapshot import Snapshot, span
from sojourn.core.stages import JourneyStage
from sojourn.core.view import troubles

LATE: Final[Mapping[Schedule, str]] = {Schedule.BEHIND: "notify", Schedule.STUCK: "page"}


ON_THE_WAY: Final = frozenset({"plan", "trigger", "rollout_halted", "source_error"})
"""Kinds that are found only where a journey is taken on, which a held one is not."""


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
        stage = shot.path.stage(shot.state.current_stage)
        limit = stage.limit if schedule == Schedule.STUCK else stage.target
        message = f"in {stage.name} for longer than {span(limit)}"
        yield Alert(schedule, stage.name, severity, message, "sojourn explain CLIENT")


def _troubles(shot: Snapshot) -> Iterator[Alert]:
    for unit in shot.units:
        for trouble in troubles([unit]):
            failed = trouble.kind == "failed"
            kind, remedy = ("task_failed", "retry") if failed else ("question", "answer")
            subject, told = f"{unit.name}/{trouble.task_id}", f"{trouble.name}: {trouble.message}"
            yield Alert(kind, subject, "notify", told, f"sojourn {remedy} CLIENT")


def _sources(result: ValidationResult) -> Iterator[Alert]:
    for check in result.checks:
        if verdict_of(check) == Verdict.ERROR:
            yield source_error(check)


def source_error(check: CriteriaCheck) -> Alert:
    """Return the alert of a check whose source is in error, wherever it stands (trap 4)."""
    return Alert("source_error", check.name, "notify", check.message, check.remedy)


def _rollback(shot: Snapshot) -> Iterator[Alert]:
    state = shot.state
    if state.current_stage == JourneyStage.ROLLBACK and shot.rollback:
        hold = state.hold if state.hold and state.hold.actor == ENGINE else None
        kind, severity = ("rollback_failed", "page") if hold else ("rollback", "notify")
        told = hold.reason if hold else shot.rollback.reason
        yield Alert(kind, shot.rollback.from_stage, severity, told, "sojourn explain CLIENT")
