"""Rollout in waves (10 -> 50 -> 100 %) and soak, which counts healthy time only."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sojourn.core.criteria import CriteriaCheck, Observe, Verdict, verdict_of
from sojourn.core.decision import Alert, Draft
from sojourn.core.gates import Faced, door, evaluate, soak_key, wave_criteria
from sojourn.core.journeys import JourneyState, Soak, active_time
from sojourn.core.paths import Rollout
from sojourn.core.plan import plan_wave
from sojourn.core.work import Progress

LONGEST_GAP: Final = timedelta(hours=6)
"""Time between two looks further apart than this was not observed, so it was not healthy."""


def roll_out(draft: Draft) -> None:
    """Advance the stage's rollout, then the soak of its exit gate where one is asked for."""
    stage = draft.shot.path.stage(draft.state.current_stage)
    if draft.state.admitted_at is None:
        return
    if stage.rollout is None or _settled(draft, stage.rollout):
        _soak_exit(draft)


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
    draft.state = replace(draft.state, wave=draft.state.wave + 1)
    unit = plan_wave(draft.shot.path, draft.state, draft.current.facts, draft.now)
    if unit is not None:
        draft.plan([unit])
        draft.event("rollout.wave_started", wave=draft.state.wave, unit=unit.name)


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
    _tell_halted(draft, checks)
    if need:
        key = soak_key(f"{draft.state.current_stage}/wave-{draft.state.wave}", draft.state)
        draft.state = gather(draft.state, key, healthy(criteria, checks), draft.now)
    soaked = draft.state.soak.healthy if draft.state.soak else timedelta(0)
    return good and (not need or soaked >= need)


def _tell_halted(draft: Draft, checks: Iterable[CriteriaCheck]) -> None:
    """Raise an alert while a wave's criteria fail: the rollout goes no further."""
    failed = [c for c in checks if verdict_of(c) == Verdict.FAILED]
    if failed:
        stage, percent = draft.state.current_stage, draft.state.rollout_percent
        told = f"the rollout halts at {percent} %: {'; '.join(c.message for c in failed)}"
        alert = Alert("rollout_halted", stage, "notify", told, failed[0].remedy)
        draft.alerts[alert.kind, alert.subject] = alert


def _soak_exit(draft: Draft) -> None:
    faced = door(draft.shot.path, draft.state)
    place = f"{draft.state.current_stage}/exit"
    mine = [f for f in faced if f.place == place]
    if not any(f.criterion.observe == Observe.SOAK for f in mine):
        return
    checks = evaluate(mine, draft.current, draft.now).checks
    key = soak_key(place, draft.state)
    draft.state = gather(draft.state, key, healthy(mine, checks), draft.now)


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
    seen = good and soak.good and now - soak.at <= LONGEST_GAP + (now - soak.at - passed)
    gained = passed if seen else timedelta(0)
    return replace(state, soak=Soak(key, soak.healthy + gained, now, good))
