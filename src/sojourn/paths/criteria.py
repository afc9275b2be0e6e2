"""Criteria as people write them: one form per kind, told apart by the key that names the kind."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from sojourn.core import criteria as core
from sojourn.core.criteria import Criterion, Observe, Operator
from sojourn.paths.conditions import Condition
from sojourn.paths.forms import (
    Count,
    Duration,
    Fact,
    Form,
    Is,
    Metric,
    Name,
    Percent,
    Role,
    Title,
    Wait,
    given,
)

KINDS: Final = ("metric", "fact", "approval", "work", "soak", "rollout")
Tolerance = Annotated[float, Field(gt=0, examples=[0.05])]


class CriterionForm(Form):
    """What every criterion may have."""

    usual_ball: ClassVar[str] = "operator"

    name: Name | None = None
    """Name of the criterion, unique within its gate; left out, that of what it looks at."""
    title: Title | None = None
    """What people read for it."""
    ball: Literal["operator", "client", "approver", "agent"] | None = None
    """Who can mend it when it does not hold; the usual one for its kind if left out."""

    def build(self, name: str | None = None, stage: str | None = None) -> Criterion:
        """Return it as core knows it.

        ``name`` is for one that bears none of its own; ``stage`` lends its thresholds.
        """
        looks = self.looks(stage)
        title, ball = self.title or "", self.ball or self.usual_ball
        return replace(looks, name=self.name or name or looks.name, title=title, ball=ball)

    def looks(self, _stage: str | None, /) -> Criterion:
        """Return what it looks at and how it judges, under its usual name."""
        raise NotImplementedError


class BaselineForm(Form):
    """What a relative criterion compares with; judged is the change, (now - then) / then."""

    model_config = ConfigDict(title="Baseline")

    kind: core.BaselineKind
    """`previous`: the window before; `first`: the first window of the stage."""
    window: Duration
    """Length of the window that the baseline is taken from."""
    min_samples: Count | None = None
    """So many samples make a baseline."""

    def build(self) -> core.Baseline:
        """Return the baseline as core knows it."""
        fields = given(min_samples=self.min_samples)
        return core.Baseline(self.kind, self.window, **fields)


class MetricForm(CriterionForm):
    """A number that is measured again and again, judged on its newest value or over a window."""

    model_config = ConfigDict(title="Metric criterion")

    metric: Metric
    """Metric to look at."""
    is_: Is | None = Field(None, alias="is")
    """Condition on the value, such as `">= 0.85"`; `"> +20%"` is a change and needs `baseline`.
    Left out on a metric of the specification (or under its name), its threshold applies."""
    aggregate: core.Aggregate | None = None
    """How the values of the window become one."""
    window: Duration | None = None
    """How far back values count; every aggregate but `latest` needs it."""
    since: core.Since | None = None
    """Where evidence begins: with this visit of the `stage` (default), or with the `journey`."""
    baseline: BaselineForm | None = None
    """Makes the criterion relative: judged is the change against this."""
    min_samples: Count | None = None
    """Fewer samples than this decide nothing."""
    max_age: Duration | None = None
    """Evidence older than this is no evidence."""
    coverage: Annotated[float, Field(gt=0, le=1, examples=[0.95])] | None = None
    """Share of the window (0 to 1) that must really have been observed; needs `every`."""
    every: Duration | None = None
    """Samples no further apart than this count as observing without a gap."""
    spread: Tolerance | None = None
    """Greatest difference between the largest and the smallest value of the window."""
    slope: Tolerance | None = None
    """Greatest change a day, up or down, over the window."""
    consecutive_passes: Annotated[int, Field(ge=1, le=1000, examples=[3])] | None = None
    """So many of the newest values, one after another, must each hold."""

    def looks(self, stage: str | None, /) -> Criterion:
        """Return the observation, with the specification's condition where none is written."""
        condition = self.is_ or default_condition(self.metric, self.name, stage)
        if condition is None:
            raise LookupError(f"{self.metric} has no condition")
        return Criterion(
            self.metric,
            Observe.METRIC,
            self.metric,
            condition.operator,
            condition.threshold,
            baseline=self.baseline.build() if self.baseline else None,
            evidence=self.evidence(),
            **given(aggregate=self.aggregate, window=self.window, since=self.since),
        )

    def evidence(self) -> core.Evidence:
        """Return what the criterion asks of its evidence."""
        names = core.Evidence.__dataclass_fields__
        return core.Evidence(**given(**{name: getattr(self, name) for name in names}))


