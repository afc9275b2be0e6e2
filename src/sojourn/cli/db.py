"""The database: Sojourn's own server started and stopped, its state, its schema, the clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

import typer

from sojourn.app import App
from sojourn.cli import keeper, options, safekeeping, screen, session, times
from sojourn.cli.failures import Failure, bad
from sojourn.settings import Settings
from sojourn.store import clock as store
from sojourn.store import search
from sojourn.store.cluster import Cluster
from sojourn.store.migrate import MIGRATIONS, find_migrations, migrate
from sojourn.store.postgres import Database
from sojourn.store.workers import list_workers

LATEST: Final = datetime(2300, 1, 1, tzinfo=UTC)
"""What the clock may be set ahead to; no client waits so long."""
group = typer.Typer(help="The database: start and stop, state, schema, clock, backup.")


@group.command("start")
def start(dry_run: options.DryRun = False, as_json: options.Json = False) -> None:
    """Start Sojourn's own PostgreSQL and keep it running.

    It runs until `sojourn db stop`. Without this it runs for as long as some command uses it;
    started, commands are quicker.

    \b
    Example:
      sojourn db start
    """
    data_dir = _own()
    running = keeper.pid(data_dir)
    if not running and not dry_run:
        keeper.start(data_dir)
    told = {
        "dry_run": dry_run,
        "data_dir": str(data_dir),
        "started": not running and not dry_run,
        "running": not dry_run or bool(running),
    }
    if as_json:
        return screen.print_json(told)
    if running:
        return screen.say(f"it is kept running already, by process {running}")
    said = "dry run: it would be started" if dry_run else "PostgreSQL runs until sojourn db stop"
    return screen.say(f"{said} (data in {data_dir})")


@group.command("stop")
def stop(dry_run: options.DryRun = False, as_json: options.Json = False) -> None:
    """End what `sojourn db start` began.

    Commands that use the server keep it until they end.

    \b
    Example:
      sojourn db stop
    """
    data_dir = _own()
    running = keeper.pid(data_dir)
    if running and not dry_run:
        keeper.stop(data_dir)
    used = Cluster(data_dir).running()
    if as_json:
        told = {"dry_run": dry_run, "stopped": bool(running) and not dry_run, "running": used}
        return screen.print_json(told)
    if not running:
        return screen.say("it was not started by sojourn db start; nothing to stop")
    if dry_run:
        return screen.say("dry run: it would be stopped once nobody uses it")
    return screen.say("stopped" if not used else "given up; others still use it, the last stops it")


def _own() -> FilePath:
    settings = Settings.load()
    if settings.database_url:
        told = "SOJOURN_DATABASE_URL names a server that Sojourn neither starts nor stops"
        raise Failure("illegal", told, "unset it to use Sojourn's own")
    return settings.data_dir


@group.command("status")
def status(as_json: options.Json = False) -> None:
    """Show where the database is, whether it runs, what it holds.

    It starts nothing: a server of Sojourn's own that rests is shown as resting.

    \b
    Example:
      sojourn db status
    """
    settings = Settings.load()
    told: dict[str, Any] = {"kind": "external" if settings.database_url else "embedded"}
    if not settings.database_url:
        running = Cluster(settings.data_dir).running()
        told |= {"data_dir": str(settings.data_dir), "running": running}
        told["kept_by"] = keeper.pid(settings.data_dir) or None
    if told.get("running", True):
        told |= session.run_database(_state)
    if as_json:
        return screen.print_json(told)
    return screen.say(screen.table(("", ""), ([k.replace("_", " "), v] for k, v in _said(told))))


async def pending(db: Database) -> list[str]:
    """Return the migrations that the database still lacks."""
    async with db.connection() as connection:
        done = set(await search.applied(connection))
    return [str(m) for m in find_migrations(MIGRATIONS) if m.version not in done]


async def _state(db: Database) -> dict[str, Any]:
    if waiting := await pending(db):
        return {"running": True, "pending_migrations": waiting}
    async with db.connection() as connection:
        figures = await search.figures(connection)
        shown = await store.read(connection)
        workers = await list_workers(connection)
    return {
        "running": True,
        "server": figures["server"],
        "megabytes": round(figures["bytes"] / 1e6, 1),
        "pending_migrations": [],
        "journeys": {"active": figures["active"], "ended": figures["ended"]},
        "clock": {"now": shown.now(), "speed": shown.speed},
        "workers": workers,
    }


def _said(told: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in told.items():
        if key == "journeys":
            yield key, f"{value['active']:,} active, {value['ended']:,} ended"
        elif key == "clock":
            yield key, f"{times.local(value['now'])}, {value['speed']:g} times real time"
        elif key == "workers":
            said = (f"{w['host']}:{w['pid']} ({w['tasks']} tasks)" for w in value)
            yield key, ", ".join(said) or "none: start one with sojourn worker"
        elif key == "pending_migrations":
            yield key, ", ".join(value) or "none"
        elif key == "running" and not value:
            yield key, "no: it starts by itself when it is used"
        else:
            yield key, "yes" if value is True else value if value is not None else "-"


@group.command("migrate")
def migrate_(dry_run: options.DryRun = False, as_json: options.Json = False) -> None:
    """Bring the schema up to date.

    Every command does so by itself; this is for deployments.

    \b
    Example:
      sojourn db migrate --dry-run
    """

    async def work(db: Database) -> list[str]:
        if dry_run:
            return await pending(db)
        names = {m.version: str(m) for m in find_migrations(MIGRATIONS)}
        return [names[version] for version in await migrate(db)]

    names = session.run_database(work)
    if as_json:
        return screen.print_json({"dry_run": dry_run, "migrations": names})
    if not names:
        return screen.say("the schema is up to date")
    return screen.say(f"{'would apply' if dry_run else 'applied'}: {', '.join(names)}")


@group.command("clock")
def clock(
    speed: Annotated[
        float | None,
        typer.Option("--speed", metavar="X", help="So many times as fast as real time."),
    ] = None,
    advance: Annotated[
        str | None, typer.Option("--advance", metavar="DURATION", help="Set it ahead: 3d, 12h.")
    ] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Show the journeys' clock, or set it ahead.

    Setting it ahead, or to another speed, is for tests and demonstrations. All processes go by
    it, and it never goes back: a clock that was set ahead stays ahead. Leave it alone where
    clients are real.

    \b
    Examples:
      sojourn db clock
      sojourn db clock --advance 3d
    """
    if speed is not None and not 0.001 <= speed <= 1e6:
        raise bad(f"--speed: {speed:g} is out of bounds", "0.001 to 1000000; 1 is real time")
    ahead = times.duration(advance, "--advance") if advance else timedelta(0)

    async def work(app: App) -> store.Clock:
        now = app.door.clock
        if ahead and now.now() > LATEST - ahead:
            raise bad(f"--advance: the clock would show {LATEST:%Y} or later")
        if dry_run or (speed is None and not ahead):
            return store.Clock(now.shown + ahead, now.at, speed or now.speed)
        async with app.door.db.connection() as connection:
            return await store.set_clock(connection, ahead, speed)

    shown = session.run(work)
    if as_json:
        now = {"now": shown.now(), "speed": shown.speed}
        return screen.print_json({"dry_run": dry_run, "clock": now})
    said = "dry run, nothing was changed; it would show " if dry_run else ""
    return screen.say(f"{said}{times.local(shown.now())}, {shown.speed:g} times real time")


for _name in ("backup", "restore", "prune"):
    group.command(_name)(getattr(safekeeping, _name))


@group.command("keep", hidden=True)
def keep(data_dir: FilePath) -> None:
    """Keep the server of a data directory running until it is told to stop."""
    keeper.keep(data_dir)
