"""The portfolio's figures on the pages: each in words, with the rows behind it.

What a figure is, its target and its baseline is analytics' word; here it is only told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sojourn.analytics.figures import Figure
from sojourn.analytics.stages import StageFigures
from sojourn.control.portfolio import Portfolio
from sojourn.dashboard.telling import days, number, percent

HREFS: Final = {
    "time_to_production": "/journeys?set=reached",
    "success_rate": "/journeys?set=decided",
    "rollback_rate": "/journeys?set=rolled_back",
    "first_pass_rate": "/journeys?set=first_pass_failed",
    "on_time_rate": "/journeys?set=reached",
    "intervention_rate": "/journeys?set=helped",
    "pilot_rollback_rate": "/journeys?set=pilot_rolled_back",
}
TITLES: Final = {"first_pass_rate": "First-pass rate", "success_rate": "Success rate"}
"""Shorter names for narrow tiles."""
Part = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Tile:
    """One number for people; ``met`` is None where there is nothing to judge."""

    title: str
    value: str
    n: int
    about: str
    href: str
    target: str = ""
    baseline: str = ""
    met: bool | None = None
    notes: tuple[str, ...] = ()
    change: str = ""
    """Against 30 days ago."""
    parts: tuple[Part, ...] = ()

    @property
    def goal(self) -> str:
        """Return whether the target is met: met, missed, or unknown."""
        return "unknown" if self.met is None else ("met" if self.met else "missed")


def told(value: float | None, unit: str) -> str:
    """Return a figure's value with its unit."""
    if unit == "share":
        return percent(value)
    return days(value) if unit == "days" else number(value)


def changed(now: float | None, before: float | None, unit: str) -> str:
    """Return a change with its sign; nothing where one side is unknown."""
    if now is None or before is None:
        return ""
    step = now - before
    sign = "+" if step > 0 else "\N{MINUS SIGN}" if step < 0 else "\N{PLUS-MINUS SIGN}"
    if unit == "share":
        return f"{sign}{abs(step) * 100:.0f} points"
    return f"{sign}{days(abs(step)) if unit == 'days' else number(abs(step))}"


def tile(one: Figure, notes: tuple[str, ...] = (), before: Figure | None = None) -> Tile:
    """Return a figure as people read it."""
    sign = "\N{LESS-THAN OR EQUAL TO}" if one.better == "lower" else "\N{GREATER-THAN OR EQUAL TO}"
    return Tile(
        TITLES.get(one.name, one.title),
        told(one.value, one.unit),
        one.n,
        one.definition,
        HREFS.get(one.name, "/journeys"),
        f"{sign} {told(one.target, one.unit)}" if one.target is not None else "",
        told(one.baseline, one.unit) if one.baseline is not None else "",
        one.met,
        notes,
        changed(one.value, before.value if before else None, one.unit),
    )


def active(crowd: Mapping[str, Mapping[str, int]], before: int | None = None) -> Tile:
    """Count journeys that have not ended, by stage."""
    stages = crowd.get("stage", {})
    parts = tuple((name, count, f"/journeys?stage={name}") for name, count in stages.items())
    total = sum(stages.values())
    about = "Journeys that have neither completed nor been cancelled, by their present stage."
    change = changed(total, before, "count")
    href = "/journeys?active=yes"
    return Tile("Active journeys", number(total), total, about, href, change=change, parts=parts)


def notes(one: Figure, all_: Mapping[str, Figure]) -> tuple[str, ...]:
    """Return what stands below a figure."""
    found: Mapping[str, Any] = one.details
    if one.value is None:
        return ()
    match one.name:
        case "time_to_production":
            return (f"p90 {days(found['p90'])}", f"mean {days(found['mean'])}")
        case "success_rate":
            return (f"{found['reached']} reached", f"{found['cancelled']} lost")
        case "rollback_rate":
            pilots = all_["pilot_rollback_rate"]
            return (f"of pilots {percent(pilots.value)} (n={pilots.n})",)
    return ()


def named(found: Portfolio) -> dict[str, Figure]:
    """Return a portfolio's figures by name."""
    return {one.name: one for one in found.figures}


def tiles(found: Portfolio, crowd: Mapping[str, Mapping[str, int]]) -> list[Tile]:
    """Return the six figures of the first page."""
    names = (
        "time_to_production", "on_time_rate", "success_rate", "rollback_rate", "first_pass_rate",
    )  # fmt: skip
    return [active(crowd, found.active_before), *_tiles(found, names)]


def primary(found: Portfolio) -> list[Tile]:
    """Return the specification's four primary metrics."""
    names = ("time_to_production", "success_rate", "rollback_rate", "first_pass_rate")
    return _tiles(found, names)


def _tiles(found: Portfolio, names: tuple[str, ...]) -> list[Tile]:
    every, before = named(found), {one.name: one for one in found.before}
    return [tile(every[name], notes(every[name], every), before.get(name)) for name in names]


def secondary(found: Portfolio, score: tuple[int, float | None]) -> list[Tile]:
    """Return the specification's four secondary metrics; ``score`` is n and mean satisfaction."""
    stages = {one.stage: one for one in found.stages}
    of_stages = [stage_days(name, stages.get(name)) for name in ("sandbox", "pilot")]
    return [*of_stages, satisfaction(*score), tile(named(found)["intervention_rate"])]


def stage_days(name: str, one: StageFigures | None) -> Tile:
    """Return the mean days of a stage's promoted visits."""
    mean = one.taken.mean if one else None
    about = f"Mean days of visits of {name} that ended with a promotion, held time left out."
    met = None if mean is None else mean < 15
    below = (f"median {days(one.taken.median)}", f"p90 {days(one.taken.p90)}") if one else ()
    n = one.taken.n if one else 0
    title, href = f"{name.title()} duration", f"/journeys?stage={name}"
    return Tile(title, days(mean), n, about, href, "< 15 d", "30 d", met, below if n else ())


def satisfaction(n: int, mean: float | None) -> Tile:
    """Return the mean satisfaction of clients during onboarding."""
    about = "Mean of each journey's newest user_satisfaction score, on the scale of 5."
    met = None if mean is None else mean > 4.5
    value = number(mean if mean is None else round(mean, 2))
    return Tile("Client satisfaction", value, n, about, "/journeys", "> 4.5 of 5", "", met)
