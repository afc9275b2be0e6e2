"""Rollout in waves (10 -> 50 -> 100 %) and soak, which counts healthy time only."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sojourn.core.alerts import source_error
from sojourn.core.criteria import CriteriaCheck, Observe, Verdict, verdict_of
from sojourn.core.decision import Alert, Draft
from sojourn.core.gates import Faced, door, evaluate, soak_key, wave_criteria
from sojourn.core.journeys import JourneyState, Soak, active_time
from sojourn.core.judge import show
from sojourn.core.paths import Rollout
from sojourn.core.plan import plan_wave, unique
from sojourn.core.references import UnresolvedReference
from sojourn.core.work import InvalidWork, Progress

LONGEST_GAP: Final = timedelta(hours=6)
"""Time between two looks further apart than this was not observed, so it was not healthy."""


def roll_out(draft: Draft) -> None:
    """Advance the stage's rollout, then the soak of its exit gate where one is asked for."""
    stage = draft.shot.path.stage(draft.state.current_stage)
    if draft.state.admitted_at is None:
        return
    _soak_exit(draft, stage.rollout is None or _settled(draft, stage.rollout))


def _settled(draft: Draft, rollout: Rollout) -> bool:
    """Advance waves; say whether the last one is reached and has held."""
    if draft.state.wave == 0:
        begin_wave(draft)
        return False
    unit = wave_unit(draft)
    if unit is None or not unit.done:
        return False
    wave = rollout.waves[draft.state.wave - 1]
    if draft.state.rollout_percent != wave.percent:
        draft.state = replace(draft.state, rollout_percent=wave.percent)
        draft.event("rollout.reached", percent=wave.percent)
    if not _held(draft, wave.soak):
        return False
    if draft.state.wave == len(rollout.waves):
        return True
    begin_wave(draft)
    return False


def begin_wave(draft: Draft) -> None:
    """Begin the next wave: one more unit of work for a larger cohort."""
    begun = replace(draft.state, wave=draft.state.wave + 1)
    try:
        unit = plan_wave(draft.shot.path, begun, draft.known, draft.now)
        units = unique([unit] if unit else [])
    except (InvalidWork, UnresolvedReference) as error:
        return unplannable(draft, str(error))
    draft.state = begun
    draft.plan(units)
    names = [u.name for u in units]
    return draft.event("rollout.wave_started", wave=begun.wave, units=names)


def unplannable(draft: Draft, why: str) -> None:
    """Tell that work which is due cannot be planned; it is tried again at every look."""
    stage = draft.state.current_stage
    message = f"the work of {stage} cannot be planned: {why}"
    remedy = "record the missing fact, or migrate the journey to a path that does without"
    draft.alert(Alert("plan", stage, "page", message, remedy))


def wave_unit(draft: Draft) -> Progress | None:
    """Return the unit of the present wave."""
    every = draft.units.values()
    return next(
        (u for u in every if u.wave == draft.state.wave and u.visit == draft.state.visit), None
    )


def _held(draft: Draft, need: timedelta) -> bool:
    """Let the wave soak; say whether its criteria hold and it has been healthy long enough."""
    criteria = wave_criteria(draft.shot.path, draft.state)
    checks = evaluate(criteria, draft.current, draft.now).checks
    good = all(c.passed for c in checks)
    _tell(draft, checks)
    if not need or _exit_soaks(draft):
        return good
    key = soak_key(f"{draft.state.current_stage}/wave-{draft.state.wave}", draft.state)
    draft.state = gather(draft.state, key, healthy(criteria, checks), draft.now)
    return good and draft.state.soak is not None and draft.state.soak.healthy >= need


def _exit_soaks(draft: Draft) -> bool:
    """Say whether the exit gate's soak has begun: the last wave's own is over then."""
    key = soak_key(f"{draft.state.current_stage}/exit", draft.state)
    return draft.state.soak is not None and draft.state.soak.key == key


def _tell(draft: Draft, checks: tuple[CriteriaCheck, ...]) -> None:
    """Raise an alert while a wave's criteria fail, for the rollout goes no further, or err."""
    for check in checks:
        if verdict_of(check) == Verdict.ERROR:
            draft.alert(source_error(check))
    failed = [c for c in checks if verdict_of(c) == Verdict.FAILED]
    if failed:
        stage, percent = draft.state.current_stage, draft.state.rollout_percent
        told = f"the rollout halts at {percent} %: {'; '.join(c.message for c in failed)}"
        first = failed[0]
        value, limit = show(first.actual_value), str(first.expected_value)
        alert = Alert("rollout_halted", stage, "notify", told, first.remedy, value, limit)
        draft.alert(replace(alert, cause=first.message))


def _soak_exit(draft: Draft, settled: bool) -> None:
    """Let the exit gate soak; time in which the rollout was not settled is not healthy."""
    leaving = draft.shot.path.stage(draft.state.current_stage).exit.criteria
    asked = any(criterion.observe == Observe.SOAK for criterion in leaving)
    if not asked or not (settled or _exit_soaks(draft)):
        return
    place = f"{draft.state.current_stage}/exit"
    mine = [f for f in door(draft.shot.path, draft.state) if f.place == place]
    checks = evaluate(mine, draft.current, draft.now).checks
    good = settled and healthy(mine, checks)
    draft.state = gather(draft.state, soak_key(place, draft.state), good, draft.now)


def healthy(criteria: Iterable[Faced], checks: Iterable[CriteriaCheck]) -> bool:
    """Say whether what is measured holds; approvals, work and the soak itself are not health."""
    measured = (Observe.METRIC, Observe.FACT)
    pairs = zip(criteria, checks, strict=True)
    return all(c.passed for f, c in pairs if f.criterion.observe in measured)


def gather(state: JourneyState, key: str, good: bool, now: datetime) -> JourneyState:
    """Return the state with healthy time gathered up to ``now``.

    Time counts when everything held at both ends of it, it was not held, and it was looked at
    often enough.
    """
    soak = state.soak
    if soak is None or soak.key != key:
        return replace(state, soak=Soak(key, timedelta(0), now, good))
    passed = active_time(state, soak.at, now)
    seen = good and soak.good and passed <= LONGEST_GAP
    gained = passed if seen else timedelta(0)
    # Time that was counted is not counted again, should a clock go back.
    return replace(state, soak=Soak(key, soak.healthy + gained, max(now, soak.at), good))
