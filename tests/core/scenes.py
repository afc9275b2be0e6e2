"""What the tests of core look at: criteria, a journey, observations and paths, made by hand."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sojourn.core.criteria import (
    Aggregate,
    ApprovalRule,
    Criterion,
    Evidence,
    Observation,
    Observe,
    Operator,
)
from sojourn.core.decision import Draft
from sojourn.core.journeys import JourneyState, start_journey
from sojourn.core.paths import (
    Action,
    Gate,
    Path,
    RollbackPolicy,
    RollbackTrigger,
    Rollout,
    StagePlan,
    TaskPlan,
    Trigger,
    UnitPlan,
    Wave,
)
from sojourn.core.snapshot import Snapshot
from sojourn.core.work import Progress, Purpose, Undo, UnitOfWorkStatus

T0 = datetime(2026, 1, 5, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = T0 + 10 * DAY
JOURNEY = UUID(int=7)


def state(**changes: Any) -> JourneyState:
    """Return a journey in the sandbox since T0, admitted at once."""
    begun = start_journey("medtronic", T0, journey_id=JOURNEY)
    return replace(begun, **{"admitted_at": T0} | changes)


def metric(
    name: str = "search_precision",
    operator: str = ">=",
    threshold: float = 0.8,
    **more: Any,
) -> Criterion:
    """Return a criterion on a metric; evidence's fields may be given directly."""
    fields = Evidence.__dataclass_fields__
    evidence = Evidence(**{k: more.pop(k) for k in list(more) if k in fields})
    if "aggregate" in more:
        more["aggregate"] = Aggregate(more["aggregate"])
    subject = more.pop("subject", name)
    return Criterion(
        name, Observe.METRIC, subject, Operator(operator), threshold, evidence=evidence, **more
    )


def fact(name: str, operator: str = "==", threshold: Any = True, **more: Any) -> Criterion:
    """Return a criterion on a fact."""
    return Criterion(name, Observe.FACT, name, Operator(operator), threshold, **more)


def approval(name: str = "sign_off", quorum: int = 1, **more: Any) -> Criterion:
    """Return a criterion that asks people."""
    rule = ApprovalRule(("approver",), quorum, more.pop("expires", None))
    return Criterion(name, Observe.APPROVAL, name, approval=rule, **more)


def work() -> Criterion:
    """Return the criterion that required work is done."""
    return Criterion("work", Observe.WORK, "required")


def soak(length: timedelta, name: str = "soak") -> Criterion:
    """Return a criterion on healthy time."""
    return Criterion(name, Observe.SOAK, name, Operator.GE, length)


def rollout(percent: int = 100) -> Criterion:
    """Return a criterion on the share of users served."""
    return Criterion("rollout", Observe.ROLLOUT, "rollout", Operator.GE, percent)


def seen(value: float | None = 0.9, n: int = 5, age: timedelta = HOUR, **more: Any) -> Observation:
    """Return an observation whose newest value is ``age`` old at NOW."""
    recent = more.pop("recent", () if value is None else (value,) * n)
    return Observation(value, n, NOW - age, "an-agent", recent=recent, **more)


def stage(name: str = "sandbox", exit: Gate | Iterable[Criterion] = (), **more: Any) -> StagePlan:  # noqa: A002
    """Return a stage with exit criteria and, where given, entry criteria."""
    entry = more.pop("entry", ())
    return StagePlan(
        name,
        entry if isinstance(entry, Gate) else Gate(tuple(entry)),
        exit if isinstance(exit, Gate) else Gate(tuple(exit)),
        **more,
    )


def path(*stages: StagePlan, **more: Any) -> Path:
    """Return a path of stages."""
    return Path("small", stages, digest=more.pop("digest", "d1"), **more)


def unit_plan(name: str, *tasks: str, **more: Any) -> UnitPlan:
    """Return a unit of tasks one after another."""
    names = tasks or (f"{name}-task",)
    plans = [
        TaskPlan(t, t.title(), f"{t}-agent", depends_on=names[max(i - 1, 0) : i])
        for i, t in enumerate(names)
    ]
    return UnitPlan(name, tuple(plans), **more)


def progress(name: str = "u", status: str = "pending", **more: Any) -> Progress:
    """Return a unit's progress at the first visit of the sandbox."""
    purpose = Purpose(more.pop("purpose", "activity"))
    fields: dict[str, Any] = {"stage": "sandbox", "visit": 1, "total": 1, "live": 1} | more
    return Progress(name, name, purpose=purpose, status=UnitOfWorkStatus(status), **fields)


def shot(*criteria: Criterion, **more: Any) -> Snapshot:
    """Return a snapshot of a journey that faces criteria at the sandbox's exit."""
    journey = more.pop("state", None) or state()
    plan = more.pop("path", None) or path(stage("sandbox", criteria))
    return Snapshot(journey, plan, **more)


def draft(at: Snapshot, now: datetime = NOW, actor: str = "engine") -> Draft:
    """Return a decision in the making."""
    return Draft(at, now, actor)


UNDO = Undo("undo-agent", {"action": "remove"})


def undoable(plan: UnitPlan) -> UnitPlan:
    """Return a unit whose tasks can all be taken back."""
    return replace(plan, tasks=tuple(replace(t, undo=UNDO) for t in plan.tasks))


def trigger(
    criterion: Criterion, action: str = "rollback", kind: str = "critical_bug", **more: Any
) -> Trigger:
    """Return what rolls a journey back, holds it or raises an alert."""
    return Trigger(RollbackTrigger(kind), criterion, Action(action), **more)


SETUP = undoable(unit_plan("setup", "install", "verify"))
DEPLOY = undoable(unit_plan("deploy", "put", "invite"))
PAUSE = trigger(fact("pause_requested"), "hold", "client_request")
BUGS = trigger(metric("bugs", ">", 0, max_age=12 * HOUR))
LEAK = trigger(metric("leaks", ">", 0), kind="security_vulnerability", target="sandbox")
INCIDENTS = trigger(metric("incidents", ">", 0, max_age=12 * HOUR), kind="major_incident")
WAVES = Rollout(
    tuple(Wave(p, DAY, (metric("p95", "<=", 500, max_age=12 * HOUR),)) for p in (10, 50, 100)),
    undoable(unit_plan("rollout", "enable")),
)
HEALTHY = {"precision": 0.9, "bugs": 0.0, "p95": 300.0, "incidents": 0.0}
"""What a live source measures while all is well."""


def small(**policy: Any) -> Path:
    """Return a path with everything: work, waves, soak, triggers of each action."""
    return path(
        stage(
            "sandbox",
            [work(), metric("precision", max_age=DAY)],
            entry=[fact("signed")],
            work=(SETUP,),
            triggers=(PAUSE, replace(LEAK, target=None)),
        ),
        stage(
            "pilot",
            [work(), metric("bugs", "==", 0, window=DAY, coverage=0.9, every=6 * HOUR,
                            aggregate="sum")],
            entry=[fact("cohort")],
            work=(DEPLOY,),
            triggers=(BUGS, LEAK, PAUSE),
        ),
        stage(
            "production",
            [work(), rollout(), soak(DAY)],
            rollout=WAVES,
            triggers=(INCIDENTS, LEAK),
        ),
        rollback=RollbackPolicy(**policy),
    )  # fmt: skip
