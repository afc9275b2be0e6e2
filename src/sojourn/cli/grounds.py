"""Where a demonstration takes place: a directory of its own that is gone afterwards."""

import asyncio
import fcntl
import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import typer

from sojourn.cli import failures, logs
from sojourn.settings import Settings
from sojourn.store.cluster import Cluster

T = TypeVar("T")
PREFIX: Final = "sojourn-demo-"
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OLD: Final = 60.0
"""Seconds after which a directory that nobody uses is one that was left behind."""
INSIST: Final = 10.0
"""Seconds after a signal from which on the next one counts again."""


@contextmanager
def directory(keep: Path | None) -> Iterator[Path]:
    """Yield a new data directory; it is removed at the end unless it is to be kept."""
    if keep is not None:
        yield _new(keep.expanduser().absolute())
        return
    sweep(Path(tempfile.gettempdir()))
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        # PostgreSQL's own account has to pass through where root runs it.
        path.chmod(0o755)
        yield path
    finally:
        with _undisturbed():
            shutil.rmtree(path, ignore_errors=True)


def _new(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
        used = any(path.iterdir())
    except OSError as error:
        raise failures.bad(f"--keep {path}: {error.strerror}", "name another directory") from None
    if used:
        raise failures.bad(f"--keep {path}: not empty", "name a new directory")
    return path


def sweep(parent: Path) -> None:
    """Remove what demonstrations left behind that were killed, with their servers."""
    for path in parent.glob(f"{PREFIX}*"):
        lock = path / "use.lock"
        try:
            if path.stat().st_uid != os.geteuid() or time.time() - lock.stat().st_mtime < OLD:
                continue
            with lock.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Cluster(path).stop()
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue


@contextmanager
def logged(settings: Settings) -> Iterator[Path]:
    """Let logs go to a file beside the data, not between what people read."""
    logs.configure(settings, quiet=True)
    path = settings.data_dir / "demo.log"
    with path.open("a") as file:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(file)
        yield path


def run(work: Coroutine[Any, Any, T], insist: float = INSIST) -> T:
    """Run to the end; a signal ends it as an error would, with everything put away.

    Another signal does not disturb the putting away, but ``insist`` seconds later it counts again:
    before Python 3.12 a cancellation that comes with an answer of the database is lost.
    Raises KeyboardInterrupt, or typer.Exit for the other signals.
    """
    received: list[int] = []

    async def guarded() -> T:
        task, loop, heed = asyncio.current_task(), asyncio.get_running_loop(), 0.0

        def stop(number: int) -> None:
            nonlocal heed
            if task is not None and loop.time() >= heed:
                heed = loop.time() + insist
                received.append(number)
                task.cancel()

        for number in SIGNALS:
            loop.add_signal_handler(number, stop, number)
        return await work

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        if received and received[0] == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise typer.Exit(128 + received[0] if received else 1) from None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no signal stop the removal half-way."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
