"""Judging one criterion on what was observed: the evidence first, then the value.

The rules stand in the order in which they apply; the first that has something to say decides.
Source of every rule: design, Gates, the seven traps.
"""

import math
import operator as compare_by
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final
from uuid import UUID

from sojourn.core.criteria import (
    Aggregate,
    Baseline,
    BaselineKind,
    CriteriaCheck,
    Criterion,
    Observation,
    Observe,
    Operator,
    Since,
    Verdict,
)
from sojourn.core.journeys import (
    JourneyState,
    active_time,
    after_active,
    closed_holds,
    window_end,
    window_start,
)
from sojourn.core.snapshot import Fact, span

NOTHING: Final = Observation()
_COMPARE: Final[Mapping[Operator, Callable[[Any, Any], Any]]] = {
    Operator.GE: compare_by.ge,
    Operator.GT: compare_by.gt,
    Operator.LE: compare_by.le,
    Operator.LT: compare_by.lt,
    Operator.EQ: compare_by.eq,
    Operator.NE: compare_by.ne,
}
_UPPER: Final = (Operator.LE, Operator.LT, Operator.EQ)
_LOWER: Final = (Operator.GE, Operator.GT)
_GROWING: Final = (Aggregate.SUM, Aggregate.COUNT, Aggregate.MAX)


@dataclass(frozen=True, slots=True)
class Reading:
    """What to observe for one criterion of one journey: an aggregate over [since, until].

    ``holds`` are left out of what counts as observed; ``recent`` asks for that many newest values.
    """

    journey_id: UUID
    key: str
    metric: str
    aggregate: Aggregate
    since: datetime
    until: datetime
    every: timedelta | None = None
    holds: tuple[tuple[datetime, datetime], ...] = ()
    recent: int = 1
    base_since: datetime | None = None
    base_until: datetime | None = None
    brief: bool = False
    """Only the newest values matter; older ones need not be read."""
    scope_since: datetime | None = None
    """From when on a sample before ``since`` may reach into the window that is to be covered."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says: a verdict, why, what would change it, and when that could be."""

    verdict: Verdict
    message: str
    remedy: str = ""
    possible_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A criterion and all that its rules look at; ``value`` is what is compared."""

    criterion: Criterion
    seen: Observation
    state: JourneyState
    now: datetime
    value: float | None
    holds: bool | None


def scope_start(criterion: Criterion, state: JourneyState) -> datetime:
    """Return the earliest instant from which evidence may come."""
    whole = criterion.since == Since.JOURNEY
    return state.started_at if whole else state.stage_started_at


def reading(key: str, criterion: Criterion, state: JourneyState, now: datetime) -> Reading:
    """Return what has to be observed for a metric's criterion at ``now``."""
    base = baseline_span(criterion, state, now)
    return Reading(
        state.journey_id,
        key,
        criterion.subject,
        criterion.aggregate,
        evidence_start(criterion, state, now),
        now,
        criterion.evidence.every if criterion.evidence.coverage else None,
        tuple((h.since, h.until or now) for h in closed_holds(state, now)),
        criterion.evidence.consecutive_passes,
        base[0] if base else None,
        base[1] if base else None,
        _brief(criterion),
        scope_start(criterion, state),
    )


def evidence_start(criterion: Criterion, state: JourneyState, now: datetime) -> datetime:
    """Return the instant from which evidence counts now: the window's start, within its scope."""
    floor = scope_start(criterion, state)
    if criterion.window is None:
        return floor
    return max(floor, window_start(state, criterion.window, now))


def _brief(criterion: Criterion) -> bool:
    policy = criterion.evidence
    whole = policy.min_samples > 1 or policy.spread is not None or policy.slope is not None
    return criterion.window is None and not whole


def baseline_span(
    criterion: Criterion, state: JourneyState, now: datetime
) -> tuple[datetime, datetime] | None:
    """Return the baseline's window; None while the journey has not lived through it wholly."""
    base, floor = criterion.baseline, scope_start(criterion, state)
    if base is None:
        return None
    if base.kind == BaselineKind.FIRST:
        end = window_end(state, floor, base.window, now)
        return (floor, end) if end else None
    until = window_start(state, criterion.window or base.window, now)
    since = window_start(state, (criterion.window or base.window) + base.window, now)
    return (since, until) if since >= floor else None


