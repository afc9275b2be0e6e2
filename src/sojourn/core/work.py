"""Units of work and tasks: an atomic, acyclic set of calls; readiness, retries and undo order."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import Any

from sojourn.core.stages import Stage


class UnitOfWorkStatus(StrEnum):
    """Where a unit stands.

    ``rolled_back`` also marks work withdrawn by a rollback or with its journey; what a promotion
    leaves unfinished has ``failed``, and a rollback that leaves its stage still undoes it.
    """

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"


class TaskStatus(StrEnum):
    """Where a task stands. A running task with a question waits for a person."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class Purpose(StrEnum):
    """What a unit is for."""

    ACTIVITY = "activity"
    ROLLOUT = "rollout"
    ROLLBACK = "rollback"
    MILESTONE = "milestone"


class InvalidWork(ValueError):
    """A unit that cannot be: ``place`` says where, the message what is wrong and what is right."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


@dataclass(frozen=True, slots=True)
class Retry:
    """How a failed attempt is tried again: exponential backoff with full jitter above the base."""

    base: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=10)

    def delay(self, retry: int, draw: float) -> timedelta:
        """Return the wait before retry number ``retry`` (1 is the first).

        ``draw`` is uniform in [0, 1): the wait lies between half of the backoff and all of it.
        """
        return self.backoff(retry) * (0.5 + draw / 2)

    def backoff(self, retry: int) -> timedelta:
        """Return the whole wait before a retry, without its jitter."""
        base, longest = self.base.total_seconds(), self.longest.total_seconds()
        try:
            full = base * self.factor ** (retry - 1)
        except OverflowError:
            full = longest if base else 0.0
        return timedelta(seconds=min(full, longest))


@dataclass(frozen=True, slots=True)
class Undo:
    """The call that takes a completed task back."""

    agent_id: str
    input_data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """One call of one agent (the specification's fields first).

    ``timeout`` bounds one attempt, ``deadline`` the task in all; ``measures`` and ``facts`` map a
    metric's or a fact's name to a dotted place in the output.
    """

    task_id: str
    name: str
    agent_id: str
    input_data: Mapping[str, Any] = field(default_factory=dict)
    output_data: Mapping[str, Any] | None = None
    status: TaskStatus = TaskStatus.PENDING
    retry_count: int = 0
    max_retries: int = 3
    depends_on: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=60)
    deadline: timedelta = timedelta(days=3)
    retry: Retry = Retry()
    undo: Undo | None = None
    irreversible: bool = False
    idempotent: bool = False
    measures: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    """The path's task that a ``for_each`` made this one of; its outputs are a list together."""
    undo_of: tuple[str, str] | None = None
    """For a rollback's task: the unit and task that it takes back."""
    question: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """An atomic set of tasks, a DAG (the specification's fields first).

    ``dependencies`` name units that must complete first. ``every`` re-arms a completed unit, so
    that it observes for as long as its stage lasts.
    """

    uow_id: str
    journey_id: str
    stage: Stage
    tasks: tuple[Task, ...]
    dependencies: tuple[str, ...] = ()
    status: UnitOfWorkStatus = UnitOfWorkStatus.PENDING
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    name: str = ""
    purpose: Purpose = Purpose.ACTIVITY
    required: bool = True
    every: timedelta | None = None
    visit: int = 1
    wave: int | None = None
    external_id: str = ""
    """The id by which its sender knows it, where that is not ours."""
    external_journey: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A task that needs a person: it failed for good, or an agent asks something."""

    task_id: str
    name: str
    agent_id: str
    message: str
    since: datetime | None = None
    deadline_at: datetime | None = None
    kind: str = "failed"
    """``failed``, or what is asked for: ``input`` or ``auth``."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A unit as the engine counts it, without its tasks' inputs and outputs."""

    uow_id: str
    name: str
    stage: Stage
    visit: int
    purpose: Purpose
    status: UnitOfWorkStatus
    dependencies: tuple[str, ...] = ()
    required: bool = True
    every: timedelta | None = None
    wave: int | None = None
    runs: int = 0
    """How often it has completed; a repeated unit counts as done after its first run."""
    total: int = 0
    completed: int = 0
    failed: int = 0
    live: int = 0
    """Tasks that run, or will run without any other task's doing."""
    started: bool = False
    queued: int = 0
    """Tasks that are ready and wait for a worker."""
    troubles: tuple[Trouble, ...] = ()
    deadline_at: datetime | None = None

    @property
    def done(self) -> bool:
        """Say whether the unit has done what a gate may ask of it."""
        return self.status == UnitOfWorkStatus.COMPLETED or self.runs > 0

    @property
    def open(self) -> bool:
        """Say whether the unit may still change by itself."""
        return self.status in (UnitOfWorkStatus.PENDING, UnitOfWorkStatus.RUNNING)


def unit_status(progress: Progress) -> UnitOfWorkStatus:
    """Return a unit's status from its tasks' counts.

    A unit fails when a task has failed and nothing that could still run is left; what does not
    depend on the failed task runs on until then.
    """
    if not progress.open:
        return progress.status
    if progress.completed == progress.total:
        return UnitOfWorkStatus.COMPLETED
    if progress.failed and not progress.live:
        return UnitOfWorkStatus.FAILED
    return UnitOfWorkStatus.RUNNING if progress.started else UnitOfWorkStatus.PENDING


def ready(tasks: Iterable[Task]) -> list[Task]:
    """Return the pending tasks whose dependencies have all completed."""
    every = tuple(tasks)
    done = {t.task_id for t in every if t.status == TaskStatus.COMPLETED}
    return [t for t in every if t.status == TaskStatus.PENDING and done.issuperset(t.depends_on)]


def order(edges: Mapping[str, Sequence[str]], place: str = "depends_on") -> list[str]:
    """Return the names so that each stands after the ones it depends on, otherwise as given.

    ``edges`` maps a name to the names it depends on. Raises :class:`InvalidWork`, naming the
    place, for a name that is missing and for a circle.
    """
    for name, needs in edges.items():
        for need in needs:
            if need not in edges:
                raise InvalidWork(f"{name}.{place}", f"{need!r} is not there{hint(need, edges)}")
    sorter = TopologicalSorter(edges)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1][::-1])
        raise InvalidWork(f"{error.args[1][0]}.{place}", f"goes in a circle: {circle}") from None
    return list(_first_given_first(sorter, list(edges)))


