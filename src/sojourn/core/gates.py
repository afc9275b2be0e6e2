"""Gates: which criteria a journey faces, and one evaluation of them all on one snapshot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sojourn.core.approvals import evidence_of, judge_approval, present_rulings, waiver_for
from sojourn.core.criteria import (
    CriteriaCheck,
    Criterion,
    Observe,
    Operator,
    ValidationResult,
    Verdict,
    aggregate_results,
)
from sojourn.core.journeys import Ball, JourneyState
from sojourn.core.judge import Finding, Reading, check, judge, judge_fact, reading, waived
from sojourn.core.paths import Gate, Mode, Path, StagePlan
from sojourn.core.snapshot import Snapshot, span
from sojourn.core.stages import JourneyStage, Stage
from sojourn.core.work import Progress, Purpose, UnitOfWorkStatus, unit_status

ROLLBACK_CHECKS: Final = "rollback/checks"
UNDONE: Final = Criterion("undone", Observe.WORK, "rollback", title="All undo tasks completed")
"""Every rollback is validated at least by this, so that no validation is ever empty."""


@dataclass(frozen=True, slots=True)
class Faced:
    """One criterion in its place (``pilot/exit``); place and name together are its key."""

    place: str
    criterion: Criterion

    @property
    def key(self) -> str:
        """Return the name under which it is observed."""
        return f"{self.place}/{self.criterion.name}"


def door(path: Path, state: JourneyState) -> tuple[Faced, ...]:
    """Return the criteria that keep the journey from its next move.

    Before admission: the stage's entry. After it: the exit, with the next stage's entry; nothing
    where the exit has no criteria, for such a gate never opens (trap 1). While rolling back: the
    checks that validate the rollback. An ended journey faces nothing.
    """
    if state.current_stage == JourneyStage.ROLLBACK:
        return _faced(ROLLBACK_CHECKS, (UNDONE, *path.rollback.checks.criteria))
    if not state.active:
        return ()
    stage = path.stage(state.current_stage)
    if state.admitted_at is None:
        return _faced(f"{stage.name}/entry", stage.entry.criteria)
    leaving = _faced(f"{stage.name}/exit", stage.exit.criteria)
    return leaving + _next_entry(path, stage) if leaving else ()


def _next_entry(path: Path, stage: StagePlan) -> tuple[Faced, ...]:
    following = path.following(stage.name)
    return _faced(f"{following.name}/entry", following.entry.criteria) if following else ()


def _faced(place: str, criteria: Iterable[Criterion]) -> tuple[Faced, ...]:
    return tuple(Faced(place, c) for c in criteria)


def gate_of(path: Path, state: JourneyState) -> Gate:
    """Return the gate whose mode and waiver roles apply at the journey's door."""
    if not state.active:
        return path.rollback.checks
    stage = path.stage(state.current_stage)
    return stage.exit if state.admitted_at else stage.entry


def by_hand(path: Path, state: JourneyState) -> bool:
    """Say whether a person has to pass the journey's door once it holds.

    Leaving a stage is entering the next: that stage's own entry gate may ask for a person too.
    """
    if not state.active:
        return False
    stage = path.stage(state.current_stage)
    if state.admitted_at is None:
        return stage.entry.mode == Mode.MANUAL
    following = path.following(stage.name)
    return Mode.MANUAL in (stage.exit.mode, following.entry.mode if following else Mode.AUTO)


def place_of(state: JourneyState) -> str:
    """Return the name of the gate that the journey stands before."""
    if state.current_stage == JourneyStage.ROLLBACK:
        return ROLLBACK_CHECKS
    return f"{state.current_stage}/{'exit' if state.admitted_at else 'entry'}"


def wave_criteria(path: Path, state: JourneyState) -> tuple[Faced, ...]:
    """Return what the present rollout wave must hold before the next begins."""
    stage = _admitted_stage(path, state)
    if stage is None or stage.rollout is None or state.wave == 0:
        return ()
    wave = stage.rollout.waves[state.wave - 1]
    return _faced(f"{stage.name}/wave-{state.wave}", wave.criteria)


