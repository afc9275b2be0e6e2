"""Alerts: what a person should know of, as long as it lasts."""

from datetime import datetime

from sojourn.app import App
from sojourn.cli import options, screen, session, times
from sojourn.cli.failures import named
from sojourn.control.door import resolve
from sojourn.store.alerts import open_alerts
from sojourn.store.sets import Row

ICONS = {
    "page": ("✗ page", "bad"),
    "notify": ("! notify", "warn"),
    "digest": ("· digest", "dim"),
}


def alerts(
    client: options.MaybeClient = None, limit: options.Limit = 200, as_json: options.Json = False
) -> None:
    """List open alerts, the gravest first, each with what helps.

    \b
    Example:
      sojourn alerts medtronic
    """
    rows, now = session.run(lambda app: _open(app, client, limit))
    columns = ("severity", "client", "kind", "raised", "what", "what helps")
    lines = (_row(row, now) for row in rows)
    screen.answer({"alerts": rows}, columns, lines, "no open alert", as_json=as_json)


async def _open(app: App, client: str | None, limit: int) -> tuple[list[Row], datetime]:
    journey_id = await resolve(app.door, client) if client else None
    async with app.door.db.connection() as connection:
        return await open_alerts(connection, journey_id, limit), app.door.now()


def _row(row: Row, now: datetime) -> list[object]:
    return [
        screen.text(*ICONS[row["severity"]]),
        row["client_id"],
        row["kind"],
        times.ago(row["raised_at"], now),
        row["message"],
        named(row["remedy"], row["client_id"]),
    ]