def judge(
    criterion: Criterion, seen: Observation | None, state: JourneyState, now: datetime
) -> CriteriaCheck:
    """Judge a metric's criterion on an observation (None: nothing was seen)."""
    look = seen or NOTHING
    value = judged_value(criterion, look)
    holds = None if value is None else holds_true(criterion, value)
    case = Case(criterion, look, state, now, value, holds)
    finding = next((f for rule in RULES if (f := rule(case))), None) or passed(case)
    return check(criterion, finding, value, look, holds)


def judge_fact(criterion: Criterion, fact: Fact | None, now: datetime) -> CriteriaCheck:
    """Judge a fact's criterion on the latest word (None: it was never recorded)."""
    if fact is None:
        hint = f"record it: sojourn record CLIENT {criterion.subject}={example(criterion)}"
        missing = f"{criterion.subject} is not recorded"
        return check(criterion, Finding(Verdict.INSUFFICIENT_DATA, missing, hint), None, NOTHING)
    seen = Observation(n=1, newest_at=fact.at, source=fact.source)
    holds = fact_holds(criterion, fact.value)
    return check(criterion, fact_finding(criterion, fact, holds, now), fact.value, seen, holds)


def fact_finding(criterion: Criterion, fact: Fact, holds: bool | None, now: datetime) -> Finding:
    """Say what a recorded fact makes of its criterion."""
    limit, age = criterion.evidence.max_age, now - fact.at
    if limit is not None and age > limit:
        old = f"{criterion.subject} was recorded {span(age)} ago, older than {span(limit)}"
        return Finding(Verdict.INSUFFICIENT_DATA, old, "record it again")
    told = f"{criterion.subject} is {show(fact.value)}"
    if holds is None:
        wrong = f"{told}, which cannot be compared with {show(criterion.threshold)}"
        return Finding(Verdict.ERROR, wrong, "record a value of the right kind")
    if criterion.operator == Operator.EXISTS and holds:
        return Finding(Verdict.PASSED, told)
    if holds:
        return Finding(Verdict.PASSED, f"{told}, needed {expected(criterion)}")
    return Finding(Verdict.FAILED, f"{told}, needed {expected(criterion)}", "record the new value")


def fact_holds(criterion: Criterion, value: Any) -> bool | None:
    """Compare a fact; None where the two are of kinds that cannot be compared."""
    if criterion.operator == Operator.EXISTS:
        empty = isinstance(value, str | list | tuple | Mapping) and not value
        return not (value is None or value is False or empty)
    if isinstance(value, bool) != isinstance(criterion.threshold, bool):
        return None
    try:
        return bool(_COMPARE[criterion.operator](value, criterion.threshold))
    except TypeError:
        return None


def judged_value(criterion: Criterion, seen: Observation) -> float | None:
    """Return the value that is compared: the aggregate, or its change against the baseline."""
    if seen.value is None or criterion.baseline is None:
        return seen.value
    return change(seen.value, seen.base)


def change(value: float, base: float | None) -> float | None:
    """Return the relative change against a baseline; None where there is none, or it is 0."""
    return (value - base) / abs(base) if base else None


def holds_true(criterion: Criterion, value: float) -> bool:
    """Compare a number with the threshold."""
    if criterion.operator == Operator.EXISTS:
        return True
    return bool(_COMPARE[criterion.operator](value, criterion.threshold))


def erred(case: Case) -> Finding | None:
    """Trap 4: a source's error never passes a gate."""
    if case.seen.error is None:
        return None
    message = f"the source of {case.criterion.subject} reports an error: {case.seen.error}"
    return Finding(Verdict.ERROR, message, "mend the source; the next good value counts")


def unseen(case: Case) -> Finding | None:
    """Trap 1: no samples are not a pass."""
    if case.seen.n:
        return None
    message = f"no value of {case.criterion.subject} since {_since(case)}"
    return Finding(Verdict.INSUFFICIENT_DATA, message, f"measure {case.criterion.subject}")


def unbased(case: Case) -> Finding | None:
    """Trap 3: a relative criterion without a baseline is undecided."""
    base = case.criterion.baseline
    if base is None or (case.value is not None and case.seen.base_n >= base.min_samples):
        return None
    name, which = case.criterion.subject, f"{base.kind} {span(base.window)}"
    if missing := _unlived(case, base):
        message = f"no baseline of {name} yet ({which})"
        at = after_active(case.state, missing, case.now)
        return Finding(Verdict.INSUFFICIENT_DATA, message, f"{span(missing)} more", at)
    message = f"{case.seen.base_n} of {base.min_samples} samples of {name} in the {which}"
    if case.seen.base_n >= base.min_samples:
        message = f"the baseline of {name} ({which}) is {show(case.seen.base)}: no change of it"
    return Finding(Verdict.INSUFFICIENT_DATA, message, "waive it, or measure against a threshold")


