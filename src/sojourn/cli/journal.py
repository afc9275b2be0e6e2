"""Events: what happened, of one journey or of all, once or as it happens."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.text import Text

from sojourn.app import App
from sojourn.cli import documents, options, screen, session, waiting
from sojourn.cli.effects import brief
from sojourn.control.door import resolve
from sojourn.store import search
from sojourn.store.journeys import find
from sojourn.store.postgres import DatabaseUnavailable
from sojourn.store.sets import Connection, Row

SLACK: Final = 1000
"""Events commit out of order, so following looks so many ids back for late ones."""
DULL: Final = ("uow_id", "evidence", "visit")


def events(
    client: options.MaybeClient = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Stay, and print events as they happen.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="Only this type (transition, fact.recorded, ...) or transition event.",
        ),
    ] = None,
    limit: options.Limit = 50,
    as_json: options.Json = False,
) -> None:
    """List the newest events of a journey, or of all, oldest first.

    --follow goes on until you press Ctrl-C, or, for one journey, until it has ended. With
    --json, --follow prints one event a line.

    \b
    Examples:
      sojourn events medtronic --limit 20
      sojourn events --follow --type transition
    """
    if follow:
        return session.follow(lambda app: _follow(app, client, kind, limit, as_json=as_json))
    rows = session.run(lambda app: _newest(app, client, kind, limit))
    if as_json:
        return screen.print_json({"events": [documents.recorded(row) for row in rows]})
    if not rows:
        return screen.say(f"no event{f' of type {kind}' if kind else ''} yet")
    return screen.say(*(line(row, of_all=client is None) for row in rows))


async def _id(app: App, client: str | None) -> UUID | None:
    return await resolve(app.door, client) if client else None


async def _newest(app: App, client: str | None, kind: str | None, limit: int) -> list[Row]:
    journey_id = await _id(app, client)
    async with app.door.db.connection() as connection:
        return await search.tail(connection, journey_id, limit, kind)


async def _follow(
    app: App, client: str | None, kind: str | None, limit: int, *, as_json: bool
) -> None:
    journey_id = await _id(app, client)
    feed = Feed(app, journey_id, kind)
    rows = await feed.begin(limit)
    async with aclosing(waiting.looks(app.door.db)) as looks:
        async for _ in looks:
            for row in rows:
                show(row, as_json=as_json, of_all=client is None)
            try:
                rows, ended = await feed.news(), await _ended(app, journey_id)
            except DatabaseUnavailable as error:
                waiting.away(error)
                rows, ended = [], False
            if ended and not rows:
                return


async def _ended(app: App, journey_id: UUID | None) -> bool:
    if journey_id is None:
        return False
    async with app.door.db.connection() as connection:
        found = await find(connection, str(journey_id))
    return all(row["ended_at"] is not None for row in found)


class Feed:
    """Events as they come; each once, also those that commit after events with higher ids."""

    def __init__(self, app: App, journey_id: UUID | None, kind: str | None) -> None:
        self._app = app
        self._journey_id = journey_id
        self._kind = kind
        self._newest = 0
        self._seen: set[int] = set()

    async def begin(self, limit: int) -> list[Row]:
        """Return the newest events; what is there already will not come again."""
        async with self._app.door.db.connection() as connection:
            self._newest = await search.newest_event(connection)
            self._fresh(await self._after(connection, self._newest - SLACK))
            rows = await search.tail(connection, self._journey_id, limit, self._kind)
        self._fresh(rows)
        return rows

    async def news(self) -> list[Row]:
        """Return the events that have come since, up to a thousand or two at once."""
        async with self._app.door.db.connection() as connection:
            return self._fresh(await self._after(connection, self._newest - SLACK))

    async def _after(self, connection: Connection, after: int) -> list[Row]:
        return await search.since(connection, after, self._journey_id, 2 * SLACK, self._kind)

    def _fresh(self, rows: Sequence[Row]) -> list[Row]:
        fresh = [row for row in rows if row["event_id"] not in self._seen]
        self._seen.update(row["event_id"] for row in fresh)
        self._newest = max([self._newest, *(row["event_id"] for row in fresh)])
        self._seen = {key for key in self._seen if key > self._newest - SLACK}
        return fresh


def show(row: Row, *, as_json: bool, of_all: bool) -> None:
    """Print one event as it comes."""
    if as_json:
        screen.print_json(documents.recorded(row), compact=True)
    else:
        screen.say(line(row, of_all=of_all))


def line(row: Mapping[str, Any], *, of_all: bool = False) -> Text:
    """Return an event as a line: when, what, by whom, why."""
    whose = f"{row['client_id']}  " if of_all else ""
    if row["event"]:
        what = f"{row['from_stage']} → {row['to_stage']} ({row['event']})"
    else:
        what = row["type"]
    said = {k: v for k, v in row["data"].items() if v is not None and k not in DULL}
    told = ", ".join(f"{k} {brief(v)}" for k, v in said.items())
    why = f": {row['reason']}" if row["reason"] else f" ({told})" if told else ""
    return Text.assemble(
        screen.text(f"{row['at'].astimezone():%m-%d %H:%M:%S}  ", "dim"),
        screen.text(whose),
        screen.text(what, "bold" if row["event"] else ""),
        screen.text(f" by {row['actor']}{why:.300}"),
    )
