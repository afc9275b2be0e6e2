"""A whole engine in memory, driven by hand: it applies core's decisions and runs tasks.

It stands in for the store and the workers in tests of core. It knows nothing of policy: what a
decision says is done, as the design says that the store does it, and nothing else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sojourn.core.commands import Command
from sojourn.core.criteria import Aggregate, Observation
from sojourn.core.decide import decide, start
from sojourn.core.decision import Decision, GateRecord, RollbackChange
from sojourn.core.gates import faced, readings
from sojourn.core.journal import GENESIS, Entry, append
from sojourn.core.judge import Reading
from sojourn.core.outcomes import Attempt, Call, Completed, Outcome, Settlement, settle
from sojourn.core.paths import Path
from sojourn.core.plan import outputs
from sojourn.core.references import resolve
from sojourn.core.rollback import stages_left
from sojourn.core.snapshot import Fact, GateMemory, OpenRollback, Ruling, Snapshot, Trip
from sojourn.core.work import (
    Progress,
    Task,
    TaskStatus,
    Trouble,
    UnitOfWork,
    UnitOfWorkStatus,
)
from tests.core.scenes import HEALTHY, HOUR, JOURNEY, T0, small

PENDING, RUNNING = TaskStatus.PENDING, TaskStatus.RUNNING
Agent = Callable[[Call], Outcome]


@dataclass
class Step:
    """A task's row."""

    task: Task
    due: datetime | None = None
    timed: bool = False
    held: bool = False
    deadline: datetime | None = None
    calls: int = 0
    started: bool = False
    answer: Any = None

    @property
    def status(self) -> TaskStatus:
        return self.task.status

    def set(self, **changes: Any) -> None:
        self.task = replace(self.task, **changes)


@dataclass
class Work:
    """A unit's row with its tasks."""

    unit: UnitOfWork
    status: UnitOfWorkStatus
    steps: dict[str, Step]
    runs: int = 0
    released: bool = False

    def done(self, names: Iterable[str]) -> bool:
        return all(self.steps[n].status == TaskStatus.COMPLETED for n in names)


@dataclass
class Sample:
    """A measurement's row."""

    metric: str
    at: datetime
    value: float | None
    n: int = 1
    error: str | None = None