def _unlived(case: Case, base: Baseline) -> timedelta:
    need = base.window
    if base.kind == BaselineKind.PREVIOUS:
        need += case.criterion.window or base.window
    lived = active_time(case.state, scope_start(case.criterion, case.state), case.now)
    return max(need - lived, timedelta(0))


def unsound(case: Case) -> Finding | None:
    """A value that is not a finite number is an error of its source."""
    if case.value is None:
        told = f"{_values(case)} make no {case.criterion.aggregate}"
        return Finding(Verdict.INSUFFICIENT_DATA, told, "more values")
    if math.isfinite(case.value):
        return None
    return Finding(Verdict.ERROR, f"{case.criterion.subject} is not a number", "mend the source")


def too_few(case: Case) -> Finding | None:
    """Fewer samples than asked for do not decide."""
    need = case.criterion.evidence.min_samples
    if case.seen.n >= need:
        return None
    message = f"{case.seen.n} of {need} samples of {case.criterion.subject} since {_since(case)}"
    return Finding(Verdict.INSUFFICIENT_DATA, message, f"{need - case.seen.n} more samples")


def stale(case: Case) -> Finding | None:
    """Trap 2: stale evidence is not evidence."""
    limit, seen_at = case.criterion.evidence.max_age, case.seen.newest_at
    if limit is None or (seen_at is not None and case.now - seen_at <= limit):
        return None
    age = f"{span(case.now - seen_at)} old" if seen_at else "of unknown age"
    message = f"the newest {case.criterion.subject} is {age}, needed at most {span(limit)}"
    return Finding(Verdict.INSUFFICIENT_DATA, message, "measure it again")


def short_of_coverage(case: Case) -> Finding | None:
    """A window counts only where it was lived through and really observed.

    Coverage forgives gaps in it, not its youth; what was seen already may fail it at once.
    """
    share, window = case.criterion.evidence.coverage, case.criterion.window
    if share is None or _refuted(case):
        return None
    if window is None:
        wrong = f"{case.criterion.name} asks for coverage of a window and names none"
        return Finding(Verdict.ERROR, wrong, "give the criterion a window in the path")
    lived = active_time(case.state, scope_start(case.criterion, case.state), case.now)
    missing = max(window * share - case.seen.covered, window - lived)
    if missing <= timedelta(seconds=1):
        return None
    seen = span(case.seen.covered)
    message = f"{seen} of {span(window)} were observed, needed {share:.0%} of all of it"
    remedy = f"{span(missing)} more of a live source"
    at = after_active(case.state, missing, case.now)
    return Finding(Verdict.INSUFFICIENT_DATA, message, remedy, at)


def _refuted(case: Case) -> bool:
    """Say whether more values of the window could not mend it: a sum only grows, a minimum falls."""
    rule = case.criterion
    if case.holds is not False or case.value is None or rule.baseline is not None:
        return False
    if rule.aggregate == Aggregate.MIN:
        return rule.operator in _LOWER
    grown = rule.operator != Operator.EQ or case.value > rule.threshold
    return rule.aggregate in _GROWING and rule.operator in _UPPER and grown


def contradicted(case: Case) -> Finding | None:
    """The comparison itself."""
    if case.holds:
        return None
    message = f"{_told(case)}, needed {expected(case.criterion)}"
    at = _leaves_window(case)
    remedy = f"{case.criterion.subject} must be {expected(case.criterion)}"
    return Finding(Verdict.FAILED, message, remedy, at)


def _leaves_window(case: Case) -> datetime | None:
    bad, window = case.seen.nonzero_at, case.criterion.window
    if bad is None or window is None or not _refuted(case) or case.criterion.threshold != 0:
        return None
    left = window - active_time(case.state, bad, case.now)
    return after_active(case.state, max(left, timedelta(0)), case.now)


def unstable(case: Case) -> Finding | None:
    """A value that moves more than its tolerance is not stable."""
    policy, seen, name = case.criterion.evidence, case.seen, case.criterion.subject
    asked = [
        (policy.spread, seen.spread, "ranges over {}"),
        (policy.slope, seen.slope, "moves by {} a day"),
    ]
    for limit, found, words in asked:
        if limit is None:
            continue
        if seen.n < 2 or found is None or not math.isfinite(found):
            told = f"{_values(case)} are too few to show stability"
            return Finding(Verdict.INSUFFICIENT_DATA, told, "more values")
        if abs(found) > limit:
            message = f"{name} {words.format(show(found))}, needed at most {show(limit)}"
            return Finding(Verdict.FAILED, message, "it must settle")
    return None