def _first_given_first(sorter: TopologicalSorter[str], names: Sequence[str]) -> Iterator[str]:
    rank = {name: index for index, name in enumerate(names)}
    free: list[int] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(free, rank[name])
        first = names[heappop(free)]
        sorter.done(first)
        yield first


def hint(name: str, known: Iterable[str]) -> str:
    """Return what may have been meant, as the end of a sentence, or what there is."""
    names = sorted(map(str, known))
    close = get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there is: {', '.join(names[:12])}" if names else "; there is none"


def check_unit(unit: UnitOfWork, agents: Collection[str] | None = None) -> UnitOfWork:
    """Return the unit if it is sound: has tasks, unique ids, known agents and no circle.

    ``agents`` are the ids of the agents that exist (None: not checked). Raises
    :class:`InvalidWork` at the first fault; nothing of a faulty unit may be written.
    """
    if not unit.tasks:
        raise InvalidWork("tasks", "a unit of work needs at least one task")
    seen: set[str] = set()
    for index, task in enumerate(unit.tasks):
        if task.task_id in seen:
            raise InvalidWork(f"tasks[{index}].task_id", f"{task.task_id!r} stands there twice")
        seen.add(task.task_id)
        if agents is not None and task.agent_id not in agents:
            place = f"tasks[{index}].agent_id"
            raise InvalidWork(
                place, f"unknown agent {task.agent_id!r}{hint(task.agent_id, agents)}"
            )
    order({t.task_id: t.depends_on for t in unit.tasks})
    return unit


def undo_unit(
    journey_id: str, stage: Stage, done: Sequence[tuple[UnitOfWork, Task]], visit: int
) -> UnitOfWork | None:
    """Return the rollback unit that takes completed tasks back, newest first, one after another.

    ``done`` are the completed tasks of the stages left, each with its unit, oldest completion
    first and in topological order within a unit. Tasks without an undo leave nothing to take back.
    None when nothing is. Source: design, Rollback.
    """
    steps = [(unit, task, task.undo) for unit, task in reversed(done) if task.undo]
    tasks: list[Task] = []
    for unit, task, undo in steps:
        tasks.append(
            Task(
                task_id=f"undo-{len(tasks) + 1:03d}",
                name=f"Undo {task.name}",
                agent_id=undo.agent_id,
                input_data={**undo.input_data, "undo_of": original(task)},
                depends_on=tuple(t.task_id for t in tasks[-1:]),
                max_retries=max(task.max_retries, 3),
                timeout=task.timeout,
                idempotent=True,
                undo_of=(unit.uow_id, task.task_id),
            )
        )
    if not tasks:
        return None
    name = f"rollback-{visit}"
    purpose = Purpose.ROLLBACK
    return UnitOfWork(
        name, journey_id, stage, tuple(tasks), name=name, purpose=purpose, visit=visit
    )


def original(task: Task) -> dict[str, Any]:
    """Return what an undo is told of the call that it takes back."""
    return {"task_id": task.task_id, "input": task.input_data, "output": task.output_data}


def undo_order(done: Iterable[tuple[UnitOfWork, Task]]) -> list[tuple[UnitOfWork, Task]]:
    """Sort completed tasks oldest first so that none stands before what it depends on.

    Completion times alone do not do: times can be equal, and a repeated unit completes again after
    what depends on it. So the dependencies decide, of tasks and of units, and time the rest.
    """
    pairs = {f"{u.uow_id}/{t.task_id}": (u, t) for u, t in sorted(done, key=_completion)}
    members: dict[str, list[str]] = {}
    for key, (unit, _) in pairs.items():
        members.setdefault(unit.uow_id, []).append(key)
    # A unit's end stands before all that waits for the unit: not each of its tasks before each.
    edges = {**members} | {key: _needs(*pair, members, pairs) for key, pair in pairs.items()}
    return [pairs[key] for key in order(edges) if key in pairs]


def _completion(pair: tuple[UnitOfWork, Task]) -> tuple[datetime, int]:
    unit, task = pair
    return task.completed_at or datetime.min.replace(tzinfo=UTC), unit.visit


def _needs(
    unit: UnitOfWork, task: Task, units: Collection[str], tasks: Collection[str]
) -> list[str]:
    own = (f"{unit.uow_id}/{name}" for name in task.depends_on)
    return [*(key for key in own if key in tasks), *(u for u in unit.dependencies if u in units)]
