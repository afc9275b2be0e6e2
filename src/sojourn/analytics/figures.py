"""A figure: a value that says what it means, how many stand behind it, and how old it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its definition. None is unknown: nothing stands behind it yet.

    ``better`` says whether higher or lower values are; ``newest`` is the youngest evidence.
    """

    name: str
    title: str
    value: float | None
    unit: str
    n: int
    definition: str
    better: str = "lower"
    target: float | None = None
    baseline: float | None = None
    newest: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Say whether the target is met; None where that is unknown."""
        if self.value is None or self.target is None:
            return None
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


def share(part: int, whole: int) -> float | None:
    """Return part of whole; None of nothing."""
    return part / whole if whole else None


def newest(dates: list[datetime | None]) -> datetime | None:
    """Return the latest of some dates."""
    known = [d for d in dates if d is not None]
    return max(known) if known else None
