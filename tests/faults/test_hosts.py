"""Workers on hosts of their own: networks that are slow, lose packets, and part from PostgreSQL.

Each host is a network namespace with a link of its own, which only root can make.
"""

import asyncio
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sojourn.control.door import Door
from sojourn.store import clock
from sojourn.store.postgres import Database
from tests.doors import rows
from tests.faults import oracle
from tests.faults.fleet import Fleet
from tests.faults.orders import Orders
from tests.faults.rest import rest
from tests.faults.wire import Wire

NETWORK = ("delay", "15ms", "10ms", "loss", "1%")
SECONDS = 10.0


@dataclass(frozen=True)
class Host:
    """A network namespace; ``here`` is our address on its link, the only way out of it."""

    name: str
    link: str
    here: str

    @property
    def inside(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name)

    def part(self) -> None:
        """Take the link away; nobody is told."""
        ip("link", "set", self.link, "down")

    def join(self) -> None:
        ip("link", "set", self.link, "up")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def made(number: int) -> Host:
    """Make a host with a link to us."""
    mark = f"{os.getpid() % 100_000}{number}"
    host = Host(f"sojourn{mark}", f"sj{mark}a", f"10.{os.getpid() % 200 + 20}.{number}.1")
    there = host.here.removesuffix("1") + "2"
    ip("netns", "add", host.name)
    ip("link", "add", host.link, "type", "veth", "peer", "name", f"sj{mark}b")
    ip("link", "set", f"sj{mark}b", "netns", host.name)
    ip("addr", "add", f"{host.here}/24", "dev", host.link)
    host.join()
    inner = ("-n", host.name)
    ip(*inner, "addr", "add", f"{there}/24", "dev", f"sj{mark}b")
    ip(*inner, "link", "set", f"sj{mark}b", "up")
    ip(*inner, "link", "set", "lo", "up")
    return host


def slow(host: Host) -> bool:
    """Make a host's link slow and lossy; False where this kernel cannot."""
    command = ["tc", "qdisc", "add", "dev", host.link, "root", "netem", *NETWORK]
    return (
        shutil.which("tc") is not None
        and not subprocess.run(command, capture_output=True).returncode
    )


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Two hosts; where there can be none, it says why."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and the command ip (iproute2)")
    found: list[Host] = []
    try:
        try:
            found += [made(1), made(2)]
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
        yield found
    finally:
        subprocess.run(["ip", "link", "del", f"sj{os.getpid() % 100_000}1a"], capture_output=True)
        subprocess.run(["ip", "link", "del", f"sj{os.getpid() % 100_000}2a"], capture_output=True)
        for number in (1, 2):
            name = f"sojourn{os.getpid() % 100_000}{number}"
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


async def test_hosts_that_part_from_the_database_lose_nothing(
    hosts: list[Host], db: Database, database_url: str, tmp_path: Path, chance: random.Random
) -> None:
    await carried(hosts, db, database_url, tmp_path, chance)


async def test_over_a_slow_network_that_loses_packets(
    hosts: list[Host], db: Database, database_url: str, tmp_path: Path, chance: random.Random
) -> None:
    if sum(map(slow, hosts)) < len(hosts):
        pytest.skip("this kernel's tc cannot delay and lose packets (no netem)")
    await carried(hosts, db, database_url, tmp_path, chance)


async def carried(
    hosts: list[Host], db: Database, url: str, folder: Path, chance: random.Random
) -> None:
    """Let workers on both hosts carry journeys, while their links come and go."""
    await rows(db, oracle.WATCH)
    async with db.connection() as connection:
        door = Door(db, await clock.read(connection, 60))
    orders = Orders(chance, door, local=True)
    fleets = [Fleet(folder, inside=host.inside) for host in hosts]
    async with Wire(url, hosts[0].here) as one, Wire(url, hosts[1].here) as two:
        try:
            for fleet, wire in zip(fleets, (one, two), strict=True):
                await fleet.open(wire.dsn, web=False)
                await fleet.spawn_worker()
            await asyncio.gather(orders.keep(SECONDS, 6), parting(hosts, chance))
            await rest(orders, *fleets, seconds=90)
        finally:
            for fleet in fleets:
                await fleet.close()
    found = await oracle.judge(door, folder, orders.told, orders.cancelled, hooks=False)
    assert found == []
    taken = await rows(db, "SELECT count(DISTINCT new_owner) FROM task_log")
    assert taken[0][0] >= 2, "both hosts had work"


async def parting(hosts: list[Host], chance: random.Random) -> None:
    """Part a host, for longer than a lease or not, again and again."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        host = chance.choice(hosts)
        await asyncio.sleep(chance.uniform(0.5, 2))
        host.part()
        await asyncio.sleep(chance.uniform(0.3, 3))
        host.join()
