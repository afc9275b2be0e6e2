"""Running the engine: as a worker among others, or with the API beside it."""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Final

import structlog
import typer

from sojourn.app import App, let_call_back, open_app
from sojourn.app.outside import check
from sojourn.app.running import begun, running
from sojourn.app.tracing import tracing
from sojourn.cli import logs, options, screen, web
from sojourn.cli.beside import Beside
from sojourn.cli.failures import Status
from sojourn.control.sessions import create_link
from sojourn.settings import Settings

log = structlog.get_logger()
AT_LAST: Final = 5.0
"""Seconds after a second signal until the process ends, whatever it is doing."""


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
        async with running(app, stop) as engine:
            await begun(app, engine)
            ready(app, as_json=as_json)
            await engine

    settings = Settings.load()
    check(settings, serves=False)
    _run(settings, work, dry_run=dry_run, as_json=as_json)


def serve(dry_run: options.DryRun = False, as_json: options.Json = False) -> None:
    """Run engine, HTTP API and dashboard.

    They run until SIGTERM or Ctrl-C. The first line names a link that signs you in, once.
    /healthz says whether the process lives, /readyz whether it can work. SOJOURN_HOST and
    SOJOURN_PORT say where it listens. --dry-run only checks settings, agents, database and port.

    \b
    Example:
      SOJOURN_PORT=9000 sojourn serve
    """
    settings = Settings.load()
    check(settings, serves=True)
    with web.listening(settings.host, settings.port) as bound:

        async def work(app: App, stop: asyncio.Event) -> None:
            await _serve(app, stop, bound, as_json=as_json)

        _run(settings, work, dry_run=dry_run, as_json=as_json)


async def _serve(app: App, stop: asyncio.Event, bound: socket.socket, *, as_json: bool) -> None:
    # Imported here: commands that serve nothing should not wait for it.
    from sojourn.app.health import EngineProbe
    from sojourn.app.serving import create_site
    from sojourn.engine.vitals import Vitals

    url = web.url(bound)
    callbacks = await let_call_back(app, url)
    vitals, beside = Vitals(), Beside()
    demo = beside if web.alone(bound) else None
    async with running(app, stop, vitals=vitals, url=url) as engine:
        probe = EngineProbe(app, engine, stop, vitals)
        site = create_site(app, callbacks, probe=probe, vitals=vitals, demo=demo)
        async with web.serving(bound, site) as http, aclosing(beside):
            http.add_done_callback(lambda _: stop.set())
            await begun(app, engine)
            token = await create_link(app.door, options.login(), options.DEFAULT_ROLES)
            ready(app, url, link=f"{url}/login/link?token={token}", as_json=as_json)
            await engine


def _run(
    settings: Settings,
    work: Callable[[App, asyncio.Event], Awaitable[None]],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    logs.configure(settings)

    async def main() -> None:
        with tracing():
            await opened()

    async def opened() -> None:
        async with open_app(settings) as app:
            if dry_run:
                _checked(app, as_json=as_json)
                return
            with told_to_stop() as stop:
                await work(app, stop)

    finish(main())


def ready(app: App, url: str = "", *, link: str = "", as_json: bool) -> None:
    """Print that work begins, and where; ``link`` signs in once."""
    told: dict[str, Any] = {"ready": True, "pid": os.getpid(), "agents": len(app.agents)}
    if as_json:
        return screen.print_json(told | ({"url": url, "link": link} if url else {}), compact=True)
    where = f"serving {url}" if url else "worker ready"
    print(f"{where} (process {os.getpid()}, {len(app.agents)} agents); Ctrl-C stops")
    if link:
        print(f"sign in, once and within the hour: {link}")
    sys.stdout.flush()
    return None


def _checked(app: App, *, as_json: bool) -> None:
    told = {"dry_run": True, "ready": True, "agents": len(app.agents)}
    if as_json:
        return screen.print_json(told)
    return screen.say(f"settings, database and {len(app.agents)} agents are in order")


def finish(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; raises typer.Exit where a second signal has cut it off."""
    try:
        asyncio.run(work)
    except asyncio.CancelledError:
        raise typer.Exit(Status.INTERRUPTED) from None


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
