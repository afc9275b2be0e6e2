"""The primary is killed, its synchronous standby promoted: nothing that was acknowledged is lost."""

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sojourn.control.door import Door
from sojourn.store import clock
from sojourn.store.cluster import Cluster
from sojourn.store.migrate import migrate
from sojourn.store.postgres import open_database
from sojourn.store.programs import Programs, find_programs
from tests.doors import rows
from tests.faults import oracle
from tests.faults.fleet import Fleet
from tests.faults.orders import Orders
from tests.faults.rest import rest

LEVELS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = off
hot_standby = on
synchronous_standby_names = '{names}'
"""


class Node:
    """A PostgreSQL that takes part in the replication."""

    def __init__(self, programs: Programs, directory: Path, port: int) -> None:
        self._programs = programs
        self.directory = directory
        self.port = port
        self.pid = 0

    @property
    def dsn(self) -> str:
        return make_conninfo(host="127.0.0.1", port=self.port, user="sojourn", dbname="sojourn")

    def start(self, names: str = "") -> None:
        """Start it; commits wait for the standbys of these names."""
        conf = self.directory / "sojourn.conf"
        conf.write_text(LEVELS.format(port=self.port, names=names))
        conf.chmod(0o644)
        with (self.directory.parent / f"{self.port}.log").open("ab") as log:
            self.pid = self._programs.spawn(log, "-D", str(self.directory))
        end = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(self.dsn, connect_timeout=5):
                    return
            except psycopg.OperationalError:
                assert time.monotonic() < end, "it does not start"
                time.sleep(0.05)

    def run(self, name: str, *arguments: str) -> None:
        self._programs.run(name, *arguments)

    def end(self, how: signal.Signals) -> None:
        """End it at once, or in good order."""
        if self.pid:
            os.kill(self.pid, how)
            os.waitpid(self.pid, 0)
            self.pid = 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def pair(used: Path) -> Iterator[tuple[Node, Node]]:
    """Yield a primary that commits together with its standby."""
    place = Path(tempfile.mkdtemp(prefix="sojourn-pair-"))
    place.chmod(0o777)
    programs = find_programs(used)
    primary = Node(programs, place / "primary", free_port())
    standby = Node(programs, place / "standby", free_port())
    try:
        subprocess.run(["cp", "-a", used / "pg", primary.directory], check=True)
        (primary.directory / "postmaster.pid").unlink(missing_ok=True)
        primary.start()
        source = make_conninfo(primary.dsn, dbname=None, application_name="standby")
        words = ["-D", str(standby.directory), "-R", "-X", "stream", "-c", "fast", "-d", source]
        standby.run("pg_basebackup", *words)
        standby.start()
        primary.end(signal.SIGINT)
        primary.start("FIRST 1 (standby)")
        yield primary, standby
    finally:
        for node in (primary, standby):
            node.end(signal.SIGQUIT)
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
async def nodes(used_data_dir: Path) -> AsyncIterator[tuple[Node, Node]]:
    Cluster(used_data_dir).stop()
    with pair(used_data_dir) as found:
        yield found


async def test_the_standby_takes_over_and_nothing_acknowledged_is_lost(
    nodes: tuple[Node, Node], tmp_path: Path
) -> None:
    primary, standby = nodes
    both = make_conninfo(
        host="127.0.0.1,127.0.0.1",
        port=f"{primary.port},{standby.port}",
        user="sojourn",
        dbname="sojourn",
        target_session_attrs="read-write",
    )
    fleet = Fleet(tmp_path)
    async with open_database(both, Path()) as db:
        await migrate(db)
        async with db.connection() as connection:
            door = Door(db, await clock.read(connection, 60))
        await rows(db, oracle.WATCH)
        try:
            await fleet.open(both)
            for _ in range(2):
                await fleet.spawn_worker()
            orders = Orders(random.Random(5), door)
            people = asyncio.create_task(orders.keep(9, 6))
            await asyncio.sleep(3)
            told = len(orders.told)
            primary.end(signal.SIGKILL)
            standby.run("pg_ctl", "promote", "-D", str(standby.directory), "-w")
            await people
            assert len(orders.told) > told > 0, "people went on"
            await rest(orders, fleet, seconds=60)
        finally:
            await fleet.close()
        found = await oracle.judge(door, tmp_path, orders.told, orders.cancelled, hooks=False)
        assert found == []
