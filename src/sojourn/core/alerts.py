"""Alerts: conditions that a person should know of, raised and resolved as they come and go."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from sojourn.core.criteria import CriteriaCheck, Observe, ValidationResult, Verdict, verdict_of
from sojourn.core.decision import Alert
from sojourn.core.gates import door, place_of
from sojourn.core.journal import ENGINE
from sojourn.core.journeys import Schedule, active_time
from sojourn.core.judge import show
from sojourn.core.nearing import nearing
from sojourn.core.snapshot import Snapshot, span
from sojourn.core.stages import JourneyStage
from sojourn.core.view import troubles

LATE: Final[Mapping[Schedule, str]] = {Schedule.BEHIND: "notify", Schedule.STUCK: "page"}
OVERDUE: Final = timedelta(days=2)
"""How long, on the journey's clock, an approval is waited for before that is told again."""
EXPLAIN: Final = "sojourn explain CLIENT"


ON_THE_WAY: Final = frozenset(
    {
        "plan",
        "trigger",
        "rollout_halted",
        "source_error",
        "near_limit",
        "breached",
        "stale_source",
        "approval",
        "approval_overdue",
    }
)
"""Kinds that are found only where a journey is taken on, which a held one is not."""
SWINGING: Final = (
    "source_error",
    "near_limit",
    "breached",
    "trigger",
    "stale_source",
    "gate_failed",
    "rollout_halted",
)
"""Kinds that come and go with a measurement: raised again within QUIET, it is the same alert."""
QUIET: Final = timedelta(minutes=10)


def conditions(
    shot: Snapshot, result: ValidationResult, schedule: Schedule, now: datetime
) -> dict[tuple[str, str], Alert]:
    """Return every alert that should be open now, by (kind, subject)."""
    found = list(_conditions(shot, result, schedule, now)) if not shot.state.ended else []
    return {(a.kind, a.subject): a for a in found}


def _conditions(
    shot: Snapshot, result: ValidationResult, schedule: Schedule, now: datetime
) -> Iterator[Alert]:
    yield from _late(shot, result, schedule, now)
    yield from _troubles(shot)
    yield from _sources(result)
    yield from nearing(shot, now)
    yield from _attempt(shot, result)
    yield from _approvals(shot, result, now)
    yield from _rollback(shot)
    yield from _rolled_back(shot)


def _late(
    shot: Snapshot, result: ValidationResult, schedule: Schedule, now: datetime
) -> Iterator[Alert]:
    severity = LATE.get(schedule)
    if severity:
        stage = shot.path.stage(shot.state.current_stage)
        limit = stage.limit if schedule == Schedule.STUCK else stage.target
        message = f"in {stage.name} for longer than {span(limit)}"
        spent = span(active_time(shot.state, shot.state.stage_started_at, now))
        cause = result.failing[0].message if result.failing else ""
        bound = f"at most {span(limit)}"
        yield Alert(schedule, stage.name, severity, message, EXPLAIN, spent, bound, cause)


def _troubles(shot: Snapshot) -> Iterator[Alert]:
    for unit in shot.units:
        for trouble in troubles([unit]):
            failed = trouble.kind == "failed"
            kind, remedy = ("task_failed", "retry") if failed else ("question", "answer")
            subject, told = f"{unit.name}/{trouble.task_id}", f"{trouble.name}: {trouble.message}"
            cause = f"{trouble.agent_id} {'gave up' if failed else 'asks'}"
            yield Alert(kind, subject, "notify", told, f"sojourn {remedy} CLIENT", cause=cause)


def _sources(result: ValidationResult) -> Iterator[Alert]:
    for check in result.checks:
        if verdict_of(check) == Verdict.ERROR:
            yield source_error(check)


def source_error(check: CriteriaCheck) -> Alert:
    """Return the alert of a check whose source is in error, wherever it stands (trap 4)."""
    return Alert("source_error", check.name, "notify", check.message, check.remedy)


def _attempt(shot: Snapshot, result: ValidationResult) -> Iterator[Alert]:
    """Tell that the gate was tried and did not open, until what failed then holds."""
    memory, place = shot.gate, place_of(shot.state)
    if memory is None or (memory.place, memory.visit) != (place, shot.state.visit):
        return
    failing = [c for c in result.failing if c.name in memory.attempted]
    if failing:
        good, every = sum(c.passed for c in result.checks), len(result.checks)
        told = f"an attempt at the gate {place} failed: {'; '.join(c.message for c in failing)}"
        alert = Alert("gate_failed", place, "notify", told, failing[0].remedy or EXPLAIN)
        yield _measured(alert, f"{good} of {every} checks hold", f"{every} of {every}", failing[0])


def _measured(alert: Alert, actual: str, expected: str, check: CriteriaCheck) -> Alert:
    cause = f"{check.name}: {show(check.actual_value)}, needed {check.expected_value}"
    told = (alert.kind, alert.subject, alert.severity, alert.message, alert.remedy)
    return Alert(*told, actual, expected, cause)


def _approvals(shot: Snapshot, result: ValidationResult, now: datetime) -> Iterator[Alert]:
    """Tell of approvals that alone keep the gate shut, and again where nobody sees to them."""
    state = shot.state
    every = door(shot.path, state) if state.active and not state.hold else ()
    asked = {f.criterion.name for f in every if f.criterion.observe == Observe.APPROVAL}
    others = [c for c in result.failing if c.name not in asked and c.possible_at is None]
    if others:
        return
    for check in result.failing:
        if check.name in asked and verdict_of(check) == Verdict.PENDING:
            since = shot.asked.get(check.name, now)
            yield _approval("approval", "notify", check, "waits")
            waited = active_time(state, since, now)
            if waited >= OVERDUE:
                yield _approval("approval_overdue", "page", check, f"has waited for {span(waited)}")


def _approval(kind: str, severity: str, check: CriteriaCheck, told: str) -> Alert:
    remedy = f"sojourn approve CLIENT {check.name}"
    given, needed = show(check.actual_value or "nobody yet"), str(check.expected_value)
    message = f"the approval {check.name} {told}: {check.message}"
    return Alert(
        kind, check.name, severity, message, remedy, given, needed, "nobody has ruled on it"
    )


def _rollback(shot: Snapshot) -> Iterator[Alert]:
    state, hold = shot.state, shot.state.hold
    own = hold if hold and hold.actor == ENGINE else None
    if state.current_stage == JourneyStage.ROLLBACK and shot.rollback:
        kind, severity = ("rollback_failed", "page") if own else ("rollback", "notify")
        told, cause = own.reason if own else shot.rollback.reason, shot.rollback.reason
        yield Alert(kind, shot.rollback.from_stage, severity, told, EXPLAIN, cause=cause)
    elif own:
        yield Alert("held", state.current_stage, "page", own.reason, "sojourn resume CLIENT")


def _rolled_back(shot: Snapshot) -> Iterator[Alert]:
    """Tell that a rollback is over, until the stage that was left is entered again.

    Of the first stage, which is entered afresh, until it has been left for the next.
    """
    state, names = shot.state, shot.path.names
    if not state.active:
        return
    present = names.index(state.current_stage)
    kinds = ("rollback", "rollback_failed", "rolled_back")
    for stage in sorted({subject for kind, subject in shot.alerts if kind in kinds}):
        left = names.index(stage) if stage in names else -1
        if left > present or left == present == 0:
            afresh = stage == state.current_stage
            now_in = "begun afresh" if afresh else f"back in {state.current_stage}"
            told = f"rolled back from {stage}, {now_in}"
            yield Alert("rolled_back", stage, "notify", told, EXPLAIN)