@dataclass
class Driver:
    """One journey and everything that a database would hold of it."""

    path: Path
    agents: Mapping[str, Agent] = field(default_factory=dict)
    now: datetime = T0
    work: dict[str, Work] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    trips: dict[str, Trip] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    gates: list[tuple[int, GateRecord]] = field(default_factory=list)
    rollbacks: dict[UUID, tuple[OpenRollback, RollbackChange]] = field(default_factory=dict)
    alerts: set[tuple[str, str]] = field(default_factory=set)
    gate: GateMemory | None = None
    due_at: datetime | None = None
    last: Decision | None = None
    feed: dict[str, float] = field(default_factory=dict)
    """Metrics that a live source measures whenever time passes."""
    called: list[tuple[str, str]] = field(default_factory=list)
    """(unit, task) in the order in which agents were called."""

    # Loading

    def snapshot(self) -> Snapshot:
        """Return what a decision looks at, without observations."""
        assert self.last is not None
        state = self.last.state
        present = [w for w in self.work.values() if w.unit.visit == state.visit]
        return Snapshot(
            state=state,
            path=self.path,
            units=tuple(map(progress, present)),
            facts=dict(self.facts),
            rulings=tuple(r for r in self.rulings if r.visit == state.visit),
            gate=self.gate,
            trips=dict(self.trips),
            rollback=self.open_rollback,
            alerts=frozenset(self.alerts),
            seq=len(self.entries),
            hash=self.entries[-1].hash,
        )

    @property
    def open_rollback(self) -> OpenRollback | None:
        found = [begun for begun, change in self.rollbacks.values() if not change.completed]
        assert len(found) <= 1, "a journey has one rollback at a time"
        return found[0] if found else None

    def observed(self, shot: Snapshot) -> Snapshot:
        """Return a snapshot with what its criteria ask to be observed."""
        every = readings(faced(shot.path, shot.state), shot.state, self.now)
        return replace(shot, seen={r.key: observe(self.samples, r) for r in every})

    def undoable(self, shot: Snapshot, decision: Decision) -> Snapshot:
        """Return a snapshot with the completed work of the stages that a decision leaves."""
        begun = decision.rollback.begun if decision.rollback else None
        assert begun is not None
        leaving = stages_left(shot.path, begun.from_stage, begun.target)
        done = [
            (w.unit, step.task)
            for w in self.work.values()
            if w.unit.stage in leaving
            and w.unit.purpose != "rollback"
            and w.status != UnitOfWorkStatus.ROLLED_BACK
            for step in w.steps.values()
            if step.status == TaskStatus.COMPLETED
        ]
        return replace(shot, undoable=tuple(done))

    # Deciding

    def start(self, facts: dict[str, Any] | None = None, **more: Any) -> Decision:
        """Start the journey."""
        told = {n: Fact(v, self.now, "crm", "ines") for n, v in (facts or {}).items()}
        decision = start(self.path, "medtronic", JOURNEY, self.now, "ines", facts=told, **more)
        return self.apply(decision)

    def decide(self, command: Command | None = None, found: Any = None) -> Decision:
        """Decide at this moment, on a command or on evidence alone, and write what follows."""
        shot = self.observed(self.snapshot())
        decision = decide(shot, self.now, command, found)
        if decision.rollback and decision.rollback.begun:
            decision = decide(self.undoable(shot, decision), self.now, command, found)
        return self.apply(decision) if decision.refusal is None or decision.events else decision

    def apply(self, decision: Decision) -> Decision:
        """Write a decision; a refused one has nothing to write but attempts and what was found."""
        if decision.refusal:
            parts = ("plans", "changes", "release", "rearm", "withdraw", "requeue", "rulings")
            assert not any(getattr(decision, part) for part in parts), decision.refusal
        prev, seq = (self.entries[-1].hash, len(self.entries)) if self.entries else (GENESIS, 0)
        self.entries += append(JOURNEY, seq, prev, decision.events)
        self.path = decision.before.path
        visit = decision.before.state.visit
        self.gates += [(visit, record) for record in decision.gates]
        self.rulings += decision.rulings
        self.facts |= decision.facts
        self.trips = dict(decision.trips)
        self.gate, self.due_at = decision.view.gate, decision.due_at
        self.alerts |= {(a.kind, a.subject) for a in decision.raised}
        self.alerts -= set(decision.resolved)
        self._write_rollback(decision)
        self._write_work(decision)
        self.last = decision
        return decision

    def _write_rollback(self, decision: Decision) -> None:
        change = decision.rollback
        if change is None:
            return
        begun = change.begun or self.rollbacks[change.rollback_id][0]
        if change.deadline_at:
            begun = replace(begun, deadline_at=change.deadline_at)
        self.rollbacks[change.rollback_id] = begun, change
        if change.status == "completed":
            leaving = stages_left(self.path, begun.from_stage, begun.target)
            for work in self.work.values():
                if work.unit.stage in leaving and work.unit.purpose != "rollback":
                    work.status = UnitOfWorkStatus.ROLLED_BACK

    def _write_work(self, decision: Decision) -> None:
        for unit in decision.plans:
            assert unit.uow_id not in self.work, "a unit is planned once"
            steps = {t.task_id: Step(t) for t in unit.tasks}
            self.work[unit.uow_id] = Work(unit, unit.status, steps)
        for change in decision.changes:
            work = self.work[change.uow_id]
            work.status, work.runs = change.status, work.runs + change.run
        for uow_id in decision.withdraw:
            self._withdraw(self.work[uow_id])
        for rearm in decision.rearm:
            self._rearm(self.work[rearm.uow_id], rearm.due_at)
        for requeue in decision.requeue:
            self._requeue(requeue)
        for uow_id in decision.release:
            self.work[uow_id].released = True
        self._freeze(decision)

    def _withdraw(self, work: Work) -> None:
        for step in work.steps.values():
            if step.status in (PENDING, RUNNING):
                kept = TaskStatus.COMPLETED if step.task.output_data is not None else step.status
                step.set(status=TaskStatus.FAILED if kept == RUNNING else kept, question=None)
                step.held = False
        work.released = False

    def _rearm(self, work: Work, due: datetime) -> None:
        for step in work.steps.values():
            step.set(status=PENDING, retry_count=0)
            step.due, step.timed, step.deadline, step.started = due, True, None, False

    def _requeue(self, requeue: Any) -> None:
        step = self.work[requeue.uow_id].steps[requeue.task_id]
        step.due, step.timed, step.answer = self.now, False, requeue.answer
        if requeue.is_answer:
            assert step.task.question is not None
            step.set(question=None)
        else:
            assert step.status == TaskStatus.FAILED
            tried = step.task.retry_count + 1
            most = max(step.task.max_retries, tried)
            step.set(status=PENDING, retry_count=tried, max_retries=most, error=None)
            step.deadline = None

    def _freeze(self, decision: Decision) -> None:
        steps = [s for w in self.work.values() for s in w.steps.values()]
        if decision.thaw_by:
            for step in steps:
                if step.held and step.timed and step.due:
                    step.due += decision.thaw_by
                if step.held and step.deadline:
                    step.deadline += decision.thaw_by
        if decision.freeze is not None:
            for step in steps:
                step.held = decision.freeze and step.status in (PENDING, RUNNING)

    # Working

    def runnable(self) -> list[tuple[Work, Step]]:
        """Return the tasks that a worker would take now."""
        return [
            (w, s)
            for w in self.work.values()
            if w.released and w.status != UnitOfWorkStatus.ROLLED_BACK
            for s in w.steps.values()
            if s.status in (PENDING, RUNNING)
            and not s.held
            and s.task.question is None
            and w.done(s.task.depends_on)
            and (s.due is None or s.due <= self.now)
        ]

    def run(self, *names: str) -> int:
        """Run the tasks that are due (of these names, where given) once; return how many."""
        chosen = [(w, s) for w, s in self.runnable() if not names or s.task.task_id in names]
        for work, step in chosen:
            self._settle(work, step, self._call(work, step))
        return len(chosen)

    def _call(self, work: Work, step: Step) -> Outcome:
        task = step.task
        step.calls, step.started = step.calls + 1, True
        step.deadline = step.deadline or self.now + task.deadline
        self.called.append((work.unit.name, task.task_id))
        done = [s.task for s in work.steps.values() if s.status == TaskStatus.COMPLETED]
        known = {"tasks": outputs((t.task_id, t.group, t.output_data) for t in done)}
        call = Call(
            JOURNEY, UUID(int=0), task.task_id, task.agent_id, step.calls, task.retry_count,
            input_data=resolve(task.input_data, known), now=self.now, answer=step.answer,
        )  # fmt: skip
        return self.agents.get(task.agent_id, well)(call)

    def _settle(self, work: Work, step: Step, outcome: Outcome) -> Settlement:
        task = step.task
        assert step.deadline is not None
        call = Call(JOURNEY, UUID(int=0), task.task_id, task.agent_id, step.calls, task.retry_count)
        attempt = Attempt(
            call, task.max_retries, task.retry, step.deadline, task.measures, task.facts
        )
        settled = settle(attempt, outcome, self.now, 0.5)
        step.due, step.timed, step.answer = settled.due_at, True, None
        step.set(
            status=settled.status,
            retry_count=settled.retry_count,
            output_data=settled.output or task.output_data,
            error=settled.error,
            question=settled.question,
            completed_at=self.now if settled.status == TaskStatus.COMPLETED else None,
        )
        if work.status == UnitOfWorkStatus.PENDING:
            work.status = UnitOfWorkStatus.RUNNING
        for found in settled.measurements:
            self.measure(found.metric, found.value, found.n)
        if settled.facts:
            self.decide(found={n: Fact(v, self.now, "agent") for n, v in settled.facts.items()})
        return settled

    # Time and evidence

    def measure(self, metric: str, value: float | None, n: int = 1, error: str = "") -> None:
        """Add a measurement at this moment."""
        self.samples.append(Sample(metric, self.now, value, n, error or None))

    def tell(self, **facts: Any) -> Decision:
        """Record facts, as an agent finds them."""
        return self.decide(found={n: Fact(v, self.now, "agent") for n, v in facts.items()})

    def pass_time(self, span: timedelta) -> None:
        """Let time pass and do nothing."""
        self.now += span

    def settle_down(self, limit: int = 60) -> None:
        """Work and decide at this moment until nothing more is due."""
        for _ in range(limit):
            ran = self.run()
            before = len(self.entries)
            self.decide()
            again = self.due_at is not None and self.due_at <= self.now
            if not ran and not again and len(self.entries) == before:
                return
        raise AssertionError("it does not come to rest")

    def live(self, span: timedelta, step: timedelta = timedelta(hours=1)) -> None:
        """Live through a span of time, looking every ``step``."""
        end = self.now + span
        self.look()
        while self.now < end:
            self.now = min(self.now + step, end)
            self.look()

    def look(self) -> None:
        """Measure what is fed, then work and decide."""
        for name, value in self.feed.items():
            self.measure(name, value)
        self.settle_down()

    # What tests ask

    @property
    def state(self) -> Any:
        assert self.last is not None
        return self.last.state

    @property
    def types(self) -> list[str]:
        return [e.event.type for e in self.entries]

    @property
    def moves(self) -> list[str]:
        return [e.event.transition[2] for e in self.entries if e.event.transition]

    def unit(self, name: str) -> Work:
        """Return the newest unit of a name."""
        return [w for w in self.work.values() if w.unit.name == name][-1]

    @property
    def open_work(self) -> list[Work]:
        return [w for w in self.work.values() if w.status in ("pending", "running")]


