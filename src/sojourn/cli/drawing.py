"""A journey's portrait for the terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from sojourn.cli import checks, documents, journal, screen, stepper, times, units
from sojourn.cli.failures import named
from sojourn.cli.journeys import schedule
from sojourn.cli.portrait import Portrait


def drawn(found: Portrait, *, brief: bool = False) -> Group:
    """Return the whole portrait, its empty parts left out; ``brief`` leaves out what rests."""
    return Group(*_parts(found, brief=brief))


def _parts(found: Portrait, *, brief: bool) -> Iterator[RenderableType]:
    yield from _header(found)
    if found.told.result.checks:
        yield _title(f"Gate {found.told.gate}: {checks.headline(found.told.result.summary)}")
        yield checks.listed(found.told.result.checks, found.now)
    if found.told.triggers and not brief:
        yield _title("Triggers")
        yield checks.watched(found.told.triggers, found.now)
    if found.shot.units:
        yield _title("Work")
        yield units.listed(found.shot.units, found.tasks, found.now, brief=brief)
    yield from _alerts(found)
    yield from _rollbacks(found)
    yield _title("Last events")
    yield Text("\n").join(journal.line(row) for row in found.events)


def _title(words: str) -> Text:
    return Text.assemble("\n", screen.text(words, "bold"))


def _header(found: Portrait) -> Iterator[Text]:
    state, path, view = found.shot.state, found.shot.path, found.told.view
    clock = documents.clock(state, path, found.now)
    name = f"{state.client_id}  {path.name}@{path.version}  {state.journey_key}"
    yield screen.text(name + (f"  owner {state.owner}" if state.owner else ""), "bold")
    yield stepper.steps(state, path)
    begun = times.when(state.started_at, found.now)
    if state.ended:
        yield screen.text(f"ended {times.when(state.ended_at, found.now)}, began {begun}")
        return
    if clock["limit_days"]:
        plan = f"target {clock['target_days']:g}, limit {clock['limit_days']:g}"
        spent = f"{clock['days_in_stage']:.1f} days in {state.current_stage} ({plan})"
        yield Text.assemble(schedule(state, view), screen.text(f"  {spent}, began {begun}"))
    if state.hold:
        since = times.when(state.hold.since, found.now)
        yield screen.text(f"HELD by {state.hold.actor} since {since}: {state.hold.reason}", "warn")
    yield screen.text(f"ball: {view.ball}, waiting for: {view.waiting_for}")
    if view.possible_at:
        yield screen.text(f"can move at the earliest {times.when(view.possible_at, found.now)}")


def _alerts(found: Portrait) -> Iterator[RenderableType]:
    if found.alerts:
        client = found.shot.state.client_id
        yield _title("Open alerts")
        for alert in found.alerts:
            since = times.ago(alert["raised_at"], found.now)
            told = f"{alert['severity']}: {alert['message']} ({since}); {alert['remedy']}"
            yield screen.text(named(told, client), "bad" if alert["severity"] == "page" else "warn")


def _rollbacks(found: Portrait) -> Iterator[RenderableType]:
    if found.rollbacks:
        yield _title("Rollbacks")
        rows = (
            [
                times.when(r["started_at"], found.now),
                f"{r['from_stage']} → {r['target_stage']}",
                r["trigger_type"],
                r["status"],
                r["actor"],
                r["reason"],
            ]
            for r in found.rollbacks
        )
        yield screen.table(("begun", "move", "trigger", "status", "by", "why"), rows)
