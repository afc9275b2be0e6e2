"""Stages as people write them: gates, triggers, rollout, work, durations."""

from typing import Annotated

from pydantic import ConfigDict, Field

from sojourn.core.criteria import Criterion
from sojourn.core.paths import (
    Action,
    Gate,
    Mode,
    RollbackTrigger,
    Rollout,
    StagePlan,
    Trigger,
    Wave,
)
from sojourn.core.stages import as_stage
from sojourn.core.work import Purpose
from sojourn.paths.criteria import AnyCriterion
from sojourn.paths.forms import Duration, Form, Percent, Range, Role, StageName, Title, Wait, given
from sojourn.paths.work import UnitForm

Roles = Annotated[list[Role], Field(min_length=1)]


class GateForm(Form):
    """Criteria that must all hold. A gate without criteria never opens."""

    model_config = ConfigDict(title="Gate")

    criteria: Annotated[list[AnyCriterion], Field(min_length=1)]
    """What must hold; all are judged, always, and all must hold."""
    mode: Mode = Mode.AUTO
    """`auto`: the engine passes an open gate by itself; `manual`: a person does."""
    waiver_roles: Roles | None = None
    """Roles that may waive one of its criteria."""

    def build(self, stage: str | None = None) -> Gate:
        """Return it as core knows it; ``stage`` lends the specification's thresholds."""
        roles = tuple(self.waiver_roles) if self.waiver_roles else None
        return Gate(built(self.criteria, stage), self.mode, **given(waiver_roles=roles))


class TriggerForm(Form):
    """What must not be, and what happens when it is."""

    model_config = ConfigDict(title="Trigger")

    kind: RollbackTrigger
    """One of the seven reasons of the specification."""
    when: AnyCriterion
    """The condition that trips it; `max_age` says how fresh, `consecutive_passes` how often."""
    action: Action = Action.ROLLBACK
    """`rollback`, `hold` (a person decides) or `alert`."""
    target: StageName | None = None
    """Stage to roll back to; by default the previous stable one, from the first stage itself."""
    for_: Wait | None = Field(None, alias="for")
    """How long the condition must last before it trips."""
    cooldown: Wait | None = None
    """Least time between two trips."""

    def build(self) -> Trigger:
        """Return it as core knows it."""
        target = as_stage(self.target) if self.target else None
        optional = given(target=target, lasting=self.for_, cooldown=self.cooldown)
        return Trigger(self.kind, self.when.build(self.kind.value), self.action, **optional)


class WaveForm(Form):
    """One step of a rollout."""

    model_config = ConfigDict(title="Wave")

    percent: Percent
    """Share of the users served from this step on, in percent."""
    soak: Wait | None = None
    """Healthy time before the next step."""
    criteria: list[AnyCriterion] = Field(default_factory=list)
    """What must hold before the next step, and while the soak counts."""

    def build(self, stage: str) -> Wave:
        """Return it as core knows it."""
        return Wave(self.percent, criteria=built(self.criteria, stage), **given(soak=self.soak))


class RolloutPlanForm(Form):
    """A rollout in waves; users once served stay served."""

    model_config = ConfigDict(title="Rollout")

    waves: Annotated[list[WaveForm], Field(min_length=1)]
    """Steps, ascending, the last with 100 percent."""
    unit: UnitForm
    """Unit of work that each wave does; its inputs may hold `${wave.percent}`."""

    def build(self, stage: str) -> Rollout:
        """Return it as core knows it."""
        return Rollout(tuple(w.build(stage) for w in self.waves), self.unit.build(Purpose.ROLLOUT))


class StageForm(Form):
    """One stage. Durations count the journey's own clock, held time left out."""

    model_config = ConfigDict(title="Stage")

    name: StageName
    """Name of the stage; `rollback`, `completed` and `cancelled` are taken."""
    title: Title | None = None
    """What people read for it."""
    purpose: Annotated[str, Field(max_length=1000, examples=["Real users, few of them"])] | None = (
        None
    )
    """What the stage is for."""
    target: Range | None = None
    """How long it should take, such as `10d..15d`: sooner is ahead, later is behind."""
    limit: Duration | None = None
    """Longer than this, the journey is stuck."""
    baseline: Duration | None = None
    """How long it took before, for comparison."""
    entry: GateForm | None = None
    """What must hold before the stage's work begins; left out, it begins at once."""
    exit: GateForm
    """What must hold before the journey leaves the stage forwards."""
    work: list[UnitForm] = Field(default_factory=list)
    """Units of work of the stage."""
    rollout: RolloutPlanForm | None = None
    """Rollout in waves."""
    triggers: list[TriggerForm] = Field(default_factory=list)
    """What rolls the journey back, or holds it."""
    success: list[AnyCriterion] = Field(default_factory=list)
    """Success metrics: reported, never a gate."""

    def build(self) -> StagePlan:
        """Return it as core knows it."""
        name = as_stage(self.name)
        earliest, target = self.target or (None, None)
        return StagePlan(
            name=name,
            entry=self.entry.build(name) if self.entry else Gate(),
            exit=self.exit.build(name),
            work=tuple(u.build() for u in self.work),
            triggers=tuple(t.build() for t in self.triggers),
            rollout=self.rollout.build(name) if self.rollout else None,
            success=built(self.success, name),
            baseline=self.baseline,
            title=self.title or "",
            purpose=self.purpose or "",
            **given(target=target, earliest=earliest, limit=self.limit),
        )


def built(forms: list[AnyCriterion], stage: str | None = None) -> tuple[Criterion, ...]:
    """Return criteria as core knows them."""
    return tuple(form.build(stage=stage) for form in forms)
