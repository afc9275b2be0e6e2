"""What is not wrong yet and may become so: triggers near their limits, evidence that grows old."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sojourn.core.criteria import (
    CriteriaCheck,
    Criterion,
    Observation,
    Observe,
    Operator,
    Verdict,
)
from sojourn.core.decision import Alert
from sojourn.core.gates import Faced, faced
from sojourn.core.judge import expected, holds_true, judge, judged_value, show
from sojourn.core.paths import Action, Trigger
from sojourn.core.snapshot import Snapshot, span

NEAR: Final = 0.10
"""A trigger is near its limit where the value is within this share of the threshold."""
FAR: Final = 0.15
"""And remains so until the value is this far away again, for a value on the edge swings."""
_ORDERED: Final = (Operator.GE, Operator.GT, Operator.LE, Operator.LT)
Numbers = tuple[int | float, int | float]


def nearing(shot: Snapshot, now: datetime) -> Iterator[Alert]:
    """Yield an alert for each trigger near its limit or past it, and for each metric gone stale."""
    state = shot.state
    if state.hold or not state.active:
        return
    yield from _triggers(shot, now)
    for item in faced(shot.path, state):
        if alert := _stale(item, shot, now):
            yield alert


def _triggers(shot: Snapshot, now: datetime) -> Iterator[Alert]:
    stage = shot.path.stage(shot.state.current_stage)
    if shot.state.admitted_at is None:
        return
    for trigger in stage.triggers:
        rule = trigger.criterion
        seen = shot.seen.get(f"{stage.name}/trigger/{rule.name}")
        # Most are far from their limits: what is not worth telling is not judged once more.
        if rule.observe == Observe.METRIC and seen is not None and _worth(rule, seen):
            check = judge(rule, seen, shot.state, now)
            if alert := _trigger(trigger, check, shot):
                yield alert


def _worth(rule: Criterion, seen: Observation) -> bool:
    value = judged_value(rule, seen)
    return value is not None and (holds_true(rule, value) or _near(rule, value, FAR))


def _trigger(trigger: Trigger, check: CriteriaCheck, shot: Snapshot) -> Alert | None:
    if check.passed and trigger.action != Action.ALERT:
        return _alert("breached", trigger, check, f"trips the trigger {trigger.criterion.name}")
    if check.verdict != Verdict.FAILED or check.holds is not False:
        return None
    known = ("near_limit", trigger.criterion.name) in shot.alerts
    if not _near(trigger.criterion, check.actual_value, FAR if known else NEAR):
        return None
    return _alert("near_limit", trigger, check, f"is near what {_done(trigger.action)}")


def _near(criterion: Criterion, value: object, share: float) -> bool:
    numbers = _numbers(value, criterion.threshold)
    if criterion.operator not in _ORDERED or numbers is None:
        return False
    actual, limit = numbers
    return limit != 0 and abs(actual - limit) <= share * abs(limit)


def _numbers(value: object, limit: object) -> Numbers | None:
    if isinstance(value, int | float) and isinstance(limit, int | float):
        return value, limit
    return None


def _done(action: Action) -> str:
    words = {Action.ROLLBACK: "rolls the journey back", Action.HOLD: "holds the journey"}
    return words.get(action, "is told of")


def _alert(kind: str, trigger: Trigger, check: CriteriaCheck, told: str) -> Alert:
    rule = trigger.criterion
    value, limit = show(check.actual_value), expected(rule)
    return Alert(
        kind,
        rule.name,
        "notify",
        f"{rule.subject} is {value} and {told} ({limit})",
        "sojourn explain CLIENT",
        actual=value,
        expected=limit,
        cause=f"{trigger.kind.replace('_', ' ')}, as {check.source or 'its source'} sees it",
    )


def _stale(item: Faced, shot: Snapshot, now: datetime) -> Alert | None:
    rule, limit = item.criterion, item.criterion.evidence.max_age
    seen = shot.seen.get(item.key) if limit is not None else None
    newest = seen.newest_at if seen else None
    if limit is None or newest is None or now - newest <= limit:
        return None
    source = seen.source if seen and seen.source else "its source"
    return Alert(
        "stale_source",
        rule.subject,
        "notify",
        f"the newest {rule.subject} is {span(now - newest)} old, good for {span(limit)}",
        f"let {source} measure {rule.subject} again",
        actual=span(now - newest),
        expected=f"at most {span(limit)}",
        cause=f"{source} has not reported since {newest:%Y-%m-%d %H:%M}",
    )