def too_short_a_run(case: Case) -> Finding | None:
    """So many of the newest values, one after another, must each hold."""
    need = case.criterion.evidence.consecutive_passes
    if need <= 1:
        return None
    held = (holds_true(case.criterion, v) for v in _judged(case, case.seen.recent[:need]))
    run = sum(1 for _ in takewhile(bool, held))
    if run >= need:
        return None
    message = f"{run} of {need} values of {case.criterion.subject} in a row hold"
    return Finding(Verdict.PENDING, message, f"{need - run} more good values in a row")


def _judged(case: Case, values: Iterable[float]) -> Iterable[float]:
    """Return values as they are compared: against the baseline, where there is one."""
    if case.criterion.baseline is None:
        return values
    changes = (change(value, case.seen.base) for value in values)
    return (math.nan if found is None else found for found in changes)


RULES: Final[tuple[Callable[[Case], Finding | None], ...]] = (
    erred,
    unseen,
    unbased,
    unsound,
    too_few,
    stale,
    short_of_coverage,
    contradicted,
    unstable,
    too_short_a_run,
)


def passed(case: Case) -> Finding:
    """Say what was seen; no rule objected."""
    return Finding(Verdict.PASSED, f"{_told(case)}, needed {expected(case.criterion)}")


def check(
    criterion: Criterion,
    finding: Finding,
    value: Any,
    seen: Observation = NOTHING,
    holds: bool | None = None,
) -> CriteriaCheck:
    """Return a finding as the check that is kept and shown."""
    return CriteriaCheck(
        name=criterion.name,
        passed=finding.verdict.opens,
        actual_value=value,
        expected_value=expected(criterion),
        message=finding.message,
        verdict=finding.verdict,
        n=seen.n,
        observed_at=seen.newest_at,
        source=seen.source,
        remedy=finding.remedy,
        possible_at=finding.possible_at,
        ball=criterion.ball,
        holds=holds,
    )


def waived(result: CriteriaCheck, actor: str, reason: str, until: datetime) -> CriteriaCheck:
    """Return a check that a person set aside, saying what it would have been."""
    note = f"waived by {actor} until {until:%Y-%m-%d %H:%M}: {reason}. Without it: {result.message}"
    return replace(result, passed=True, verdict=Verdict.WAIVED, message=note, remedy="")


def expected(criterion: Criterion) -> str:
    """Return operator and threshold as people read them."""
    if criterion.operator == Operator.EXISTS:
        return "recorded"
    if criterion.baseline is not None and isinstance(criterion.threshold, int | float):
        return f"{criterion.operator} {criterion.threshold:+.0%} against the baseline"
    return f"{criterion.operator} {show(criterion.threshold)}"


def example(criterion: Criterion) -> str:
    """Return a value that would satisfy a fact's criterion, for a hint."""
    return "VALUE" if criterion.operator == Operator.EXISTS else show(criterion.threshold)


def show(value: Any) -> str:
    """Return a value as people read it: four significant digits, durations in words."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.0f}"
    return f"{value!s:.80}"


def exactly(value: Any, other: Any) -> str:
    """Return a value as people read it, with all its digits where it would look like another."""
    text = show(value)
    return (
        repr(value) if isinstance(value, float) and value != other and text == show(other) else text
    )


def _values(case: Case) -> str:
    return f"{case.seen.n} value{'' if case.seen.n == 1 else 's'} of {case.criterion.subject}"


def _told(case: Case) -> str:
    name, unit = case.criterion.subject, ""
    if case.criterion.aggregate != Aggregate.LATEST:
        name = f"{case.criterion.aggregate} of {name}"
    if case.criterion.window:
        unit = f" over {span(case.criterion.window)}"
    if case.criterion.observe == Observe.METRIC and case.criterion.baseline:
        return f"{name}{unit} changed by {case.value or 0:+.1%} (n={case.seen.n})"
    return f"{name}{unit} is {exactly(case.value, case.criterion.threshold)} (n={case.seen.n})"


def _since(case: Case) -> str:
    return f"{evidence_start(case.criterion, case.state, case.now):%Y-%m-%d %H:%M}"
