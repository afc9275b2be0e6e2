"""The embedded server's life: started by its first user, stopped by its last.

Each process that uses the server holds a shared lock on ``use.lock``, which the kernel takes
back however the process ends. Starting and stopping happen under ``start.lock``.
"""

import asyncio
import contextlib
import errno
import fcntl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, TypeVar

from sojourn.store.cluster import PATIENCE, Cluster
from sojourn.store.errors import DatabaseError

WATCH_SECONDS = 1.0
T = TypeVar("T")


class Use:
    """One use of the embedded server of a data directory, from `open` to `close`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.cluster = Cluster(self.data_dir)
        self._use: IO[bytes] | None = None

    def open(self) -> str:
        """Start the server unless it runs, and keep it; return its connection string."""
        with _explained(self.data_dir):
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with _exclusive(self.data_dir / "start.lock"):
                self._use = (self.data_dir / "use.lock").open("ab")
                fcntl.flock(self._use, fcntl.LOCK_SH)
                self.cluster.ensure_running()
                return self.cluster.dsn

    def close(self) -> None:
        """Give the server up; whoever does so last stops it. Closing twice does nothing."""
        use, self._use = self._use, None
        if use is None:
            return
        with use, _explained(self.data_dir), _exclusive(self.data_dir / "start.lock"):
            if _try_lock(use):
                self.cluster.stop()

    def revive(self) -> None:
        """Start the server again if it died under us."""
        if not self.cluster.process() and self.cluster.directory.exists():
            with _explained(self.data_dir), _exclusive(self.data_dir / "start.lock"):
                self.cluster.ensure_running()


@asynccontextmanager
async def embedded(data_dir: Path) -> AsyncIterator[str]:
    """Hold the embedded server and keep it alive; yields its connection string."""
    use = Use(data_dir)
    try:
        dsn = await _to_the_end(use.open)
        watch = asyncio.create_task(_watch(use))
        try:
            yield dsn
        finally:
            watch.cancel()
            await asyncio.wait([watch])
    finally:
        await _to_the_end(use.close)


async def _watch(use: Use) -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        with contextlib.suppress(DatabaseError):
            # Users of the connection see the outage and report it; the next look tries again.
            await _to_the_end(use.revive)


async def _to_the_end(step: Callable[[], T]) -> T:
    """Run a blocking step in a thread; a cancelled caller still waits for its end."""
    running = asyncio.ensure_future(asyncio.to_thread(step))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file alone, waiting for others to finish."""
    deadline = time.monotonic() + PATIENCE + 10
    with path.open("ab") as file:
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"Another process has been starting or stopping PostgreSQL in {path.parent} "
                    f"for {PATIENCE:.0f} s. `fuser {path}` names it."
                )
            time.sleep(0.02)
        yield


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _explained(data_dir: Path) -> Iterator[None]:
    """Turn trouble with the disk into words."""
    try:
        yield
    except OSError as error:
        full = f"The disk that holds {data_dir} is full. Free some space"
        refused = f"Cannot write in {data_dir}: {error.strerror}. Make it writable"
        problem = full if error.errno in (errno.ENOSPC, errno.EDQUOT) else refused
        raise DatabaseError(f"{problem}, or set SOJOURN_DATA_DIR to another place.") from error