def well(_: Call) -> Outcome:
    """Do the work, without anything to report."""
    return Completed({"ok": True})


def progress(work: Work) -> Progress:
    """Return a unit as the engine counts it."""
    steps = list(work.steps.values())
    by = [s.status for s in steps]
    return Progress(
        uow_id=work.unit.uow_id,
        name=work.unit.name,
        stage=work.unit.stage,
        visit=work.unit.visit,
        purpose=work.unit.purpose,
        status=work.status,
        dependencies=work.unit.dependencies,
        required=work.unit.required,
        every=work.unit.every,
        wave=work.unit.wave,
        runs=work.runs,
        total=len(steps),
        completed=by.count(TaskStatus.COMPLETED),
        failed=by.count(TaskStatus.FAILED),
        live=sum(
            s.status == RUNNING or (s.status == PENDING and work.done(s.task.depends_on))
            for s in steps
        ),
        started=any(s.started for s in steps),
        troubles=tuple(t for s in steps for t in _troubles(s.task)),
    )


def _troubles(task: Task) -> Iterable[Trouble]:
    if task.question is not None:
        kind, message = task.question["kind"], task.question["prompt"]
        yield Trouble(task.task_id, task.name, task.agent_id, message, kind=kind)
    elif task.status == TaskStatus.FAILED:
        message = (task.error or {}).get("message", "")
        yield Trouble(task.task_id, task.name, task.agent_id, message)


