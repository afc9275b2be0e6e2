"""Showing one journey whole, once or live."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.live import Live

from sojourn.app import App
from sojourn.cli import documents, drawing, journal, options, screen, session, units, waiting
from sojourn.cli.portrait import Portrait, take
from sojourn.control.door import resolve
from sojourn.store import journal as store
from sojourn.store.postgres import DatabaseUnavailable


def show(
    client: options.Client,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Stay, and show every change, until it ends.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Show a journey whole, once or live.

    That is: stages, the gate with every check, work, alerts, rollbacks, the last events.
    --follow shows it live until it ends or you press Ctrl-C. Where the output is no terminal it
    prints the events as they come, with --json a whole document on one line for each change.

    \b
    Examples:
      sojourn show medtronic
      sojourn show medtronic --follow
    """
    if follow:
        return session.follow(lambda app: _follow(app, client, as_json=as_json))
    found = session.run(lambda app: _take(app, client))
    if as_json:
        return screen.print_json(document(found))
    return screen.out().print(drawing.drawn(found))


async def _take(app: App, client: str) -> Portrait:
    return await take(app, await resolve(app.door, client))


async def _follow(app: App, client: str, *, as_json: bool) -> None:
    journey_id = await resolve(app.door, client)
    if as_json:
        await _documents(app, journey_id)
    elif screen.interactive():
        await _live(app, journey_id)
    else:
        await _lines(app, journey_id)


async def _portraits(app: App, journey_id: UUID) -> AsyncIterator[Portrait]:
    """Yield the journey at every look, until it has ended; wait while the database is away."""
    async with aclosing(waiting.looks(app.door.db)) as looks:
        async for _ in looks:
            try:
                found = await take(app, journey_id)
            except DatabaseUnavailable as error:
                waiting.away(error)
                continue
            yield found
            if found.shot.state.ended:
                return


async def _live(app: App, journey_id: UUID) -> None:
    """Draw the journey on a screen of its own; what was seen last stays when that ends."""
    last: Portrait | None = None
    try:
        with Live(console=screen.out(), screen=True, auto_refresh=False) as live:
            async for last in _portraits(app, journey_id):
                live.update(drawing.drawn(last, brief=True), refresh=True)
    finally:
        if last is not None:
            screen.out().print(drawing.drawn(last))


async def _documents(app: App, journey_id: UUID) -> None:
    before: Any = None
    async for found in _portraits(app, journey_id):
        if found.mark != before:
            screen.print_json(document(found), compact=True)
        before = found.mark


async def _lines(app: App, journey_id: UUID) -> None:
    last: int | None = None
    async for found in _portraits(app, journey_id):
        if last is None:
            screen.out().print(drawing.drawn(found))
            last = max([0, *(row["seq"] for row in found.events)])
            continue
        async with app.door.db.connection() as connection:
            rows = await store.of_journey(connection, journey_id, last)
        screen.say(*(journal.line(row) for row in rows))
        last = max([last, *(row["seq"] for row in rows)])


def document(found: Portrait) -> documents.Document:
    """Return a portrait as JSON."""
    shot, now, told = found.shot, found.now, found.told
    gate = {"place": told.gate, "evidence_hash": told.evidence_hash}
    return {
        "journey": documents.journey(shot.state, shot.path, told.view, now),
        "gate": gate | documents.result(told.result, now),
        "triggers": [documents.check(t, now) for t in told.triggers],
        "facts": {n: {"value": f.value, "at": f.at, "by": f.actor} for n, f in shot.facts.items()},
        "units": [units.described(u, found.tasks) for u in shot.units],
        "alerts": [documents.without(a, ["client_id"]) for a in found.alerts],
        "rollbacks": found.rollbacks,
        "events": [documents.recorded(e) for e in found.events],
    }
