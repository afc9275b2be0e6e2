"""Time in stages: how long visits take, how they end, and which stage costs most."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sojourn.analytics.durations import Summary, active_days, summary

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One stage over all visits. ``excess`` is the sum of days over target, open visits too."""

    stage: str
    visits: int
    open: int
    promoted: int
    rolled_back: int
    cancelled: int
    taken: Summary
    """Days of the visits that have ended with a promotion."""
    excess: float
    target: float | None


def stage_figures(
    rows: Iterable[Row], targets: Mapping[tuple[int, str], float], now: datetime
) -> list[StageFigures]:
    """Return the stages, the one with the greatest excess first.

    ``targets`` are planned days by path and stage. Soak and waves are part of a stage's target.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["stage"]].append(row)
    found = [_figures(stage, visits, targets, now) for stage, visits in groups.items()]
    return sorted(found, key=lambda f: (-f.excess, f.stage))


def _figures(
    stage: str, visits: list[Row], targets: Mapping[tuple[int, str], float], now: datetime
) -> StageFigures:
    days = [active_days(v, v["entered_at"], v["left_at"] or now) for v in visits]
    left = [v["left_by"] for v in visits]
    promoted = [_promotes(name) for name in left]
    planned = [targets.get((v["path_id"], stage)) for v in visits]
    over = [d - p for d, p in zip(days, planned, strict=True) if p is not None and d > p]
    known = [p for p in planned if p is not None]
    return StageFigures(
        stage,
        len(visits),
        left.count(None),
        sum(promoted),
        left.count("initiate_rollback"),
        left.count("cancel_journey"),
        summary(d for d, good in zip(days, promoted, strict=True) if good),
        sum(over),
        max(known) if known else None,
    )


def _promotes(event: str | None) -> bool:
    return event is not None and (event.startswith("promote_to_") or event == "mark_complete")
