"""The processes of a storm: real workers, real APIs, a real agent, a PostgreSQL of its own."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, OperationalError, sql

from sojourn.store.cluster import Cluster
from tests.faults.agents import CALLS
from tests.faults.blunders import WITHOUT
from tests.faults.disk import Disk
from tests.faults.versions import Version

ROOT = Path(__file__).absolute().parents[2]
LEASE = 1.0
DIRECTORY = """
agents:
  callable:
    protocol: python
    target: "tests.faults.agents:work"
    breaker: {{ failures: 8, pause: 5s, longest: 30s }}
  web:
    protocol: http
    url: "http://127.0.0.1:{port}/"
    allow_private: true
    breaker: {{ failures: 8, pause: 5s, longest: 30s }}
  caller:
    protocol: http
    url: "http://127.0.0.1:{port}/back"
    completes: callback
    allow_private: true
    breaker: {{ failures: 8, pause: 5s, longest: 30s }}
"""


class Fleet:
    """Workers, APIs and an agent, by pid; the cradle forks and reaps them."""

    def __init__(self, folder: Path, without: str = "", inside: Sequence[str] = ()) -> None:
        """``inside`` is a command that all of them are run by, such as one that moves them."""
        self.folder = folder
        self.workers: list[int] = []
        self.apis: list[int] = []
        self.web = 0
        self.port = 0
        self.site = 0
        """The port of all the APIs."""
        self.frozen: set[int] = set()
        self.settings: dict[str, str] = {}
        """Settings of workers that are started from now on, beside the usual ones."""
        self.previous: Version | None = None
        self.others: dict[int, asyncio.subprocess.Process] = {}
        """Workers of the previous version, which the cradle knows nothing of."""
        self.seen: set[int] = set()
        """All of these that there have been."""
        self.paths = folder / "paths"
        """Where path files are for the APIs to find."""
        self.paths.mkdir(exist_ok=True)
        self._without = without
        self._inside = inside
        self._url = ""
        self._lock = asyncio.Lock()
        self._cradle: asyncio.subprocess.Process | None = None

    async def open(self, url: str, *, web: bool = True) -> None:
        """Start the agent (``web``); workers will use the database at the URL."""
        self._url = url
        self._cradle = await asyncio.create_subprocess_exec(
            *self._inside,
            sys.executable,
            "-m",
            "tests.faults.cradle",
            cwd=ROOT,
            env={**os.environ, CALLS: str(self.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.port = await self._read()
        self.site = await self._read()
        (self.folder / "agents.yaml").write_text(DIRECTORY.format(port=self.port))
        if web:
            await self.spawn_web()

    async def close(self) -> None:
        """Kill all that is left."""
        for pid in list(self.others):
            await self.end(pid)
        if self._cradle and self._cradle.stdin:
            for pid in list(self.frozen):
                self.thaw(pid)
            self._cradle.stdin.close()
            await self._cradle.wait()

    async def spawn_worker(self, **settings: str) -> int:
        """Start a worker, with settings of its own beside the usual ones."""
        pid = await self._say({"spawn": "worker", "env": self._env() | settings})
        self.workers.append(pid)
        return pid

    async def spawn_other(self, **settings: str) -> int:
        """Start a worker of the previous version."""
        assert self.previous
        env = {**os.environ, CALLS: str(self.folder), **self._env(), **settings}
        env |= {"PYTHONPATH": f"{self.previous.source}{os.pathsep}{ROOT}"}
        command = [*self._inside, sys.executable, "-m", "sojourn", "worker", "--json"]
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.others[process.pid] = process
        self.seen.add(process.pid)
        self.workers.append(process.pid)
        return process.pid

    async def spawn_api(self) -> int:
        """Start an API, which has an engine beside it."""
        pid = await self._say({"spawn": "api", "env": self._env()})
        self.apis.append(pid)
        return pid

    async def spawn_web(self) -> None:
        """Start the agent that lives elsewhere."""
        self.web = await self._say({"spawn": "web", "env": self._env()})

    async def end(self, pid: int, how: signal.Signals = signal.SIGKILL) -> int:
        """End a process; return how it ended."""
        self.frozen.discard(pid)
        for listed in (self.workers, self.apis):
            if pid in listed:
                listed.remove(pid)
        if other := self.others.pop(pid, None):
            if other.returncode is None:
                other.send_signal(how)
            return await other.wait()
        os.kill(pid, how)
        return await self._say({"wait": pid})

    def ended(self, pid: int) -> bool:
        """Say whether a process has ended by itself; the cradle has yet to take note of it."""
        asked = ["ps", "-o", "stat=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True).stdout[:1] in ("", "Z")

    def freeze(self, pid: int) -> None:
        """Stop a process where it stands; one of the previous version may be gone by itself."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            self.frozen.add(pid)

    def thaw(self, pid: int) -> None:
        """Let a process go on."""
        if pid in self.frozen:
            self.frozen.discard(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def log(self) -> str:
        """Return what the processes logged."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _env(self) -> dict[str, str]:
        return {
            "SOJOURN_DATABASE_URL": self._url,
            "SOJOURN_DATA_DIR": str(self.folder),
            "SOJOURN_AGENTS": str(self.folder / "agents.yaml"),
            "SOJOURN_LEASE_SECONDS": str(LEASE),
            "SOJOURN_POLL_SECONDS": "0.2",
            "SOJOURN_CLAIM_BATCH": "6",
            "SOJOURN_JOURNEY_BATCH": "4",
            "SOJOURN_WORKER_TASKS": "12",
            "SOJOURN_CONNECTIONS": "4",
            "SOJOURN_PATHS": str(self.paths),
            "SOJOURN_PRIVATE_WEBHOOKS": "true",
            "SOJOURN_PUBLIC_URL": f"http://127.0.0.1:{self.site}",
            "SOJOURN_LOG_LEVEL": "warning",
            "SOJOURN_LOG_FORMAT": "json",
            "SOJOURN_TEST_LOG": str(self.folder / "log"),
            WITHOUT: self._without,
            **self.settings,
        }

    async def _say(self, wish: dict[str, Any]) -> int:
        async with self._lock:
            assert self._cradle
            assert self._cradle.stdin
            self._cradle.stdin.write(json.dumps(wish).encode() + b"\n")
            return await self._read()

    async def _read(self) -> int:
        assert self._cradle
        assert self._cradle.stdout
        line = await self._cradle.stdout.readline()
        assert line, f"the cradle has ended:\n{self.log()[-2000:]}"
        return int(line)


class Server:
    """A PostgreSQL that may be killed, and whose disk, where it has one of its own, may be full."""

    def __init__(self, data_dir: Path, disk: Disk | None = None) -> None:
        self._cluster = Cluster(data_dir)
        self.disk = disk

    @property
    def dsn(self) -> str:
        return self._cluster.dsn

    async def start(self) -> None:
        """Start it, or wait for its recovery."""
        await asyncio.to_thread(self._cluster.ensure_running)

    async def stop(self) -> None:
        """End it in good order."""
        await asyncio.to_thread(self._cluster.stop)

    def log(self) -> str:
        """Return what it logged."""
        return self._cluster.log.read_text(errors="replace")

    async def economise(self) -> None:
        """Let it keep little of its own log, as a small disk needs."""
        async with await AsyncConnection.connect(self.dsn, autocommit=True) as connection:
            for name, size in (("min_wal_size", "32MB"), ("max_wal_size", "32MB")):
                setting = sql.SQL("ALTER SYSTEM SET {} = {}")
                await connection.execute(setting.format(sql.Identifier(name), sql.Literal(size)))
            await connection.execute("SELECT pg_reload_conf()")

    async def full(self, seconds: float, *, flood: bool = False) -> None:
        """Fill its disk for a while; it may have ended by then, and is started again.

        A ``flood`` leaves no room in its own log either, which it cannot survive.
        """
        assert self.disk
        end = time.monotonic() + seconds
        try:
            if flood:
                await asyncio.to_thread(self.disk.fill)
                await self._flood()
            while time.monotonic() < end:
                await asyncio.to_thread(self.disk.fill)
                await asyncio.sleep(0.05)
        finally:
            self.disk.free()
        await self.start()

    async def _flood(self) -> None:
        """Write more into its log than there is room for."""
        much = "SELECT pg_logical_emit_message(false, 'flood', repeat('x', 20000000))"
        with suppress(OperationalError):
            async with await AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                for _ in range(10):
                    await connection.execute(much)

    async def kill(self) -> None:
        """Kill the server and start it again."""
        _signal(self._processes()[:1], signal.SIGKILL)
        while self._cluster.running():  # its sockets close a moment later
            await asyncio.sleep(0.01)
        await self.start()

    def kill_backend(self, chance: random.Random) -> None:
        """Kill one of its connections' processes: it ends all the others, recovers, goes on.

        Not of its own: PostgreSQL 18 may hang for good when those die while it recovers.
        """
        if backends := self._processes("postgres: sojourn ")[1:]:
            _signal([chance.choice(backends)], signal.SIGKILL)

    async def freeze(self, seconds: float) -> None:
        """Stop all of its processes for a while."""
        stopped = self._processes()
        _signal(stopped, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            _signal(stopped, signal.SIGCONT)

    def _processes(self, kind: str = "") -> list[int]:
        """Return the server's process and its children of a kind; none while it does not run."""
        ours = self._cluster.process()
        if not ours:
            return []
        listed = subprocess.run(["ps", "-Ao", "pid=,ppid=,args="], capture_output=True, text=True)
        found = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
        children = [int(f[0]) for f in found if int(f[1]) == ours and f[-1].startswith(kind)]
        return [ours, *children]


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
