"""A whole path file as people write it."""

from typing import Annotated

from pydantic import ConfigDict, Field

from sojourn.core.paths import AfterRollback, Gate, Path, RollbackPolicy
from sojourn.paths.forms import Duration, Form, Input, Name, Title, given
from sojourn.paths.stages import GateForm, StageForm


class RollbackForm(Form):
    """What follows a rollback, how often, and what must hold before the journey goes on."""

    model_config = ConfigDict(title="Rollback")

    after: AfterRollback | None = None
    """`resume` the journey (default), `hold` it for a person, or `cancel` it."""
    max_rollbacks: Annotated[int, Field(ge=0, le=100, examples=[2])] | None = None
    """After so many rollbacks the journey is held for a person."""
    timeout: Duration | None = None
    """How long undoing and checking may take before a person is asked."""
    checks: GateForm | None = None
    """What must hold beside the undo tasks' own success before the journey goes on."""

    def build(self) -> RollbackPolicy:
        """Return it as core knows it."""
        return RollbackPolicy(
            checks=self.checks.build() if self.checks else Gate(),
            **given(after=self.after, max_rollbacks=self.max_rollbacks, timeout=self.timeout),
        )


class PathForm(Form):
    """A path: the stages that a client's journey goes through, from contract to production."""

    model_config = ConfigDict(title="Path")

    name: Name
    """Name of the path; a changed file of the same name is a new version of it."""
    title: Title | None = None
    """What people read for it."""
    description: (
        Annotated[str, Field(max_length=4000, examples=["For banks and insurers"])] | None
    ) = None
    """Who the path is for, and how it differs from others."""
    defaults: Input = Field(default_factory=dict)
    """Metadata that a journey has where its client brings none: `${journey.metadata.<name>}`."""
    rollback: RollbackForm | None = None
    """What follows a rollback."""
    stages: Annotated[list[StageForm], Field(min_length=1, max_length=30)]
    """Stages in the order in which a journey goes through them."""

    def build(self) -> Path:
        """Return it as core knows it, without digest and version."""
        return Path(
            name=self.name,
            stages=tuple(s.build() for s in self.stages),
            title=self.title or "",
            description=self.description or "",
            rollback=self.rollback.build() if self.rollback else RollbackPolicy(),
            defaults=self.defaults,
        )
