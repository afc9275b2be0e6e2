"""Running the engine: as a worker among others, or with the API beside it."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Final

import structlog
import typer

from sojourn.app import App, open_app, pace
from sojourn.cli import logs, options, screen, web
from sojourn.cli.failures import Status
from sojourn.cli.health import Finding, application
from sojourn.engine.engine import run_engine
from sojourn.settings import Settings
from sojourn.store.sets import Row
from sojourn.store.workers import list_workers

log = structlog.get_logger()
LOOK: Final = 0.05
PATIENCE: Final = 3.0
"""Seconds that a look at the process's health may take."""
AT_LAST: Final = 5.0
"""Seconds after a second signal until the process ends, whatever it is doing."""
Running = asyncio.Task[None]


def worker(dry_run: options.DryRun = False, as_json: options.Json = False) -> None:
    """Run the engine, as one of any number of workers.

    It runs until SIGTERM or Ctrl-C, decides on due journeys and runs due tasks. Told to stop,
    it finishes what it can and hands the rest back to the others; a second signal ends it at
    once. --dry-run only checks settings, agents and database.

    \b
    Example:
      sojourn worker
    """

    async def work(app: App, stop: asyncio.Event) -> None:
        engine = begin(app, stop)
        await begun(app, engine)
        ready(app, as_json=as_json)
        await engine

    _run(work, dry_run=dry_run, as_json=as_json)


def serve(dry_run: options.DryRun = False, as_json: options.Json = False) -> None:
    """Run the engine and the HTTP API.

    They run until SIGTERM or Ctrl-C. /healthz says whether the process lives, /readyz whether
    it can work. SOJOURN_HOST and SOJOURN_PORT say where it listens. --dry-run only checks
    settings, agents, database and port.

    \b
    Example:
      SOJOURN_PORT=9000 sojourn serve
    """
    settings = Settings.load()
    with web.listening(settings.host, settings.port) as bound:

        async def work(app: App, stop: asyncio.Event) -> None:
            engine = begin(app, stop)
            api = application(version("sojourn"), lambda: health(app, engine, stop))
            async with web.serving(bound, api) as http:
                http.add_done_callback(lambda _: stop.set())
                await begun(app, engine)
                ready(app, web.url(bound), as_json=as_json)
                await engine

        _run(work, dry_run=dry_run, as_json=as_json)


def _run(
    work: Callable[[App, asyncio.Event], Awaitable[None]], *, dry_run: bool, as_json: bool
) -> None:
    settings = Settings.load()
    logs.configure(settings)

    async def main() -> None:
        async with open_app(settings) as app:
            if dry_run:
                _checked(app, as_json=as_json)
                return
            with told_to_stop() as stop:
                await work(app, stop)

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        raise typer.Exit(Status.INTERRUPTED) from None


def begin(app: App, stop: asyncio.Event) -> Running:
    """Start the engine's loops."""
    return asyncio.create_task(run_engine(app.door, app.agents, stop, pace(app.settings)))


async def begun(app: App, engine: Running) -> None:
    """Wait until the engine holds its lease; raises what ended it before."""
    while not await own_lease(app):
        if engine.done():
            await engine
            return
        await asyncio.sleep(LOOK)


async def own_lease(app: App) -> Row | None:
    """Return the lease of this process as the database has it."""
    async with app.door.db.connection() as connection:
        rows = await list_workers(connection)
    here = (socket.gethostname(), os.getpid())
    return next((r for r in rows if (r["host"], r["pid"]) == here and r["lease_s"] > 0), None)


async def health(app: App, engine: Running, stop: asyncio.Event) -> list[Finding]:
    """Say how this process is: its loops, the database, its lease."""
    alive = not engine.done()
    found = [Finding("engine", alive, "runs" if alive else "has ended", vital=True)]
    try:
        lease = await asyncio.wait_for(own_lease(app), PATIENCE)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the database is of no use now
        found.append(Finding("database", False, str(error) or type(error).__name__))
        return found
    held = f"good for {lease['lease_s']:.0f} s" if lease else "lost"
    found.append(Finding("database", True, "answers"))
    found.append(Finding("lease", lease is not None, held))
    return [*found, Finding("stopping", False, "told to stop")] if stop.is_set() else found


def ready(app: App, url: str | None = None, *, as_json: bool) -> None:
    """Print the line that says that work begins."""
    told: dict[str, Any] = {"ready": True, "pid": os.getpid(), "agents": len(app.agents)}
    if as_json:
        return screen.print_json(told | ({"url": url} if url else {}), compact=True)
    where = f"serving {url}" if url else "worker ready"
    print(f"{where} (process {os.getpid()}, {len(app.agents)} agents); Ctrl-C stops", flush=True)
    return None


def _checked(app: App, *, as_json: bool) -> None:
    told = {"dry_run": True, "ready": True, "agents": len(app.agents)}
    if as_json:
        return screen.print_json(told)
    return screen.say(f"settings, database and {len(app.agents)} agents are in order")


@contextmanager
def told_to_stop() -> Iterator[asyncio.Event]:
    """Yield an event that the first SIGTERM or SIGINT sets; the second ends the work at once."""
    loop, stop, task = asyncio.get_running_loop(), asyncio.Event(), asyncio.current_task()

    def told() -> None:
        if stop.is_set() and task:
            task.cancel()
            last = threading.Timer(AT_LAST, os._exit, (Status.INTERRUPTED,))
            last.daemon = True
            last.start()
        else:
            log.info("stopping: what runs is finished or handed back; again to stop at once")
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told)
    try:
        yield stop
    finally:
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(name)
