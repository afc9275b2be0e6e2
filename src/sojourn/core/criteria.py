"""Criteria, what they observe, the evidence they ask for, and the six verdicts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final


class Verdict(StrEnum):
    """The result of a check or of a gate. Only ``passed`` and ``waived`` open a gate."""

    PASSED = "passed"
    FAILED = "failed"
    INSUFFICIENT_DATA = "insufficient_data"
    ERROR = "error"
    PENDING = "pending"
    WAIVED = "waived"

    @property
    def opens(self) -> bool:
        """Say whether the verdict opens a gate."""
        return self in (Verdict.PASSED, Verdict.WAIVED)


SEVERITY: Final = (
    Verdict.FAILED,
    Verdict.ERROR,
    Verdict.INSUFFICIENT_DATA,
    Verdict.PENDING,
    Verdict.PASSED,
    Verdict.WAIVED,
)
"""Worst first: failed > error > insufficient_data > pending > passed (design, Gates)."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; of none at all it is ``insufficient_data``, never ``passed``.

    Waived checks beside passed ones make a passed gate; a gate of waivers only is ``waived``.
    """
    found = set(verdicts)
    return next((v for v in SEVERITY if v in found), Verdict.INSUFFICIENT_DATA)


class Observe(StrEnum):
    """What a criterion looks at."""

    METRIC = "metric"
    FACT = "fact"
    APPROVAL = "approval"
    WORK = "work"
    SOAK = "soak"
    ROLLOUT = "rollout"


class Aggregate(StrEnum):
    """How the measurements of a window become one value."""

    LATEST = "latest"
    MEAN = "mean"
    P50 = "p50"
    P95 = "p95"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    SLOPE = "slope"
    STDDEV = "stddev"


class Operator(StrEnum):
    """How the value is compared with the threshold."""

    GE = ">="
    GT = ">"
    LE = "<="
    LT = "<"
    EQ = "=="
    NE = "!="
    EXISTS = "exists"


class Since(StrEnum):
    """How far back evidence may come from: this visit of the stage, or the whole journey."""

    STAGE = "stage"
    JOURNEY = "journey"


class BaselineKind(StrEnum):
    """What a relative criterion compares with: the window before, or the stage's first window."""

    PREVIOUS = "previous"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Baseline:
    """A relative criterion's yardstick; the value judged is (now - baseline) / baseline."""

    kind: BaselineKind
    window: timedelta
    min_samples: int = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a criterion asks of its evidence before it believes a value.

    ``coverage`` is the share (0 to 1) of the window that samples no further apart than ``every``
    really observed; ``spread`` is the greatest max - min, ``slope`` the greatest change per day.
    """

    min_samples: int = 1
    max_age: timedelta | None = None
    coverage: float | None = None
    every: timedelta | None = None
    spread: float | None = None
    slope: float | None = None
    consecutive_passes: int = 1


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Who may approve, how many it takes, and for how long an approval is good."""

    roles: tuple[str, ...] = ("approver",)
    quorum: int = 1
    expires: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition. It serves gates, triggers, rollout waves and success metrics alike."""

    name: str
    observe: Observe
    subject: str
    operator: Operator = Operator.EQ
    threshold: Any = True
    aggregate: Aggregate = Aggregate.LATEST
    window: timedelta | None = None
    since: Since = Since.STAGE
    baseline: Baseline | None = None
    evidence: Evidence = field(default_factory=Evidence)
    approval: ApprovalRule | None = None
    title: str = ""
    ball: str = "operator"
    """Who can mend it when it does not hold: operator, client, approver or agent."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen for one criterion of one journey; ``n`` counts samples, ages are instants.

    ``covered`` is the observed time of the window that was not held, ``recent`` the newest values,
    newest first, ``base`` and ``base_n`` the baseline's value and sample count.
    """

    value: float | None = None
    n: int = 0
    newest_at: datetime | None = None
    source: str | None = None
    error: str | None = None
    covered: timedelta = timedelta(0)
    spread: float | None = None
    slope: float | None = None
    nonzero_at: datetime | None = None
    recent: tuple[float, ...] = ()
    base: float | None = None
    base_n: int = 0


@dataclass(frozen=True, slots=True)
class CriteriaCheck:
    """One criterion's result for one journey at one moment (the specification's fields first)."""

    name: str
    passed: bool
    actual_value: Any
    expected_value: Any
    message: str
    verdict: Verdict | None = None
    n: int | None = None
    observed_at: datetime | None = None
    source: str | None = None
    remedy: str = ""
    possible_at: datetime | None = None
    """The earliest instant at which it could pass by itself; None when that is unknown."""
    ball: str = "operator"
    holds: bool | None = None
    """Whether the bare comparison was true, whatever the evidence's quality; None if unknown."""

    def __post_init__(self) -> None:
        if self.verdict is None:
            own = Verdict.PASSED if self.passed else Verdict.FAILED
            object.__setattr__(self, "verdict", own)
        elif self.passed != self.verdict.opens:
            raise ValueError(f"check {self.name}: passed={self.passed} but {self.verdict}")


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """All checks of a gate and what follows from them; a gate without checks never passes."""

    passed: bool
    checks: tuple[CriteriaCheck, ...]
    summary: str
    verdict: Verdict = None  # type: ignore[assignment]
    """Follows from ``passed`` where it is not given."""

    def __post_init__(self) -> None:
        if self.verdict is None:
            own = Verdict.PASSED if self.passed else Verdict.FAILED  # type: ignore[unreachable]
            object.__setattr__(self, "verdict", own)
        elif self.passed != self.verdict.opens:
            raise ValueError(f"passed={self.passed} but {self.verdict}")

    @property
    def failing(self) -> tuple[CriteriaCheck, ...]:
        """Return the checks that keep the gate shut, worst first."""
        shut = [c for c in self.checks if not c.passed]
        return tuple(sorted(shut, key=lambda c: SEVERITY.index(verdict_of(c))))