def observe(samples: Iterable[Sample], asked: Reading) -> Observation:
    """Aggregate samples as a reading asks."""
    mine = [s for s in samples if s.metric == asked.metric and asked.since <= s.at <= asked.until]
    mine.sort(key=lambda s: s.at)
    values = [s.value for s in mine if s.value is not None]
    good = [s for s in mine if s.value is not None]
    return Observation(
        value=aggregate(asked.aggregate, values) if values else None,
        n=sum(s.n for s in good),
        newest_at=good[-1].at if good else None,
        source="test",
        error=mine[-1].error if mine else None,
        covered=covered(good, asked),
        spread=max(values) - min(values) if values else None,
        nonzero_at=max((s.at for s in good if s.value), default=None),
        recent=tuple(reversed(values))[: asked.recent],
        **base(samples, asked),
    )


def base(samples: Iterable[Sample], asked: Reading) -> dict[str, Any]:
    """Return the baseline's value and count."""
    if asked.base_since is None or asked.base_until is None:
        return {}
    values = [
        s.value
        for s in samples
        if s.metric == asked.metric
        and s.value is not None
        and asked.base_since <= s.at < asked.base_until
    ]
    value = aggregate(asked.aggregate, values) if values else None
    return {"base": value, "base_n": len(values)}


def aggregate(how: Aggregate, values: list[float]) -> float:
    """Return one value for many, oldest first."""
    ways: dict[str, Callable[[list[float]], float]] = {
        "latest": lambda v: v[-1],
        "mean": lambda v: sum(v) / len(v),
        "min": min,
        "max": max,
        "sum": sum,
        "count": len,
    }
    return ways[how](values)


def covered(samples: Iterable[Sample], asked: Reading) -> timedelta:
    """Return how much of the window was observed, held time left out."""
    if asked.every is None:
        return timedelta(0)
    total, at = timedelta(0), asked.since
    for sample in samples:
        begin, end = max(sample.at, at), min(sample.at + asked.every, asked.until)
        if end > begin:
            total += end - begin - _held(asked, begin, end)
            at = end
    return total


def _held(asked: Reading, begin: datetime, end: datetime) -> timedelta:
    spans = (min(until, end) - max(since, begin) for since, until in asked.holds)
    return sum((s for s in spans if s > timedelta(0)), timedelta(0))


def begin(plan: Path, **more: Any) -> Driver:
    """Return a journey on its way, all entry facts known and all metrics healthy."""
    journey = Driver(plan, feed=dict(HEALTHY), **more)
    journey.start({"signed": True, "cohort": True})
    return journey


def reach(stage: str, plan: Path | None = None, **more: Any) -> Driver:
    """Return a healthy journey that has just reached a stage."""
    journey = begin(plan or small(), **more)
    for _ in range(200):
        if journey.state.current_stage == stage:
            return journey
        journey.live(HOUR)
    raise AssertionError(f"{stage} is not reached; the journey is in {journey.moves[-1]}")
