"""Units of work and tasks as people write them."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from sojourn.core import work as core
from sojourn.core.paths import TaskPlan, UnitPlan
from sojourn.core.work import Purpose
from sojourn.paths.forms import (
    AgentId,
    Duration,
    Fact,
    ForEach,
    Form,
    Input,
    Metric,
    Name,
    OutputPlace,
    Title,
    given,
)


class RetryForm(Form):
    """How a failed attempt is tried again: exponential backoff with jitter."""

    model_config = ConfigDict(title="Retry")

    base: Duration | None = None
    """Wait before the first retry."""
    factor: Annotated[float, Field(ge=1, le=100, examples=[1.5])] | None = None
    """Each further wait is so many times the one before."""
    longest: Duration | None = None
    """No wait is longer."""

    def build(self) -> core.Retry:
        """Return it as core knows it."""
        return core.Retry(**given(base=self.base, factor=self.factor, longest=self.longest))


class UndoForm(Form):
    """The call that takes a completed task back."""

    model_config = ConfigDict(title="Undo")

    agent: AgentId
    """Agent that does it."""
    input: Input = Field(default_factory=dict)
    """Its input; references may also name the output of the task itself."""

    def build(self) -> core.Undo:
        """Return it as core knows it."""
        return core.Undo(self.agent, self.input)


class TaskForm(Form):
    """One call of one agent."""

    model_config = ConfigDict(title="Task")

    name: Name
    """Name of the task, unique within its unit."""
    title: Title | None = None
    """What people read for it; `${item}` and `${wave.percent}` may stand in it."""
    agent: AgentId
    """Id of the agent that does it."""
    input: Input = Field(default_factory=dict)
    """What the agent is given; texts in it may hold references such as `${facts.region}`."""
    depends_on: list[Name] = Field(default_factory=list)
    """Tasks of the same unit that must be completed first."""
    for_each: ForEach | None = None
    """Makes one task of each item of a list: `${facts.<name>}` or `${journey.metadata.<name>}`."""
    max_retries: Annotated[int, Field(ge=0, le=1000, examples=[5])] | None = None
    """How often a failed attempt is tried again."""
    retry: RetryForm | None = None
    """How long to wait between attempts."""
    timeout: Duration | None = None
    """How long one attempt may take."""
    deadline: Duration | None = None
    """How long the task may take in all, questions and retries included."""
    undo: UndoForm | None = None
    """How a rollback takes it back."""
    irreversible: bool = False
    """Nothing takes it back; the preview of a rollback says so."""
    idempotent: bool = False
    """The agent may be called again when it is unknown whether it was called at all."""
    measures: dict[Metric, OutputPlace] = Field(
        default_factory=dict, examples=[{"search_precision": "result.precision"}]
    )
    """Metrics that its output brings: name of the metric to place in the output."""
    facts: dict[Fact, OutputPlace] = Field(
        default_factory=dict, examples=[{"region": "deployment.region"}]
    )
    """Facts that its output brings: name of the fact to place in the output."""

    def build(self) -> TaskPlan:
        """Return it as core knows it."""
        parts = {part: form.build() for part in ("retry", "undo") if (form := getattr(self, part))}
        optional = given(
            max_retries=self.max_retries, timeout=self.timeout, deadline=self.deadline, **parts
        )
        return TaskPlan(
            task_id=self.name,
            name=self.title or self.name,
            agent_id=self.agent,
            input_data=self.input,
            depends_on=tuple(self.depends_on),
            irreversible=self.irreversible,
            idempotent=self.idempotent,
            measures=self.measures,
            facts=self.facts,
            for_each=self.for_each,
            **optional,
        )


class UnitForm(Form):
    """A unit of work: a set of tasks that is done, retried and undone as one."""

    model_config = ConfigDict(title="Unit of work")

    name: Name
    """Name of the unit, unique within its stage."""
    title: Title | None = None
    """What people read for it."""
    tasks: Annotated[list[TaskForm], Field(min_length=1)]
    """Its tasks; those that do not depend on each other run at once."""
    depends_on: list[Name] = Field(default_factory=list)
    """Units of the same stage that must be completed first."""
    purpose: Literal["activity", "milestone"] = "activity"
    """`activity`, or `milestone` for something that marks a moment."""
    required: bool = True
    """Whether `work: required` waits for it."""
    every: Duration | None = None
    """Repeats it for as long as the stage lasts, so that it keeps observing."""

    def build(self, purpose: Purpose | None = None) -> UnitPlan:
        """Return it as core knows it; ``purpose`` overrides the written one."""
        return UnitPlan(
            name=self.name,
            tasks=tuple(t.build() for t in self.tasks),
            depends_on=tuple(self.depends_on),
            purpose=purpose or Purpose(self.purpose),
            required=self.required,
            every=self.every,
            title=self.title or "",
        )
