"""A process of its own that keeps Sojourn's PostgreSQL running when no command uses it.

It holds ``keeper.lock`` for as long as it lives, and the file names it; the kernel takes the lock
back however the process ends, so a dead keeper is never taken for a living one.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from sojourn.store.embedded import Use
from sojourn.store.errors import DatabaseError

PATIENCE: Final = 150.0
"""Seconds that starting and stopping may take; a first start makes the data directory."""
LOOK: Final = 0.05
WATCH: Final = 1.0
_CHILDREN: Final[list[subprocess.Popen[bytes]]] = []
"""Keepers that this process has begun; one that ends before it is reaped."""


def pid(data_dir: Path) -> int:
    """Return the process that keeps the server, 0 where none does."""
    try:
        with _file(data_dir).open("rb") as file:
            return 0 if _locked(file, fcntl.LOCK_SH) else int(file.read() or 0)
    except FileNotFoundError:
        return 0


def start(data_dir: Path) -> None:
    """Begin keeping the server, in a process that outlives this one; raises DatabaseError."""
    log = data_dir / "keeper.log"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            process = _begin(data_dir, out)
    except OSError as error:
        told = f"Cannot write in {data_dir}: {error.strerror}. Make it writable"
        raise DatabaseError(f"{told}, or set SOJOURN_DATA_DIR to another place.") from None
    _CHILDREN.append(process)
    _until(lambda: pid(data_dir) == process.pid or process.poll() is not None, "does not start")
    if process.poll() is not None:
        words = log.read_text(errors="replace").strip().removeprefix("error: ")
        raise DatabaseError(words or f"the keeper ended by itself ({process.returncode})")


def _begin(data_dir: Path, out: IO[bytes]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "sojourn", "db", "keep", str(data_dir)]
    return subprocess.Popen(  # noqa: S603 -- ourselves
        command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
    )


def stop(data_dir: Path) -> None:
    """End keeping the server, and wait until that is done."""
    if process := pid(data_dir):
        os.kill(process, signal.SIGTERM)
        _until(lambda: pid(data_dir) != process, f"(process {process}) does not stop")
        for child in _CHILDREN:
            if child.pid == process:
                child.wait()


def keep(data_dir: Path) -> None:
    """Keep the server running until SIGTERM or SIGINT, or until its directory is gone.

    Raises DatabaseError.
    """
    told = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: told.set())
    use = Use(data_dir)
    with _file(data_dir).open("ab") as file:
        if not _alone(file):
            raise DatabaseError(f"process {pid(data_dir)} keeps {data_dir} already")
        file.truncate(0)
        try:
            use.open()
            _name(file)
            while not told.wait(WATCH) and _file(data_dir).exists():
                with suppress(DatabaseError):
                    use.revive()
        finally:
            use.close()


def _alone(file: IO[bytes]) -> bool:
    """Take the lock alone; whoever only looks at it holds it for a moment."""
    for _ in range(50):
        if _locked(file, fcntl.LOCK_EX):
            return True
        time.sleep(LOOK / 5)
    return False


def _name(file: IO[bytes]) -> None:
    file.write(str(os.getpid()).encode())
    file.flush()


def _file(data_dir: Path) -> Path:
    return data_dir / "keeper.lock"


def _locked(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _until(done: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise DatabaseError(f"what keeps PostgreSQL running {problem} in {PATIENCE:.0f} s")
        time.sleep(LOOK)
