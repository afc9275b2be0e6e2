"""The live view of a journey: stages, gate, work and events, in as many lines as there are."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from sojourn.cli import screen, telling
from sojourn.cli.checks import mark
from sojourn.cli.layout import fitted, grid, heading, shares, spread
from sojourn.cli.picture import Leg, Picture
from sojourn.cli.workload import units
from sojourn.core.criteria import CriteriaCheck, verdict_of
from sojourn.core.gates import door
from sojourn.core.journeys import Ball
from sojourn.core.judge import show
from sojourn.core.stages import JourneyStage

DAY: Final = timedelta(days=1)
FIXED: Final = 9
"""Lines that are always there: header, stages, status, three titles, footer."""
WIDE: Final = 110
"""Columns from which on there is room for long names."""
FEWEST: Final = 2
"""Events that are shown at least."""
BALL: Final = {
    Ball.AGENT: "an agent",
    Ball.CLIENT: "the client",
    Ball.APPROVER: "an approver",
    Ball.OPERATOR: "the operator",
    Ball.SOAK: "time alone",
    Ball.NOBODY: "nobody",
}


class Board:
    """A picture as something that the terminal can show, as tall as the terminal."""

    def __init__(self, picture: Picture, footer: str) -> None:
        self._picture = picture
        self._footer = footer

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw all parts in the lines that there are."""
        height, width = options.max_height, options.max_width
        footer = screen.text(self._footer, "dim")
        footer.truncate(width, overflow="ellipsis")
        yield Group(*_parts(self._picture, height, width), footer)


def _parts(picture: Picture, height: int, width: int) -> Iterator[RenderableType]:
    room = max(height - FIXED - FEWEST, 4)
    checks, work = [*_checks(picture)], units(picture)
    for_checks, for_work = shares(room, len(checks), len(work))
    yield _header(picture, width)
    yield _stages(picture, width)
    yield _status(picture)
    yield heading(_gate_title(picture), width)
    yield grid((10, 0, 10, 10, 8), fitted(checks, for_checks, "hold"))
    yield heading("Work", width)
    yield grid((1, 0, 34 if width >= WIDE else 22, 20), fitted(work, for_work, "done"))
    yield heading("Events", width)
    yield from _events(picture, room - for_checks - for_work + FEWEST, width)


def _header(picture: Picture, width: int) -> Table:
    state, path = picture.shot.state, picture.shot.path
    day = (picture.now - state.started_at) / DAY
    left = screen.text(f" {state.client_id} · {path.title or path.name}", "bold reverse")
    right = screen.text(f"{picture.now:%a %d %b %Y %H:%M} · day {day:.1f} ", "bold reverse")
    return spread(left, right, width, "reverse")


def _stages(picture: Picture, width: int) -> Table:
    cell = max(width // max(len(picture.legs), 1) - 2, 4)
    names, days, bars = zip(
        *((_name(g), _days(g), _bar(g, cell)) for g in picture.legs), strict=True
    )
    return grid([0] * len(picture.legs), (names, days, bars))


def _name(leg: Leg) -> Text:
    icon, style = ("▶", "bold") if leg.here else ("✓", "good") if leg.done else ("·", "dim")
    again = f" #{leg.visits}" if leg.visits > 1 else ""
    return screen.text(f"{icon} {leg.plan.title or leg.plan.name}{again}", style)


def _days(leg: Leg) -> Text:
    target = f"{leg.plan.target / DAY:g} d"
    taken = f"{leg.spent / DAY:.1f} of " if leg.visits else "target "
    return screen.text(f"  {taken}{target}", "" if leg.visits else "dim")


def _bar(leg: Leg, width: int) -> Text:
    share = min(leg.spent / leg.plan.target, 1.0)
    late = leg.spent > leg.plan.limit, leg.spent > leg.plan.target
    style = "bad" if late[0] else "warn" if late[1] else "good"
    filled = round(share * width)
    return screen.text("━" * filled, style).append("─" * (width - filled), "dim")


def _status(picture: Picture) -> Text:
    state, view = picture.shot.state, picture.told.view
    if state.ended:
        good = state.current_stage == JourneyStage.COMPLETED
        return screen.text(f"The journey is {state.current_stage}.", "good" if good else "bad")
    if state.hold:
        told = screen.text(f"‖ Held by {state.hold.actor}: {state.hold.reason}", "warn")
    elif state.current_stage == JourneyStage.ROLLBACK:
        why = picture.shot.rollback.reason if picture.shot.rollback else ""
        told = screen.text(f"↩ Rolling back to {state.target_stage}: {why}", "bad")
    else:
        late = view.schedule.replace("_", " ")
        served = f" · {state.rollout_percent} % of users served" if state.wave else ""
        ball = f" · ball with {BALL[view.ball]}: {view.waiting_for}"
        told = screen.text(f"{late.capitalize()}{served}{ball}")
    told.no_wrap, told.overflow = True, "ellipsis"
    return told


def _gate_title(picture: Picture) -> str:
    checks = picture.told.result.checks
    held = f": {sum(c.passed for c in checks)} of {len(checks)} hold" if checks else ""
    return f"Gate {picture.told.gate or 'none'}{held}"


def _checks(picture: Picture) -> Iterator[tuple[bool, list[Text]]]:
    """Yield each check as a row, with whether it may be left out."""
    faced = door(picture.shot.path, picture.shot.state)
    titles = [f.criterion.title or f.criterion.name for f in faced]
    for title, check in zip(titles, picture.told.result.checks, strict=True):
        yield check.passed, _check(title, check)


def _check(title: str, check: CriteriaCheck) -> list[Text]:
    verdict = screen.text(mark(verdict_of(check)).plain.replace("insufficient data", "no data"))
    verdict.style = mark(verdict_of(check)).style
    actual = "" if check.actual_value is None else telling.value(check.actual_value)
    actual = actual.removesuffix(" units of work done")
    samples = f"n={check.n}" if check.n else ""
    return [verdict, *map(screen.text, (title, actual, _needed(check), samples))]


def _needed(check: CriteriaCheck) -> str:
    return show(check.expected_value).removesuffix(" against the baseline")


def _events(picture: Picture, count: int, width: int) -> Iterator[Text]:
    state = picture.shot.state
    left = (event["from_stage"] for event in picture.events if event["event"])
    teller = telling.Teller(picture.shot.path, state.started_at, next(left, state.current_stage))
    lines = map(teller.line, picture.events)
    told = [line for line in lines if line is not None][-count:]
    for line in told:
        line.truncate(width, overflow="ellipsis")
        yield line
    yield from (Text() for _ in range(count - len(told)))