def trigger_criteria(path: Path, state: JourneyState) -> tuple[Faced, ...]:
    """Return what would roll the journey back; before admission nothing can."""
    stage = _admitted_stage(path, state)
    return _faced(f"{stage.name}/trigger", (t.criterion for t in stage.triggers)) if stage else ()


def _admitted_stage(path: Path, state: JourneyState) -> StagePlan | None:
    admitted = state.active and state.admitted_at is not None
    return path.stage(state.current_stage) if admitted else None


def faced(path: Path, state: JourneyState) -> tuple[Faced, ...]:
    """Return every criterion that a decision on the journey looks at."""
    return door(path, state) + wave_criteria(path, state) + trigger_criteria(path, state)


def readings(every: Iterable[Faced], state: JourneyState, now: datetime) -> list[Reading]:
    """Return what has to be observed for them; facts, work and the like are in the snapshot."""
    return [
        reading(f.key, f.criterion, state, now)
        for f in every
        if f.criterion.observe == Observe.METRIC
    ]


def evaluate(every: Iterable[Faced], shot: Snapshot, now: datetime) -> ValidationResult:
    """Evaluate criteria on a snapshot: all of them, always (trap 7); approvals see the others."""
    listed = tuple(every)
    approvals = [f.criterion.name for f in listed if f.criterion.observe == Observe.APPROVAL]
    # By place in the list: two criteria of one name are both judged, and none hides the other.
    done: dict[int, CriteriaCheck] = {}
    for index, item in enumerate(listed):
        if item.criterion.observe != Observe.APPROVAL:
            done[index] = _set_aside(_judge(item, shot, now), shot, now)
    evidence = evidence_of(done.values(), approvals) if approvals else {}
    for index, item in enumerate(listed):
        if item.criterion.observe == Observe.APPROVAL:
            found = judge_approval(item.criterion, shot, evidence, now)
            done[index] = _set_aside(found, shot, now)
    return aggregate_results(done[index] for index in range(len(listed)))


def _set_aside(result: CriteriaCheck, shot: Snapshot, now: datetime) -> CriteriaCheck:
    if result.passed:
        return result
    waiver = waiver_for(result.name, present_rulings(shot), now)
    if waiver is None or waiver.expires_at is None:
        return result
    return waived(result, waiver.actor, waiver.reason, waiver.expires_at)


def _judge(item: Faced, shot: Snapshot, now: datetime) -> CriteriaCheck:
    criterion = item.criterion
    match criterion.observe:
        case Observe.METRIC:
            return judge(criterion, shot.seen.get(item.key), shot.state, now)
        case Observe.FACT:
            return judge_fact(criterion, shot.facts.get(criterion.subject), now)
        case Observe.WORK:
            return judge_work(criterion, present_units(shot))
        case Observe.SOAK:
            return judge_soak(criterion, item.place, shot.state, now)
        case _:
            return judge_rollout(criterion, shot, now)


def present_units(shot: Snapshot) -> tuple[Progress, ...]:
    """Return the units of the present visit with the status that their tasks have earned.

    What an earlier visit did counts no more; what has been done already counts at once.
    """
    return tuple(_earned(u) for u in shot.units if u.visit == shot.state.visit)


def _earned(unit: Progress) -> Progress:
    status = unit_status(unit)
    return unit if status == unit.status else replace(unit, status=status)


def judge_work(criterion: Criterion, units: tuple[Progress, ...]) -> CriteriaCheck:
    """Judge the completion of required units; no unit at all is undecided, never a pass."""
    undo = criterion.subject == "rollback"
    needed = [u for u in units if (u.purpose == Purpose.ROLLBACK) == undo and u.required]
    done = sum(u.done for u in needed)
    told = f"{done} of {len(needed)} units of work done"
    return check(criterion, _work_finding(needed, told, undo), told)


def _work_finding(needed: list[Progress], told: str, undo: bool) -> Finding:
    failed = [u for u in needed if u.status == UnitOfWorkStatus.FAILED]
    if failed:
        names = ", ".join(u.name for u in failed)
        return Finding(Verdict.FAILED, f"{told}; failed: {names}", "sojourn retry CLIENT")
    if all(u.done for u in needed) and (needed or undo):
        return Finding(Verdict.PASSED, told if needed else "nothing to undo")
    if not needed:
        return Finding(Verdict.INSUFFICIENT_DATA, "no work is planned", "sojourn work submit")
    names = ", ".join(u.name for u in needed if not u.done)
    return Finding(Verdict.PENDING, f"{told}; open: {names}", "the agents finish them")


