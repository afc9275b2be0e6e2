"""Parts of a path in words: the same for ``path show``, ``path diff`` and ``path lint``."""

from datetime import timedelta
from typing import Any

from sojourn.core.criteria import Aggregate, Criterion, Observe, Operator, Since
from sojourn.core.paths import Gate, Mode, StagePlan, TaskPlan, Trigger, UnitPlan, Wave
from sojourn.core.work import Purpose
from sojourn.paths import durations


def span(length: timedelta) -> str:
    """Return a duration as a path file writes it."""
    return durations.write(length)


def value(thing: Any) -> str:
    """Return a plain value as people read it."""
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, timedelta):
        return span(thing)
    return f"{thing:g}" if isinstance(thing, float) else str(thing)


def condition(criterion: Criterion) -> str:
    """Return what must hold: ``mean of search_precision over 3d >= 0.85``."""
    match criterion.observe:
        case Observe.METRIC:
            return f"{_observed(criterion)} {_compared(criterion)}"
        case Observe.FACT:
            return f"{criterion.subject} {_compared(criterion)}"
        case Observe.APPROVAL:
            return f"{criterion.subject} approved by {_people(criterion)}"
        case Observe.WORK:
            return f"all {criterion.subject} work done"
        case Observe.SOAK:
            return f"{value(criterion.threshold)} of healthy time"
        case Observe.ROLLOUT:
            return f"{value(criterion.threshold)} % of the users served"


def _observed(criterion: Criterion) -> str:
    what = "change of " if criterion.baseline else ""
    if criterion.aggregate != Aggregate.LATEST:
        what += f"{criterion.aggregate} of "
    over = f" over {span(criterion.window)}" if criterion.window else ""
    return f"{what}{criterion.subject}{over}"


def _compared(criterion: Criterion) -> str:
    if criterion.operator == Operator.EXISTS:
        return "exists"
    if criterion.baseline is None:
        return f"{criterion.operator} {value(criterion.threshold)}"
    base = criterion.baseline
    against = f"{base.kind} {span(base.window)}"
    return f"{criterion.operator} {criterion.threshold * 100:+g} % against the {against}"


def _people(criterion: Criterion) -> str:
    rule = criterion.approval
    if rule is None:
        return "an approver"
    people = f"{rule.quorum} of " if rule.quorum > 1 else ""
    good = f", good for {span(rule.expires)}" if rule.expires else ""
    return f"{people}{' or '.join(rule.roles)}{good}"


def evidence(criterion: Criterion) -> str:
    """Return what is asked of the evidence: ``observed for 95 %``; empty where nothing is."""
    asked, base = criterion.evidence, criterion.baseline
    few, least = asked.min_samples, base.min_samples if base else 1
    gaps = f", every {span(asked.every)}" if asked.every else ""
    parts = (
        f"at least {few} samples" if few > 1 else "",
        f"at most {span(asked.max_age)} old" if asked.max_age else "",
        f"observed for {asked.coverage * 100:g} %{gaps}" if asked.coverage else "",
        f"spread at most {asked.spread:g}" if asked.spread is not None else "",
        f"moving at most {asked.slope:g} a day" if asked.slope is not None else "",
        _in_a_row(criterion),
        f"baseline of at least {least} samples" if least > 1 else "",
    )
    return ", ".join(part for part in parts if part)


def _in_a_row(criterion: Criterion) -> str:
    times = criterion.evidence.consecutive_passes
    rows = [f"{times} times in a row"] if times > 1 else []
    rows += ["since the journey began"] if criterion.since == Since.JOURNEY else []
    return ", ".join(rows)


def sentence(criterion: Criterion) -> str:
    """Return condition and evidence in one line."""
    asked = evidence(criterion)
    return condition(criterion) + (f" ({asked})" if asked else "")


def trigger(one: Trigger) -> str:
    """Return a trigger in one line: ``rollback to sandbox when findings > 0 for 6h``."""
    goal = f" to {one.target}" if one.target else ""
    lasting = f" for {span(one.lasting)}" if one.lasting else ""
    quiet = f", then quiet for {span(one.cooldown)}" if one.cooldown else ""
    return f"{one.action}{goal} when {sentence(one.criterion)}{lasting}{quiet}"


def unit(one: UnitPlan) -> str:
    """Return how a unit is done: ``after dataset, every 1d``."""
    parts = [f"after {', '.join(one.depends_on)}"] if one.depends_on else []
    parts += [f"every {span(one.every)}"] if one.every else []
    parts += [] if one.required else ["not required"]
    parts += [str(one.purpose)] if one.purpose != Purpose.ACTIVITY else []
    return ", ".join(parts) or "at once"


def task(one: TaskPlan) -> str:
    """Return who does a task and what becomes of it in a rollback."""
    each = f" for each of {one.for_each}" if one.for_each else ""
    after = f", after {', '.join(one.depends_on)}" if one.depends_on else ""
    undone = ", irreversible" if one.irreversible else ""
    undone = f", undone by {one.undo.agent_id}" if one.undo else undone
    return f"{one.agent_id}{each}{after}{undone}"


def wave(one: Wave) -> str:
    """Return a wave in one line."""
    soak = f", {span(one.soak)} of healthy time" if one.soak else ""
    return f"{one.percent} % of the users{soak}"


def gate(one: Gate) -> str:
    """Return how a gate is passed."""
    return "a person passes it" if one.mode == Mode.MANUAL else "passed as soon as it holds"


def schedule(stage: StagePlan) -> str:
    """Return how long a stage may take."""
    least = f"{span(stage.earliest)} to " if stage.earliest else ""
    base = f", by hand {span(stage.baseline)}" if stage.baseline else ""
    return f"{least}{span(stage.target)}, stuck after {span(stage.limit)}{base}"
