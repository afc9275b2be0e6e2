"""Routes of alerts: who is told of what, whether they can be reached, and what was sent."""

import asyncio
from typing import Annotated, Any

import typer

from sojourn.app import App
from sojourn.app.outside import outbound
from sojourn.cli import options, screen, session
from sojourn.cli.failures import Failure, Status, absent, bad
from sojourn.control.routes import Route
from sojourn.core.snapshot import span
from sojourn.engine.targets import targets_of
from sojourn.settings import Settings
from sojourn.store import notices
from sojourn.store.sets import Row

group = typer.Typer(help="Alerts on their way: try a route, list routes, read the log.")
Name = Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name in the file.")]
TITLE, TEXT = "[test] Sojourn", "This is a test. Nothing has happened."


@group.command("test")
def try_(route: Name, as_json: options.Json = False) -> None:
    """Send a test message by a route, to each of its targets, at once.

    The route is read from the file that SOJOURN_ALERTS names; no database is needed.

    \b
    Example:
      sojourn alert test oncall
    """
    found = asyncio.run(_tried(_declared(route)))
    if failed := [f"target {n}: {one['error']}" for n, one in enumerate(found) if one["error"]]:
        told = f"{route} does not reach {len(failed)} of {len(found)}: {'; '.join(failed)}"
        remedy = "mend the URL in the environment"
        raise Failure("undelivered", told, remedy, Status.REFUSED, targets=found)
    if as_json:
        return screen.print_json({"route": route, "targets": found})
    return screen.say(f"{route}: taken by {', '.join(one['service'] for one in found)}")


def _declared(name: str) -> Route:
    known = outbound(Settings.load())
    if known is None:
        raise bad("no routes are declared", "SOJOURN_ALERTS names a YAML file of routes")
    found = next((route for route in known.routes if route.name == name), None)
    if found is None:
        raise absent(f"there is no route {name!r}; there is: {_names(known.routes)}")
    return found


def _names(routes: tuple[Route, ...]) -> str:
    return ", ".join(route.name for route in routes) or "none"


async def _tried(route: Route) -> list[dict[str, Any]]:
    targets = targets_of([route])[route.name]
    errors = await asyncio.gather(*[t.send(TITLE, TEXT, "digest") for t in targets])
    return [{"service": t.service, "error": e} for t, e in zip(targets, errors, strict=True)]


@group.command("routes")
def routes(as_json: options.Json = False) -> None:
    """List the routes that the engine has declared.

    \b
    Example:
      sojourn alert routes
    """
    rows = session.run(_routes)
    columns = ("route", "severities", "kinds", "paths", "clients", "#targets", "digest", "then")
    nothing = "no route is declared; SOJOURN_ALERTS names a YAML file of routes to the engine"
    lines = (_line(row) for row in rows)
    screen.answer({"routes": rows}, columns, lines, nothing, as_json=as_json)


async def _routes(app: App) -> list[Row]:
    async with app.door.db.connection() as connection:
        return await notices.routes(connection)


def _line(row: Row) -> list[object]:
    lists = (", ".join(row[name]) for name in ("severities", "kinds", "paths", "clients"))
    digest = span(row["digest"]) if row["digest"] else ""
    after = row["escalate_after"]
    then = f"{row['escalate_to']} after {span(after)}" if after else ""
    return [row["name"], *lists, row["targets"], digest, then]


@group.command("log")
def log(
    route: Annotated[str | None, typer.Option(help="Only this route's.")] = None,
    limit: options.Limit = 50,
    as_json: options.Json = False,
) -> None:
    """Read which alerts were sent where, and how that went, the newest first.

    \b
    Example:
      sojourn alert log --route oncall
    """

    async def read(app: App) -> list[Row]:
        async with app.door.db.connection() as connection:
            return await notices.log(connection, limit, route=route)

    rows = session.run(read)
    columns = ("at", "route", "#target", "#alert", "why", "status", "#tries", "last error")
    nothing = f"nothing was sent yet{f' by {route}' if route else ''}; see: sojourn alert routes"
    lines = (sent(row) for row in rows)
    screen.answer({"notices": rows}, columns, lines, nothing, as_json=as_json)


def sent(row: Row) -> list[object]:
    """Return a line of the log; its time is local, to the second."""
    at = f"{row['created_at'].astimezone():%Y-%m-%d %H:%M:%S}"
    names = ("route", "target", "alert_id", "reason", "status", "attempts", "last_error")
    return [at, *(row[name] for name in names)]
