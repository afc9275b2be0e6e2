"""Sojourn takes client companies from a signed contract to production, on live evidence.

The names of the specification are importable from here; they are what the engine itself uses.
"""

from sojourn.core.criteria import (
    STAGE_METRICS,
    CriteriaCheck,
    Criterion,
    ValidationResult,
    Verdict,
)
from sojourn.core.gates import ExitCriteriaValidator
from sojourn.core.journeys import JourneyState, start_journey
from sojourn.core.paths import RollbackTrigger
from sojourn.core.stages import (
    TRANSITIONS,
    IllegalTransition,
    JourneyStage,
    TransitionEvent,
)
from sojourn.core.work import (
    InvalidWork,
    Task,
    TaskStatus,
    UnitOfWork,
    UnitOfWorkStatus,
)

__all__ = [
    "STAGE_METRICS",
    "TRANSITIONS",
    "CriteriaCheck",
    "Criterion",
    "ExitCriteriaValidator",
    "IllegalTransition",
    "InvalidWork",
    "JourneyStage",
    "JourneyState",
    "RollbackTrigger",
    "Task",
    "TaskStatus",
    "TransitionEvent",
    "UnitOfWork",
    "UnitOfWorkStatus",
    "ValidationResult",
    "Verdict",
    "start_journey",
]
