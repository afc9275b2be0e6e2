"""A path: the versioned definition of a journey, as the loader hands it to the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sojourn.core.criteria import Criterion, Observe
from sojourn.core.stages import Stage, Table, transition_table
from sojourn.core.work import Purpose, Retry, Undo


class RollbackTrigger(StrEnum):
    """The seven reasons of the specification for which a journey is rolled back."""

    SECURITY_VULNERABILITY = "security_vulnerability"
    DATA_QUALITY_LOW = "data_quality_low"
    USER_SATISFACTION_LOW = "user_satisfaction_low"
    CRITICAL_BUG = "critical_bug"
    PERFORMANCE_DEGRADATION = "performance_degradation"
    MAJOR_INCIDENT = "major_incident"
    CLIENT_REQUEST = "client_request"


class Action(StrEnum):
    """What a trigger does when it trips."""

    ROLLBACK = "rollback"
    HOLD = "hold"
    ALERT = "alert"


class Mode(StrEnum):
    """Whether a gate that holds is passed by the engine itself or waits for a person."""

    AUTO = "auto"
    MANUAL = "manual"


class AfterRollback(StrEnum):
    """What follows a rollback that was validated."""

    RESUME = "resume"
    HOLD = "hold"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Gate:
    """Entry or exit criteria of a stage, or the checks after a rollback."""

    criteria: tuple[Criterion, ...] = ()
    mode: Mode = Mode.AUTO
    waiver_roles: tuple[str, ...] = ("approver", "admin")


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """A task as a path describes it; ``for_each`` makes one task of each item of a list.

    Strings in ``input_data`` may hold references: ``${client.id}``, ``${journey.metadata.x}``,
    ``${facts.x}``, ``${tasks.<task>.output.x}``, ``${units.<unit>.<task>.output.x}``, ``${item}``,
    and in a rollout's unit ``${wave.percent}`` (source: :mod:`sojourn.core.references`).
    """

    task_id: str
    name: str
    agent_id: str
    input_data: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    max_retries: int = 3
    timeout: timedelta = timedelta(seconds=60)
    deadline: timedelta = timedelta(days=3)
    retry: Retry = Retry()
    undo: Undo | None = None
    irreversible: bool = False
    idempotent: bool = False
    measures: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    for_each: str | None = None


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A unit of work as a path describes it; ``name`` is unique within its stage."""

    name: str
    tasks: tuple[TaskPlan, ...]
    depends_on: tuple[str, ...] = ()
    purpose: Purpose = Purpose.ACTIVITY
    required: bool = True
    every: timedelta | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A criterion that states what must not be; when it holds for long enough, it trips.

    ``lasting`` is how long, ``criterion.evidence.consecutive_passes`` how often in a row,
    ``criterion.evidence.max_age`` how fresh; ``cooldown`` is the least time between two trips.
    ``target`` is a stage's name, or None for the previous stable stage.
    """

    kind: RollbackTrigger
    criterion: Criterion
    action: Action = Action.ROLLBACK
    target: Stage | None = None
    lasting: timedelta = timedelta(0)
    cooldown: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Wave:
    """One step of a rollout: users served, in percent, and what must hold before the next."""

    percent: int
    soak: timedelta = timedelta(0)
    criteria: tuple[Criterion, ...] = ()


@dataclass(frozen=True, slots=True)
class Rollout:
    """Waves of nested cohorts in ascending percent, each served by one unit of work."""

    waves: tuple[Wave, ...]
    unit: UnitPlan


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage of a path. Durations count the journey's own clock, held time left out."""

    name: Stage
    entry: Gate
    exit: Gate
    work: tuple[UnitPlan, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    rollout: Rollout | None = None
    success: tuple[Criterion, ...] = ()
    target: timedelta = timedelta(days=15)
    earliest: timedelta = timedelta(0)
    """Lower end of the target range; a stage done sooner is ahead."""
    limit: timedelta = timedelta(days=30)
    baseline: timedelta | None = None
    title: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class RollbackPolicy:
    """What follows a rollback, how often, and what must hold before the journey goes on."""

    after: AfterRollback = AfterRollback.RESUME
    max_rollbacks: int = 3
    checks: Gate = Gate()
    timeout: timedelta = timedelta(days=2)
    """How long undo and checks may take before a person is asked."""


@dataclass(frozen=True, slots=True)
class Path:
    """A whole path. ``digest`` identifies its content; the store gives each digest a version."""

    name: str
    stages: tuple[StagePlan, ...]
    title: str = ""
    description: str = ""
    rollback: RollbackPolicy = RollbackPolicy()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Metadata that a journey starts with where its client brings none."""
    digest: str = ""
    version: int = 0

    def stage(self, name: Stage) -> StagePlan:
        """Return a stage by name; KeyError for a name that the path does not have."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def has(self, name: Stage) -> bool:
        """Say whether the path has a stage of that name."""
        return name in self.names

    def following(self, name: Stage) -> StagePlan | None:
        """Return the stage after one, or None after the last; KeyError for an unknown name."""
        stages = iter(self.stages)
        for stage in stages:
            if stage.name == name:
                return next(stages, None)
        raise KeyError(name)

    @property
    def names(self) -> tuple[Stage, ...]:
        """Return the names of the stages in order."""
        return tuple(s.name for s in self.stages)

    @property
    def table(self) -> Table:
        """Return the path's transition table."""
        return _table(self.names)


@lru_cache(maxsize=1000)
def _table(names: tuple[Stage, ...]) -> Table:
    """Return the table of so many stages; every look asks for it, several times."""
    return transition_table(names)


def criteria_of(stage: StagePlan) -> list[tuple[str, Criterion]]:
    """Return every criterion of a stage with the place it stands in (``exit``, ``wave-1`` ...)."""
    waves = stage.rollout.waves if stage.rollout else ()
    found = [("entry", c) for c in stage.entry.criteria]
    found += [("exit", c) for c in stage.exit.criteria]
    found += [(f"wave-{i}", c) for i, w in enumerate(waves, 1) for c in w.criteria]
    found += [("trigger", t.criterion) for t in stage.triggers]
    return found + [("success", c) for c in stage.success]


def lists_of(path: Path) -> frozenset[str]:
    """Return the facts of which a path makes one task per item: lists, with an item at least."""
    each = [t.for_each for s in path.stages for u in s.work for t in u.tasks if t.for_each]
    facts = (e.removeprefix("${facts.").rstrip("}") for e in each if e.startswith("${facts."))
    return frozenset(facts)


def subjects(path: Path, observe: Observe) -> set[str]:
    """Return the names of all metrics, or all facts, that a path's criteria look at."""
    places = [c for s in path.stages for _, c in criteria_of(s)]
    every = [*places, *path.rollback.checks.criteria]
    return {c.subject for c in every if c.observe == observe}
