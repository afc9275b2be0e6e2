"""The pages over a demonstration: served while it plays, and on until somebody ends them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass

from sojourn.agents.callbacks import Callbacks
from sojourn.app import App
from sojourn.cli import options, screen, web
from sojourn.control.sessions import create_link
from sojourn.control.tasks import callback_key

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Gallery:
    """Where the pages are to be served: ``port`` 0 is a free one.

    One that is ``attached`` ends with its standard input, as a part of another program does.
    """

    port: int = 0
    attached: bool = False
    as_json: bool = False


@asynccontextmanager
async def opened(app: App, gallery: Gallery | None) -> AsyncIterator[None]:
    """Serve the pages while the block lasts, and say where; nothing happens without a gallery."""
    if gallery is None:
        yield
        return
    # Imported here: a demonstration that serves nothing should not wait for it.
    from sojourn.app.serving import create_site

    with web.listening(HOST, gallery.port, "--port") as bound:
        url = web.url(bound)
        # The agents are not told: their engine runs in a process of its own, and asks them.
        site = create_site(app, Callbacks(url, await callback_key(app.door)))
        async with web.serving(bound, site):
            token = await create_link(app.door, options.login(), options.DEFAULT_ROLES)
            _say(gallery, url, f"{url}/login/link?token={token}")
            with _attached() if gallery.attached else nullcontext():
                yield


@contextmanager
def _attached() -> Iterator[None]:
    """Tell this process to end when its standard input does: whoever began it is gone."""
    loop, source = asyncio.get_running_loop(), sys.stdin.fileno()

    def heard() -> None:
        if not os.read(source, 4096):
            loop.remove_reader(source)
            os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(source, heard)
    try:
        yield
    finally:
        loop.remove_reader(source)


def _say(gallery: Gallery, url: str, link: str) -> None:
    if gallery.as_json:
        return screen.print_json({"ready": True, "url": url, "link": link}, compact=True)
    screen.say(f"watch it at {url}; sign in, once: {link}")
    sys.stdout.flush()
    return None


async def stay(gallery: Gallery | None) -> None:
    """Keep the pages until Ctrl-C."""
    if gallery is None:
        return
    if not gallery.as_json:
        screen.note("The pages stay until Ctrl-C.")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        # Told to end, which is how a gallery ends; the demonstration itself is over already.
        task = asyncio.current_task()
        if task is None or task.uncancel():
            raise
