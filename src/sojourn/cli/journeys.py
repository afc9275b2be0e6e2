"""Listing journeys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from sojourn.app import App
from sojourn.cli import documents, options, screen, session, stepper
from sojourn.core.decision import View
from sojourn.core.journeys import Ball, JourneyState, Schedule
from sojourn.core.paths import Path
from sojourn.core.snapshot import GateMemory
from sojourn.store import search
from sojourn.store.journeys import state as state_of
from sojourn.store.sets import Row

COLUMNS: Final = (
    "!client", "!stage", "!schedule", "#days", "#gate", "!ball", "waiting for", "!not yet", "!path",
)  # fmt: skip
NARROW: Final = 7
"""How many of the columns a narrow terminal shows."""
LATE: Final[Mapping[str, str]] = {"ahead": "good", "behind": "warn", "stuck": "bad"}
ICONS: Final[Mapping[str, str]] = {"ahead": "»", "on_track": "=", "behind": "!", "stuck": "✗"}


InStage = Annotated[str | None, typer.Option("--stage", metavar="STAGE", help="In this stage.")]
WithBall = Annotated[Ball | None, typer.Option("--ball", help="Who has to act.")]
OnSchedule = Annotated[Schedule | None, typer.Option("--schedule", help="Against the plan.")]
OnPath = Annotated[str | None, typer.Option("--path", metavar="NAME", help="On this path.")]
Owner = Annotated[str | None, typer.Option("--owner", metavar="NAME", help="Of this owner.")]
Held = Annotated[
    bool | None, typer.Option("--held/--not-held", help="Held ones, or those that are not.")
]
Active = Annotated[
    bool, typer.Option("--active/--all", help="Only journeys that run, or ended ones too.")
]
Search = Annotated[
    str | None, typer.Option("--search", metavar="TEXT", help="Part of the client's name.")
]
After = Annotated[
    str | None, typer.Option("--after", metavar="KEY", help="Go on after this journey's key.")
]


def list_(
    stage: InStage = None,
    ball: WithBall = None,
    schedule: OnSchedule = None,
    path: OnPath = None,
    owner: Owner = None,
    held: Held = None,
    active: Active = True,
    text: Search = None,
    limit: options.Limit = 50,
    after: After = None,
    as_json: options.Json = False,
) -> None:
    """List journeys with stage, schedule, gate and who has the ball.

    \b
    Examples:
      sojourn list --schedule stuck
      sojourn list --ball approver --owner ann
      sojourn list --all --search med --json
    """
    filters = {
        "stage": stage,
        "ball": ball,
        "schedule": schedule,
        "path": path,
        "owner": owner,
        "held": held,
        "active": True if active else None,
        "search": text,
        "after": after,
    }
    found, following, now = session.run(lambda app: page(app, limit, filters))
    if as_json:
        listed = [documents.journey(*one, now) for one in found]
        return screen.print_json({"journeys": listed, "next": following})
    if not found:
        return screen.say(_nothing(filters))
    shown = NARROW if screen.narrow() else len(COLUMNS)
    rows = (row(*one, now)[:shown] for one in found)
    screen.say(screen.table(COLUMNS[:shown], rows))
    if following:
        screen.note(f"more: sojourn list --after {following} (with the same options)")
    return None


Listed = tuple[JourneyState, Path, View]


async def page(
    app: App, limit: int, filters: Mapping[str, Any]
) -> tuple[list[Listed], str | None, datetime]:
    """Return a page of journeys, the key to go on after (None at the end), and the time."""
    async with app.door.db.connection() as connection:
        rows = await search.page(connection, limit + 1, **filters)
        await app.door.shelf.load(connection, {r["path_id"] for r in rows})
    following = rows[limit - 1]["journey_key"] if len(rows) > limit else None
    return [_listed(app, r) for r in rows[:limit]], following, app.door.now()


def _listed(app: App, row: Row) -> Listed:
    gate = GateMemory(**row["gate"]) if row["gate"] else None
    view = View(
        Ball(row["ball_with"]),
        row["waiting_for"],
        Schedule(row["schedule"]),
        gate,
        row["possible_at"],
    )
    return state_of(row), app.door.shelf[row["path_id"]], view


def row(state: JourneyState, path: Path, view: View, now: datetime) -> Sequence[object]:
    """Return a journey as a row of the list."""
    clock = documents.clock(state, path, now)
    days, limit = clock["days_in_stage"], clock["limit_days"]
    gate = view.gate
    return [
        state.client_id,
        stepper.short(state, path),
        schedule(state, view),
        f"{days:.1f}/{limit:g}" if limit else f"{clock['days']:.1f}",
        f"{gate.passed}/{gate.total}" if gate and gate.total else "",
        screen.text("held", "warn") if state.hold else view.ball,
        f"{view.waiting_for:.80}" if not state.ended else "",
        gate.failing[0] if gate and gate.failing else "",
        f"{path.name}@{path.version}",
    ]


def schedule(state: JourneyState, view: View) -> Text:
    """Return a journey's schedule with its icon; none for one that has ended."""
    if state.ended:
        return Text("")
    word = view.schedule.replace("_", " ")
    return screen.text(f"{ICONS[view.schedule]} {word}", LATE.get(view.schedule, ""))


def _nothing(filters: Mapping[str, Any]) -> str:
    if any(value is not None for name, value in filters.items() if name != "active"):
        return "no journey is like this; sojourn list --all shows all of them"
    if filters["active"]:
        return "no journey runs; start one: sojourn start CLIENT (ended ones: sojourn list --all)"
    return "no journey was started yet; start one: sojourn start CLIENT"
