"""What a sound path may still have wrong: gates that cannot open, triggers that fight them."""

import operator as compare_by
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from sojourn.core.criteria import Criterion, Observe, Operator
from sojourn.core.paths import Action, Path, StagePlan, TaskPlan, UnitPlan, criteria_of, subjects
from sojourn.core.references import Reference, find
from sojourn.core.work import hint
from sojourn.paths.words import condition, span


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader of the path should know."""

    level: Level
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.message}"


def lint(
    path: Path, agents: Collection[str] | None = None, roles: Collection[str] | None = None
) -> list[Finding]:
    """Return what is questionable about a path, the worst first.

    ``agents`` are the ids of the agents that exist, ``roles`` the roles that people have; None
    leaves them unchecked.
    """
    found = [f for stage in path.stages for rule in RULES for f in rule(stage)]
    found += _unasked_facts(path)
    found += _missing_metadata(path)
    found += _unknown_agents(path, agents) if agents is not None else ()
    found += _unheld_roles(path, roles) if roles is not None else ()
    found += _from_outside(path)
    rank = list(Level)
    return sorted(found, key=lambda f: rank.index(f.level))


def units(stage: StagePlan) -> tuple[UnitPlan, ...]:
    """Return the units of a stage, the rollout's last."""
    return (*stage.work, *((stage.rollout.unit,) if stage.rollout else ()))


def _warning(stage: StagePlan, place: str, message: str) -> Finding:
    return Finding(Level.WARNING, f"{stage.name}.{place}", message)


def unasked_work(stage: StagePlan) -> Iterator[Finding]:
    """Required work that no gate asks for, and a gate that asks for work that is not there."""
    asked = any(c.observe == Observe.WORK for c in stage.exit.criteria)
    required = [u.name for u in units(stage) if u.required]
    if required and not asked:
        says = f"required work ({', '.join(required)}) that no criterion waits for"
        yield _warning(stage, "exit", f"{says}; add work: required")
    if asked and not required:
        yield _warning(stage, "exit", "waits for required work, and there is none: never opens")


def unasked_rollout(stage: StagePlan) -> Iterator[Finding]:
    """A rollout that the journey may leave half-way."""
    rollouts = [c for c in stage.exit.criteria if c.observe == Observe.ROLLOUT]
    if stage.rollout and not rollouts:
        yield _warning(stage, "exit", "the journey may leave before all users are served; "
                       "add rollout: 100")  # fmt: skip


def slow_windows(stage: StagePlan) -> Iterator[Finding]:
    """A window that takes longer to fill than the stage may last."""
    for criterion in stage.exit.criteria:
        need = max(_fill(criterion), criterion.threshold if _soaks(criterion) else timedelta(0))
        if need > stage.limit:
            says = f"takes {span(need)} to hold, the stage is stuck after {span(stage.limit)}"
            yield _warning(stage, f"exit.{criterion.name}", says)


def _soaks(criterion: Criterion) -> bool:
    return criterion.observe == Observe.SOAK


def _fill(criterion: Criterion) -> timedelta:
    window = criterion.window or timedelta(0)
    covered = window * criterion.evidence.coverage if criterion.evidence.coverage else timedelta(0)
    base = criterion.baseline.window if criterion.baseline else timedelta(0)
    return (window if base else covered) + base


def seldom_observed(stage: StagePlan) -> Iterator[Finding]:
    """Coverage that the stage's own work cannot bring, where that work alone measures the metric."""
    for place, criterion in criteria_of(stage):
        every = criterion.evidence.every
        own = [u for u in units(stage) if _measures(u, criterion.subject)]
        if every is None or not own or any(u.every and u.every <= every for u in own):
            continue
        often = min((u.every for u in own if u.every), default=None)
        does = f"repeats every {span(often)}" if often else "runs only once"
        says = f"wants a sample every {span(every)}, and the unit that measures it {does}"
        yield _warning(stage, f"{place}.{criterion.name}", says)


def _measures(unit: UnitPlan, metric: str) -> bool:
    return any(metric in task.measures for task in unit.tasks)


def stale_triggers(stage: StagePlan) -> Iterator[Finding]:
    """A trigger that old news could trip."""
    for trigger in stage.triggers:
        criterion = trigger.criterion
        if criterion.observe == Observe.METRIC and criterion.evidence.max_age is None:
            says = "old evidence can trip it; say how fresh it must be with max_age"
            yield _warning(stage, f"trigger.{criterion.name}", says)


def quarrels(stage: StagePlan) -> Iterator[Finding]:
    """A trigger that trips on a value which the exit gate accepts."""
    for trigger in stage.triggers:
        bad = trigger.criterion
        for good in stage.exit.criteria:
            if trigger.action != Action.ALERT and _comparable(bad, good):
                value = _shared(bad, good)
                if value is not None:
                    says = f"trips at {value:g}, which the exit gate ({condition(good)}) accepts"
                    yield _warning(stage, f"trigger.{bad.name}", says)


def _comparable(bad: Criterion, good: Criterion) -> bool:
    return (
        bad.observe == good.observe == Observe.METRIC
        and (bad.subject, bad.aggregate, bad.baseline) == (
            good.subject, good.aggregate, good.baseline)
        and {bad.operator, good.operator}.isdisjoint({Operator.EXISTS})
    )  # fmt: skip


