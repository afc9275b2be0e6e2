"""One PostgreSQL data directory and the server on it: make, start, find, stop."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import make_conninfo

from sojourn.store.errors import DatabaseError
from sojourn.store.programs import MAJOR, Programs, find_programs, is_alive, last_words, reap

PORT = 5432
PATIENCE = 120.0
_LONGEST_SOCKET = 100
_LARGEST_LOG = 10_000_000
# A killed server's connections end by themselves, a busy one a little later.
_LINGERING = 15.0
_IN_USE = "pre-existing shared memory block"

# Settings that differ from PostgreSQL's own; durability keeps its safe defaults.
_CONFIGURATION = """\
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_dir}'
max_connections = 200
shared_buffers = 256MB
jit = off
# Parallel queries need /dev/shm, which containers keep small.
max_parallel_workers_per_gather = 0
idle_in_transaction_session_timeout = 60s
# Rows of tasks are dead by the million a minute under load.
autovacuum_naptime = 10s
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
"""


@dataclass(frozen=True)
class Postmaster:
    """What a running server wrote into its ``postmaster.pid``."""

    pid: int
    socket_dir: str
    status: str

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        if self.status != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(f"{self.socket_dir}/.s.PGSQL.{PORT}")
            except OSError:
                return False
        return True


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL data directory; whoever starts or stops its server holds the start lock."""

    data_dir: Path
    directory: Path = field(init=False)
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "directory", self.data_dir / "pg")
        object.__setattr__(self, "log", self.data_dir / "postgresql.log")

    @property
    def dsn(self) -> str:
        """Connection string of Sojourn's database, once the server runs."""
        postmaster = self.postmaster()
        host = postmaster.socket_dir if postmaster else self._socket_dir()
        return make_conninfo(host=host, port=PORT, user="sojourn", dbname="sojourn")

    def postmaster(self) -> Postmaster | None:
        """Return the server that the directory names, running or not; None when it names none."""
        try:
            lines = (self.directory / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        lines += [""] * (8 - len(lines))
        return Postmaster(int(lines[0] or 0), lines[4], lines[7].strip())

    def running(self) -> bool:
        """Tell whether the server runs and takes connections."""
        postmaster = self.postmaster()
        return postmaster is not None and postmaster.answers()

    def ensure_running(self) -> None:
        """Start the server unless it runs; wait for one that is starting or stopping."""
        if self.running():
            return
        self._wait_until(lambda: self.running() or not self.process(), "is busy")
        if self.running():
            return
        programs = find_programs(self.data_dir)
        self._create(programs)
        deadline = time.monotonic() + _LINGERING
        while True:
            heard = self._turned_log()
            if self._started(programs):
                return
            # The backends of a killed server say their farewells in the same log.
            if _IN_USE not in self._said(heard) or time.monotonic() > deadline:
                raise DatabaseError(f"PostgreSQL does not start. {self._last_words()}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server and wait for its end; nothing happens when none runs."""
        pid = self.process()
        if not pid:
            return
        socket_dir = self._socket_dir()
        os.kill(pid, signal.SIGINT)  # "fast": ends connections, writes a checkpoint
        self._wait_until(lambda: not self.process(), "does not stop")
        reap(pid)
        if socket_dir != str(self.directory):
            shutil.rmtree(socket_dir, ignore_errors=True)

    def process(self) -> int:
        """Return the process that ``postmaster.pid`` names if it really is our server, else 0."""
        postmaster = self.postmaster()
        return postmaster.pid if postmaster and self._is_ours(postmaster.pid) else 0

    def _is_ours(self, pid: int) -> bool:
        """After a crash the number in ``postmaster.pid`` may belong to any other process."""
        return os.fsencode(self.directory) in _command_line(pid)

    def _create(self, programs: Programs) -> None:
        """Make the data directory, whole or not at all; refuse one of another version."""
        if self.directory.exists():
            return self._check_version()
        for leftover in self.data_dir.glob("pg.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        # A name of its own: an initdb whose parent was killed may still be writing elsewhere.
        partial = Path(tempfile.mkdtemp(prefix="pg.new-", dir=self.data_dir))
        if programs.account:
            os.chown(partial, programs.account.pw_uid, programs.account.pw_gid)
        here = f"--pgdata={partial}"
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        who = ("--username=sojourn", "--auth=trust", "--encoding=UTF8")
        programs.run("initdb", here, *locale, *who)
        programs.run("postgres", "--single", "-D", str(partial), "postgres", text=_FIRST)
        with (partial / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude_if_exists = 'sojourn.conf'\n")
        partial.rename(self.directory)
        return None

    def _check_version(self) -> None:
        found = (self.directory / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise DatabaseError(
                f"{self.directory} was written by PostgreSQL {found}; this Sojourn brings {MAJOR}. "
                "Set SOJOURN_DATA_DIR to another directory, or move the data with pg_upgrade."
            )

    def _started(self, programs: Programs) -> bool:
        """Start the server and wait for its answer or its end."""
        if not self.process():
            self._sweep()
        place = self._socket_dir()
        self._own_socket_dir(Path(place), programs)
        conf = self.directory / "sojourn.conf"
        conf.write_text(_CONFIGURATION.format(port=PORT, socket_dir=place))
        conf.chmod(0o644)
        with self.log.open("ab") as log:
            pid = programs.spawn(log, "-D", str(self.directory))
        # Ours gives way to one that a killed process spawned just before.
        self._wait_until(
            lambda: self.running() or not (is_alive(pid) or self.process()), "is not ready"
        )
        return self.running()

    def _sweep(self) -> None:
        """Remove what a killed server left; it would refuse to start beside its own remains.

        PostgreSQL looks only whether a process of that number exists, and a zombie does.
        """
        if dead := self.postmaster():
            reap(dead.pid)
        (self.directory / "postmaster.pid").unlink(missing_ok=True)
        socket_file = Path(self._socket_dir(), f".s.PGSQL.{PORT}")
        socket_file.unlink(missing_ok=True)
        socket_file.with_name(f"{socket_file.name}.lock").unlink(missing_ok=True)

    def _wait_until(self, done: Callable[[], bool], problem: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline:
                words = self._last_words()
                raise DatabaseError(f"PostgreSQL {problem} after {PATIENCE:.0f} s. {words}")
            time.sleep(0.02)

    def _turned_log(self) -> int:
        """Put a long log aside; return the length of the one that goes on."""
        size = self.log.stat().st_size if self.log.exists() else 0
        if size <= _LARGEST_LOG:
            return size
        self.log.replace(self.log.with_suffix(".log.1"))
        return 0

    def _said(self, since: int) -> str:
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def _last_words(self) -> str:
        words = last_words(self.log.read_text(errors="replace")) if self.log.exists() else "nothing"
        return f"Its log {self.log} ends with: {words}"

    def _socket_dir(self) -> str:
        """Return where the socket lies: with the data, or in /tmp if that name does not fit."""
        place = str(self.directory)
        short = len(os.fsencode(place)) + len(f"/.s.PGSQL.{PORT}") <= _LONGEST_SOCKET
        if short and not set(place) & set(",'\\\"@"):
            return place
        mark = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
        return f"/tmp/sojourn-{os.geteuid()}-{mark}"  # noqa: S108 - _own_socket_dir guards it

    def _own_socket_dir(self, place: Path, programs: Programs) -> None:
        """Make the socket's directory, or refuse one that somebody else has put there."""
        if place == self.directory:
            return
        owner = programs.account.pw_uid if programs.account else os.geteuid()
        if not place.exists():
            place.mkdir(mode=0o700)
            os.chown(place, owner, -1)
        status = place.lstat()
        if status.st_uid != owner or status.st_mode & 0o077 or not place.is_dir():
            raise DatabaseError(f"{place} belongs to someone else; remove it and try again.")


_FIRST = "CREATE DATABASE sojourn;\n"


def _command_line(pid: int) -> bytes:
    """Return a process's command; empty for one that is gone or only waits to be reaped."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return b""
    command = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603
