"""The gate inspector: one line per criterion, with the evidence that it was judged on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from markupsafe import Markup

from sojourn.core.criteria import CriteriaCheck, Criterion, Observe, ValidationResult, verdict_of
from sojourn.core.gates import Faced, gate_of
from sojourn.core.paths import Trigger
from sojourn.core.snapshot import Snapshot
from sojourn.dashboard.plots import Point, spark
from sojourn.dashboard.statuses import VERDICT
from sojourn.dashboard.telling import number
from sojourn.paths.words import evidence
from sojourn.store.sets import Row

SPARKS: Final = 40
"""Points of a small line."""
Series = Mapping[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Check:
    """One line: the criterion, what was seen, and what a person may do about it."""

    place: str
    criterion: Criterion
    check: CriteriaCheck
    drawn: Markup
    rules: str
    asks_approval: bool
    waivable: bool

    @property
    def verdict(self) -> str:
        """Return the verdict's name."""
        return verdict_of(self.check).value

    @property
    def title(self) -> str:
        """Return what people read for the criterion."""
        return self.criterion.title or self.criterion.name.replace("_", " ").capitalize()

    @property
    def actual(self) -> str:
        """Return the value that was judged."""
        return told(self.check.actual_value, self.criterion)


def told(value: object, criterion: Criterion) -> str:
    """Return a value with its unit: changes against a baseline are in percent."""
    if criterion.baseline is not None and isinstance(value, float):
        return f"{value:+.1%}"
    return number(value)


def metrics_of(criteria: Iterable[Criterion]) -> set[str]:
    """Return the metrics that criteria look at."""
    return {c.subject for c in criteria if c.observe == Observe.METRIC}


def checks(
    every: Iterable[Faced], result: ValidationResult, shot: Snapshot, series: Series
) -> list[Check]:
    """Return the lines of the gate that the journey stands before."""
    waivable = bool(gate_of(shot.path, shot.state).waiver_roles)
    return [
        Check(
            place=item.place,
            criterion=item.criterion,
            check=found,
            drawn=line(item.criterion, found, series),
            rules=evidence(item.criterion),
            asks_approval=item.criterion.observe == Observe.APPROVAL,
            waivable=waivable and not found.passed,
        )
        for item, found in zip(every, result.checks, strict=True)
    ]


def line(criterion: Criterion, found: CriteriaCheck, series: Series) -> Markup:
    """Return the small line of a metric's criterion."""
    if criterion.observe != Observe.METRIC:
        return Markup("")
    tone = VERDICT[verdict_of(found).value].tone
    return spark(points_of(series.get(criterion.subject, ())), limit_of(criterion), tone)


def points_of(rows: Iterable[Row]) -> list[Point]:
    """Return rows of a series as points."""
    return [(row["at"], float(row["value"])) for row in rows]


def limit_of(criterion: Criterion) -> float | None:
    """Return the threshold as a level of the metric itself; None where it is not one."""
    limit = criterion.threshold
    plain = isinstance(limit, int | float) and not isinstance(limit, bool)
    return float(limit) if plain and criterion.baseline is None else None


@dataclass(frozen=True, slots=True)
class Watch:
    """A trigger as it stands: ``near`` says how it looks in one word."""

    trigger: Trigger
    check: CriteriaCheck
    drawn: Markup

    @property
    def standing(self) -> tuple[str, str, str]:
        """Return tone, icon and word: a trigger that was not seen is grey, never green."""
        if self.check.passed:
            return "bad", "alert", "Tripping"
        if self.check.holds is False:
            return "ok", "check", "Quiet"
        if verdict_of(self.check).value == "error":
            return "warn", "bolt", "Source error"
        return "unknown", "question", "Not seen"

    @property
    def actual(self) -> str:
        """Return the value that was judged."""
        return told(self.check.actual_value, self.trigger.criterion)

    @property
    def lasting(self) -> timedelta | None:
        """Return how long it must last before it acts."""
        return self.trigger.lasting or None


def watches(
    triggers: Iterable[Trigger], found: Iterable[CriteriaCheck], series: Series
) -> list[Watch]:
    """Return what is watched for rolling the journey back."""
    pairs = zip(triggers, found, strict=False)
    return [Watch(t, c, spark_of(t.criterion, c, series)) for t, c in pairs]


def spark_of(criterion: Criterion, found: CriteriaCheck, series: Series) -> Markup:
    """Return a trigger's small line: calm unless it trips."""
    if criterion.observe != Observe.METRIC:
        return Markup("")
    points = points_of(series.get(criterion.subject, ()))
    return spark(points, limit_of(criterion), "bad" if found.passed else "busy")