def verdict_of(check: CriteriaCheck) -> Verdict:
    """Return a check's verdict, which is always set once it has been made."""
    return check.verdict or Verdict.ERROR


def aggregate_results(checks: Iterable[CriteriaCheck]) -> ValidationResult:
    """Fold checks into a gate's result; all of them count, the worst decides."""
    every = tuple(checks)
    verdict = worst(verdict_of(c) for c in every)
    return ValidationResult(verdict.opens, every, summarize(every), verdict)


def summarize(checks: tuple[CriteriaCheck, ...]) -> str:
    """Say in one line how many checks hold and which do not."""
    if not checks:
        return "no criteria: a gate without criteria never opens"
    good = sum(c.passed for c in checks)
    shut = ", ".join(f"{c.name} {words(verdict_of(c))}" for c in checks if not c.passed)
    return f"{good} of {len(checks)} checks hold" + (f": {shut}" if shut else "")


def words(verdict: Verdict) -> str:
    """Return a verdict as people read it."""
    return verdict.value.replace("_", " ")


STAGE_METRICS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "sandbox": {
        "connector_sync_rate": {"threshold": 1.0, "operator": ">="},
        "search_precision": {"threshold": 0.80, "operator": ">="},
        "security_vulnerabilities": {"threshold": 0, "operator": "=="},
    },
    "pilot": {
        "search_precision": {"threshold": 0.85, "operator": ">="},
        "user_satisfaction": {"threshold": 4.0, "operator": ">="},
        "bug_count": {"threshold": 0, "operator": "=="},
        "p95_latency_ms": {"threshold": 500, "operator": "<="},
    },
    "production": {
        "user_adoption": {"threshold": 0.70, "operator": ">="},
        "search_satisfaction": {"threshold": 4.5, "operator": ">="},
        "query_volume_growth": {"threshold": 0.20, "operator": ">="},
    },
}
"""The specification's validation metrics: the loader's defaults for criteria on these metrics."""