def _shared(one: Criterion, other: Criterion) -> float | None:
    ends = sorted((float(one.threshold), float(other.threshold)))
    step = max(abs(ends[1] - ends[0]), 1.0)
    probes = [*ends, sum(ends) / 2, ends[0] - step, ends[1] + step]
    return next((p for p in probes if _holds(one, p) and _holds(other, p)), None)


def _holds(criterion: Criterion, value: float) -> bool:
    return bool(_COMPARE[criterion.operator](value, float(criterion.threshold)))


_COMPARE: Final[Mapping[Operator, Callable[[Any, Any], Any]]] = {
    Operator.GE: compare_by.ge,
    Operator.GT: compare_by.gt,
    Operator.LE: compare_by.le,
    Operator.LT: compare_by.lt,
    Operator.EQ: compare_by.eq,
    Operator.NE: compare_by.ne,
}


def lasting_effects(stage: StagePlan) -> Iterator[Finding]:
    """Tasks that are done once and say neither how to take them back nor that nothing does."""
    left = [
        f"{unit.name}.{task.task_id}"
        for unit in units(stage)
        for task in unit.tasks
        if not (unit.every or task.undo or task.irreversible or task.idempotent)
    ]
    if left:
        says = f"a rollback leaves what these tasks did: {', '.join(left)}"
        advice = "add undo: or irreversible: true, or idempotent: true where nothing is left"
        yield Finding(Level.INFO, f"{stage.name}.work", f"{says}; {advice}")


def _unasked_facts(path: Path) -> Iterator[Finding]:
    """Facts that a stage's work is planned with, although no gate before makes sure of them."""
    asked: set[str] = set()
    for stage in path.stages:
        asked |= _facts(stage.entry.criteria)
        for place, name in _named(stage, "facts"):
            if name not in asked:
                says = f"needs the fact {name} before it can be planned, and no gate asks for it"
                yield _warning(stage, place, f"{says}; add it to the entry criteria")
        asked |= _facts(stage.exit.criteria)
        asked |= {fact for unit in units(stage) for task in unit.tasks for fact in task.facts}


def _facts(criteria: Iterable[Criterion]) -> set[str]:
    return {c.subject for c in criteria if c.observe == Observe.FACT}


def _missing_metadata(path: Path) -> Iterator[Finding]:
    """Metadata without a default: a journey that starts without them stops at this work."""
    for stage in path.stages:
        for place, name in _named(stage, "journey"):
            if name and name not in path.defaults:
                says = f"needs the metadata {name}, which have no default"
                yield _warning(stage, place, f"{says}; add it to defaults")


def _named(stage: StagePlan, namespace: str) -> list[tuple[str, str]]:
    """Return what the stage's tasks name in a namespace, each once with the task's place."""
    found: dict[tuple[str, str], None] = {}
    for unit in units(stage):
        for task in unit.tasks:
            undo = task.undo.input_data if task.undo else None
            for reference in find([task.input_data, task.for_each, undo]):
                if reference.namespace == namespace:
                    found[f"{unit.name}.{task.task_id}", _key(reference)] = None
    return list(found)


def _key(reference: Reference) -> str:
    match reference.parts:
        case ("journey", "metadata", name, *_) | ("facts", name, *_):
            return name
    return ""


def _unknown_agents(path: Path, agents: Collection[str]) -> Iterator[Finding]:
    for stage in path.stages:
        for unit in units(stage):
            for task in unit.tasks:
                for agent in _agents(task):
                    if agent not in agents:
                        place = f"{stage.name}.{unit.name}.{task.task_id}"
                        says = f"there is no agent {agent!r}{hint(agent, agents)}"
                        yield Finding(Level.ERROR, place, says)


def _agents(task: TaskPlan) -> list[str]:
    return list(dict.fromkeys([task.agent_id, *([task.undo.agent_id] if task.undo else [])]))


def _unheld_roles(path: Path, roles: Collection[str]) -> Iterator[Finding]:
    for stage in path.stages:
        for place, criterion in criteria_of(stage):
            rule = criterion.approval
            if rule and not set(rule.roles) & set(roles):
                says = f"nobody has a role that may approve it: {', '.join(rule.roles)}"
                yield _warning(stage, f"{place}.{criterion.name}", says)


def _from_outside(path: Path) -> Iterator[Finding]:
    tasks = [t for s in path.stages for u in units(s) for t in u.tasks]
    for observe, brought in (
        (Observe.METRIC, {m for t in tasks for m in t.measures}),
        (Observe.FACT, {f for t in tasks for f in t.facts}),
    ):
        left = sorted(subjects(path, observe) - brought)
        if left:
            says = f"no task's output is mapped to {', '.join(left)}"
            whence = "they come from what agents report themselves, or from sojourn record"
            yield Finding(Level.INFO, f"{observe}s", f"{says}; {whence}")


RULES: Final[tuple[Callable[[StagePlan], Iterator[Finding]], ...]] = (
    unasked_work,
    unasked_rollout,
    slow_windows,
    seldom_observed,
    stale_triggers,
    quarrels,
    lasting_effects,
)
