"""The documents that several resources have in common: checks, gates, effects, events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from sojourn.core.criteria import CriteriaCheck, ValidationResult, verdict_of
from sojourn.core.decision import Decision
from sojourn.core.journal import Event, keepable
from sojourn.core.rollback import irreversible
from sojourn.core.work import Task, UnitOfWork

Row = Mapping[str, Any]
Verdict = Literal["passed", "failed", "insufficient_data", "error", "pending", "waived"]


def _kept(value: Any) -> Any:
    keepable(value, "value")
    return value


Json = Annotated[Any, AfterValidator(_kept), WithJsonSchema({})]
"""A JSON value that the database can keep."""
JsonObject = Annotated[dict[str, Any], AfterValidator(_kept)]
Text = Annotated[str, Field(max_length=2000), AfterValidator(_kept)]
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_kept)]
"""A name of something, or a line of text."""


class Asked(BaseModel):
    """The body of a request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Check(BaseModel):
    """One criterion's result at one moment."""

    name: str
    passed: bool
    verdict: Verdict
    actual_value: Any
    expected_value: Any
    message: str
    n: int | None = Field(default=None, description="Samples behind the value.")
    observed_at: datetime | None = None
    source: str | None = None
    remedy: str = ""
    possible_at: datetime | None = Field(
        default=None, description="When it could pass by itself; null where that is unknown."
    )
    ball: str = Field(default="operator", description="Who can mend it.")


class Result(BaseModel):
    """A gate with all its checks."""

    passed: bool
    verdict: Verdict
    summary: str
    checks: list[Check]


def check_of(found: CriteriaCheck) -> Check:
    """Return a check as a document."""
    return Check(
        name=found.name,
        passed=found.passed,
        verdict=verdict_of(found).value,
        actual_value=found.actual_value,
        expected_value=found.expected_value,
        message=found.message,
        n=found.n,
        observed_at=found.observed_at,
        source=found.source,
        remedy=found.remedy,
        possible_at=found.possible_at,
        ball=str(found.ball),
    )


def result_of(found: ValidationResult) -> Result:
    """Return a gate's result as a document."""
    return Result(
        passed=found.passed,
        verdict=found.verdict.value,
        summary=found.summary,
        checks=[check_of(c) for c in found.checks],
    )


class EventDocument(BaseModel):
    """One fact of a journey's history."""

    event_id: int | None = Field(default=None, description="Order over all journeys.")
    journey_id: str | None = None
    journey_key: str | None = None
    client_id: str | None = None
    seq: int | None = Field(default=None, description="Order within the journey, without gaps.")
    type: str = Field(examples=["transition", "rollback.initiated", "approval.given"])
    at: datetime
    actor: str
    reason: str = ""
    cause: str = ""
    from_stage: str | None = None
    event: str | None = Field(default=None, description="The transition event, if it is one.")
    to_stage: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    hash: str | None = Field(default=None, description="Chained to the event before, in hex.")


def event_of(row: Row) -> EventDocument:
    """Return an event that was written."""
    names = EventDocument.model_fields.keys() & row.keys()
    fields = {name: row[name] for name in names}
    if fields.get("from_stage") == "none":
        fields["from_stage"] = None
    for name in ("journey_id",):
        fields[name] = str(fields[name]) if fields.get(name) is not None else None
    if "hash" in fields:
        fields["hash"] = bytes(fields["hash"]).hex()
    return EventDocument(**fields)


class PlannedTask(BaseModel):
    """A task that would be, or was just, planned."""

    task_id: str
    name: str
    agent_id: str
    input_data: dict[str, Any]
    depends_on: list[str]


class PlannedUnit(BaseModel):
    """A unit of work that would be, or was just, planned."""

    uow_id: str
    name: str
    stage: str
    purpose: str
    dependencies: list[str]
    tasks: list[PlannedTask]


class AlertKey(BaseModel):
    """An alert that begins or ends."""

    kind: str
    subject: str
    message: str = ""


class Effects(BaseModel):
    """Everything that a change writes, or in a dry run would write."""

    events: list[EventDocument]
    units: list[PlannedUnit]
    withdrawn: list[str] = Field(description="Ids of units that are taken back.")
    irreversible: list[PlannedTask] = Field(description="What a rollback cannot take back.")
    alerts_raised: list[AlertKey]
    alerts_resolved: list[AlertKey]


def effects_of(decision: Decision) -> Effects:
    """Return what a decision writes."""
    return Effects(
        events=[planned_event(e) for e in decision.events],
        units=[_unit(u) for u in decision.plans],
        withdrawn=list(decision.withdraw),
        irreversible=[_task(t) for t in irreversible(decision.before)],
        alerts_raised=[
            AlertKey(kind=a.kind, subject=a.subject, message=a.message) for a in decision.raised
        ],
        alerts_resolved=[AlertKey(kind=k, subject=s) for k, s in decision.resolved],
    )


def planned_event(found: Event) -> EventDocument:
    """Return an event that has no place in the journal yet."""
    left, name, entered = found.transition or (None, None, None)
    return EventDocument(
        type=found.type,
        at=found.at,
        actor=found.actor,
        reason=found.reason,
        cause=found.cause,
        from_stage=left,
        event=name,
        to_stage=entered,
        data=dict(found.data),
    )


def _unit(found: UnitOfWork) -> PlannedUnit:
    return PlannedUnit(
        uow_id=found.external_id or found.uow_id,
        name=found.name,
        stage=found.stage,
        purpose=found.purpose.value,
        dependencies=list(found.dependencies),
        tasks=[_task(t) for t in found.tasks],
    )


def _task(found: Task) -> PlannedTask:
    return PlannedTask(
        task_id=found.task_id,
        name=found.name,
        agent_id=found.agent_id,
        input_data=dict(found.input_data),
        depends_on=list(found.depends_on),
    )