class FactForm(CriterionForm):
    """Something that is recorded once and may change: a signature, a list, a word."""

    model_config = ConfigDict(title="Fact criterion")

    fact: Fact
    """Fact to look at."""
    is_: Is | None = Field(None, alias="is")
    """Condition on it: `true` (default), `exists`, a value, or a comparison of numbers."""
    max_age: Duration | None = None
    """A fact recorded longer ago than this has to be recorded again."""

    def looks(self, _stage: str | None, /) -> Criterion:
        """Return the fact and its condition."""
        condition = self.is_ or Condition(Operator.EQ, True)
        evidence = core.Evidence(max_age=self.max_age)
        return Criterion(
            self.fact,
            Observe.FACT,
            self.fact,
            condition.operator,
            condition.threshold,
            evidence=evidence,
        )


class ApprovalForm(CriterionForm):
    """A decision of people: none approves their own request, and each approval saw the evidence."""

    model_config = ConfigDict(title="Approval criterion")
    usual_ball: ClassVar[str] = "approver"

    approval: Name
    """What is approved."""
    roles: Annotated[list[Role], Field(min_length=1)] | None = None
    """Roles of which an approver must have one."""
    quorum: Annotated[int, Field(ge=1, le=100, examples=[2])] | None = None
    """How many different people it takes; 2 is a four-eyes approval."""
    expires: Duration | None = None
    """For how long an approval is good."""

    def looks(self, _stage: str | None, /) -> Criterion:
        """Return the approval and its rule."""
        roles = tuple(self.roles) if self.roles else None
        rule = core.ApprovalRule(**given(roles=roles, quorum=self.quorum, expires=self.expires))
        return Criterion(self.approval, Observe.APPROVAL, self.approval, approval=rule)


class WorkForm(CriterionForm):
    """All required units of work of the stage are done."""

    model_config = ConfigDict(title="Work criterion")
    usual_ball: ClassVar[str] = "agent"

    work: Literal["required"]
    """Always `required`: the units that are not marked `required: false`."""

    def looks(self, _stage: str | None, /) -> Criterion:
        """Return the completion of required work."""
        return Criterion("work", Observe.WORK, self.work)


class SoakForm(CriterionForm):
    """Healthy time: everything else in the gate has held for so long, held time left out."""

    model_config = ConfigDict(title="Soak criterion")

    soak: Wait
    """How long."""

    def looks(self, _stage: str | None, /) -> Criterion:
        """Return the healthy time."""
        return Criterion("soak", Observe.SOAK, "soak", Operator.GE, self.soak)


class RolloutForm(CriterionForm):
    """The rollout serves so many percent of the users."""

    model_config = ConfigDict(title="Rollout criterion")
    usual_ball: ClassVar[str] = "agent"

    rollout: Percent
    """Percent of the users."""

    def looks(self, _stage: str | None, /) -> Criterion:
        """Return the share of users."""
        return Criterion("rollout", Observe.ROLLOUT, "rollout", Operator.GE, self.rollout)


def kind_of(value: Any) -> str | None:
    """Return the tag of the form that a criterion is written in; None when no key tells it."""
    if not isinstance(value, Mapping):
        return None
    kind = next((k for k in KINDS if k in value), None)
    return kind and tag(kind)


def tag(kind: str) -> str:
    """Return what stands for a kind among the steps to an error; no key of a file looks so."""
    return f"<{kind}>"


AnyCriterion = Annotated[
    Annotated[MetricForm, Tag("<metric>")]
    | Annotated[FactForm, Tag("<fact>")]
    | Annotated[ApprovalForm, Tag("<approval>")]
    | Annotated[WorkForm, Tag("<work>")]
    | Annotated[SoakForm, Tag("<soak>")]
    | Annotated[RolloutForm, Tag("<rollout>")],
    Discriminator(kind_of),
]


def default_condition(metric: str, name: str | None, stage: str | None) -> Condition | None:
    """Return the specification's condition on a stage's metric, or on a criterion of that name."""
    known = core.STAGE_METRICS.get(stage or "", {})
    rule = known.get(metric) or known.get(name or "")
    return Condition(Operator(rule["operator"]), rule["threshold"]) if rule else None
