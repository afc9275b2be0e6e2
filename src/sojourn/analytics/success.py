"""The specification's success metrics over all journeys, with their targets and baselines."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sojourn.analytics.durations import (
    Spell,
    active_days,
    by_day,
    cumulative_incidence,
    summary,
    when_half,
)
from sojourn.analytics.figures import Figure, newest, share

Row = Mapping[str, Any]
REACHED: Final = "reached"
CANCELLED: Final = "cancelled"


def outcome(row: Row) -> str | None:
    """Return how a journey turned out; None while that is open."""
    if row["reached_at"] is not None:
        return REACHED
    return CANCELLED if row["ended_at"] is not None else None


def spell(row: Row, now: datetime) -> Spell:
    """Return how long a journey took to its goal on its clock, or for how long it is watched."""
    end = row["reached_at"] or row["ended_at"] or now
    return Spell(active_days(row, row["started_at"], end), outcome(row))


def success_figures(rows: Sequence[Row], plans: Mapping[int, float], now: datetime) -> list[Figure]:
    """Return the primary metrics, on time, and interventions.

    ``plans`` are the days that each path (by id) plans until its last stage.
    """
    return [
        time_to_production(rows, now),
        success_rate(rows),
        rollback_rate(rows),
        pilot_rollback_rate(rows),
        first_pass_rate(rows),
        on_time_rate(rows, plans),
        intervention_rate(rows),
    ]


def time_to_production(rows: Iterable[Row], now: datetime) -> Figure:
    """Return the median days from the start to production, with what an average hides."""
    every = list(rows)
    spells = [spell(row, now) for row in every]
    done = [row for row in every if row["reached_at"] is not None]
    taken = summary(s.days for s in spells if s.outcome == REACHED)
    raw = summary((r["reached_at"] - r["started_at"]).total_seconds() / 86400 for r in done)
    shares = cumulative_incidence(spells, REACHED)
    return Figure(
        "time_to_production",
        "Time to production",
        taken.median,
        "days",
        taken.n,
        "Median days from a journey's start to its first entry into its path's last stage, held "
        "time left out, of the journeys that have got there.",
        target=30.0,
        baseline=90.0,
        newest=newest([row["reached_at"] for row in done]),
        details={
            "mean": taken.mean,
            "p90": taken.p90,
            "raw_median": raw.median,
            "raw_p90": raw.p90,
            "share_by_target": by_day(shares, 30.0),
            "median_of_all": when_half(shares),
            "watched": len(spells),
        },
    )


def success_rate(rows: Iterable[Row]) -> Figure:
    """Return the share of decided journeys that reached production."""
    ends = [outcome(row) for row in rows]
    good, lost = ends.count(REACHED), ends.count(CANCELLED)
    return Figure(
        "success_rate",
        "Client success",
        share(good, good + lost),
        "share",
        good + lost,
        "Journeys that reached their path's last stage, of those that did or were cancelled "
        "before; journeys still under way count on neither side.",
        better="higher",
        target=0.90,
        baseline=0.75,
        details={"reached": good, "cancelled": lost, "open": ends.count(None)},
    )


def rollback_rate(rows: Iterable[Row]) -> Figure:
    """Return the share of all journeys that were ever rolled back."""
    every = list(rows)
    back = [row for row in every if row["rollbacks"]]
    return Figure(
        "rollback_rate",
        "Rollback rate",
        share(len(back), len(every)),
        "share",
        len(every),
        "Journeys with at least one rollback, of all journeys.",
        target=0.10,
        baseline=0.30,
        details={"journeys": len(back), "rollbacks": sum(r["rollbacks"] for r in every)},
    )


def pilot_rollback_rate(rows: Iterable[Row]) -> Figure:
    """Return the share of journeys in pilot that were rolled back from there."""
    pilots = [row for row in rows if row["piloted"]]
    back = sum(row["pilot_rollbacks"] > 0 for row in pilots)
    return Figure(
        "pilot_rollback_rate",
        "Pilots rolled back",
        share(back, len(pilots)),
        "share",
        len(pilots),
        "Journeys that were rolled back from the pilot, of those that entered it.",
        target=0.10,
        baseline=0.30,
    )


def first_pass_rate(rows: Iterable[Row]) -> Figure:
    """Return the share of gates that were passed at the first attempt."""
    every = list(rows)
    gates = sum(row["gates"] for row in every)
    passed = sum(row["first_passes"] for row in every)
    return Figure(
        "first_pass_rate",
        "Passed at the first attempt",
        share(passed, gates),
        "share",
        gates,
        "Exit gates passed at the first attempt to promote at a visit, of those attempted; a mere "
        "look at a gate is no attempt.",
        better="higher",
        target=0.95,
    )


def on_time_rate(rows: Iterable[Row], plans: Mapping[int, float]) -> Figure:
    """Return the share of journeys that reached production within their plan."""
    done = [row for row in rows if row["reached_at"] is not None and row["path_id"] in plans]
    days = [active_days(row, row["started_at"], row["reached_at"]) for row in done]
    good = sum(d <= plans[row["path_id"]] for d, row in zip(days, done, strict=True))
    return Figure(
        "on_time_rate",
        "On time",
        share(good, len(done)),
        "share",
        len(done),
        "Journeys that reached their path's last stage within the targets of the stages before "
        "it, held time left out, as the path version they are pinned to has them.",
        better="higher",
        baseline=0.738,
        newest=newest([row["reached_at"] for row in done]),
    )


def intervention_rate(rows: Iterable[Row]) -> Figure:
    """Return the share of journeys that a person had to help along."""
    every = list(rows)
    helped = sum(row["interventions"] > 0 for row in every)
    return Figure(
        "intervention_rate",
        "Manual intervention",
        share(helped, len(every)),
        "share",
        len(every),
        "Journeys in which a person waived a criterion, retried a task, held the journey or "
        "submitted work, of all journeys; approvals are not interventions.",
        target=0.05,
        details={"interventions": sum(row["interventions"] for row in every)},
    )