def soak_key(place: str, state: JourneyState) -> str:
    """Return the name of a soak: its gate or wave, at this visit."""
    return f"{place}@{state.visit}"


def judge_soak(
    criterion: Criterion, place: str, state: JourneyState, now: datetime
) -> CriteriaCheck:
    """Judge healthy time: only time in which everything held counts (trap 6)."""
    soak = state.soak
    mine = soak is not None and soak.key == soak_key(place, state)
    healthy = soak.healthy if soak and mine else timedelta(0)
    need = criterion.threshold
    told = f"{span(healthy)} healthy, needed {span(need)}"
    if healthy >= need:
        return check(criterion, Finding(Verdict.PASSED, told), healthy)
    live = soak is not None and mine and soak.good and not state.hold
    at = now + (need - healthy) if live else None
    remedy = f"{span(need - healthy)} more of healthy time"
    found = check(criterion, Finding(Verdict.PENDING, told, remedy, at), healthy)
    return replace(found, ball=Ball.SOAK)


def judge_rollout(criterion: Criterion, shot: Snapshot, now: datetime) -> CriteriaCheck:
    """Judge the share of users served, in percent; say what the present wave waits for."""
    served, need = shot.state.rollout_percent, criterion.threshold
    told = f"{served} % of users are served, needed {need} %"
    good = served >= need if criterion.operator == Operator.GE else served == need
    if good:
        return check(criterion, Finding(Verdict.PASSED, told), served)
    waits, remedy, ball = _wave_waits(shot, now)
    found = check(criterion, Finding(Verdict.PENDING, f"{told}; {waits}", remedy), served)
    return replace(found, ball=ball)


def _wave_waits(shot: Snapshot, now: datetime) -> tuple[str, str, str]:
    wave, visit = shot.state.wave, shot.state.visit
    unit = next((u for u in shot.units if u.wave == wave and u.visit == visit), None)
    if unit is None or not unit.done:
        return f"wave {wave} is being served", "the agents finish it", Ball.AGENT
    checks = evaluate(wave_criteria(shot.path, shot.state), shot, now).checks
    shut = [c for c in checks if not c.passed]
    if shut:
        ball = Ball.SOAK if shut[0].possible_at else shut[0].ball
        return f"wave {wave} waits: {shut[0].message}", shut[0].remedy, ball
    return f"wave {wave} soaks", "healthy time", Ball.SOAK


class ExitCriteriaValidator:
    """Validates exit criteria before stage promotion, on snapshots loaded beforehand.

    The engine promotes through this class, and ``explain`` speaks from it: one predicate.
    Source: the specification, Exit Criteria Validation.
    """

    def __init__(self, snapshots: Mapping[str, Snapshot], now: datetime) -> None:
        self._snapshots = snapshots
        self._now = now

    def validate_sandbox_exit(self, journey_id: str) -> ValidationResult:
        """Validate sandbox exit criteria."""
        return self.validate_exit(journey_id, JourneyStage.SANDBOX)

    def validate_pilot_exit(self, journey_id: str) -> ValidationResult:
        """Validate pilot exit criteria."""
        return self.validate_exit(journey_id, JourneyStage.PILOT)

    def validate_exit(self, journey_id: str, stage: Stage) -> ValidationResult:
        """Validate the exit criteria of any stage; KeyError for an unknown journey or stage."""
        shot = self._snapshots[journey_id]
        plan = shot.path.stage(stage)
        return evaluate(_faced(f"{stage}/exit", plan.exit.criteria), shot, self._now)

    def validate_door(self, journey_id: str) -> ValidationResult:
        """Validate all that keeps a journey from its next move."""
        shot = self._snapshots[journey_id]
        return evaluate(door(shot.path, shot.state), shot, self._now)

    def aggregate_results(self, checks: Iterable[CriteriaCheck]) -> ValidationResult:
        """Fold single checks into a result."""
        return aggregate_results(checks)
