"""The life of the embedded server under real processes that come, go and are killed."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from sojourn.store.cluster import Cluster
from sojourn.store.embedded import Use, embedded
from sojourn.store.postgres import DatabaseError, DatabaseUnavailable, open_database

# Opens the database, says which server it got, and holds it until its input ends.
HOLDER = """
import asyncio, sys
from pathlib import Path
from sojourn.store.cluster import Cluster
from sojourn.store.postgres import open_database

async def main():
    async with open_database(None, Path(sys.argv[1])) as db:
        print(Cluster(Path(sys.argv[1])).process(), flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


class Holder:
    """A process that uses the embedded server."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def server(self) -> int:
        """Wait until it is open; return the server's process id."""
        assert self.process.stdout
        return int(self.process.stdout.readline())

    def leave(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def hold(data_dir: Path) -> Iterator[Callable[..., Holder]]:
    holders: list[Holder] = []

    def start(place: Path = data_dir) -> Holder:
        holders.append(Holder(place))
        return holders[-1]

    yield start
    for holder in holders:
        holder.kill()


def test_the_last_to_leave_stops_the_server(data_dir: Path, hold: Callable[..., Holder]) -> None:
    first, second = hold(), hold()
    server = first.server()
    assert second.server() == server
    first.leave()
    assert Cluster(data_dir).process() == server
    second.leave()
    assert Cluster(data_dir).process() == 0
    assert Cluster(data_dir).postmaster() is None


def test_processes_that_start_together_share_one_server(
    empty_data_dir: Path, hold: Callable[..., Holder]
) -> None:
    holders = [hold(empty_data_dir) for _ in range(4)]
    assert len({holder.server() for holder in holders}) == 1


def test_a_killed_starter_leaves_the_server_to_the_next(
    data_dir: Path, hold: Callable[..., Holder]
) -> None:
    starter = hold()
    server = starter.server()
    starter.kill()
    successor = hold()
    assert successor.server() == server
    successor.leave()
    assert Cluster(data_dir).process() == 0


def test_starters_killed_at_any_moment_do_not_stop_the_next(
    empty_data_dir: Path, hold: Callable[..., Holder]
) -> None:
    for share in range(1, 7):
        starter = hold(empty_data_dir)
        with pytest.raises(subprocess.TimeoutExpired):
            starter.process.wait(timeout=share * 0.15)
        starter.kill()
    last = hold(empty_data_dir)
    assert last.server()
    last.leave()
    assert Cluster(empty_data_dir).process() == 0


async def test_what_was_committed_survives_a_crash_of_everything(
    data_dir: Path, hold: Callable[..., Holder]
) -> None:
    holder = hold()
    server = holder.server()
    async with open_database(None, data_dir) as db, db.connection() as connection:
        await connection.execute("CREATE TABLE survivors AS SELECT 42 AS x")
    holder.kill()
    os.kill(server, signal.SIGKILL)
    async with open_database(None, data_dir) as db, db.connection() as connection:
        cursor = await connection.execute("SELECT x FROM survivors")
        assert await cursor.fetchone() == (42,)
        await connection.execute("DROP TABLE survivors")


async def test_a_connection_still_busy_after_the_server_was_killed_is_waited_for(
    data_dir: Path, hold: Callable[..., Holder]
) -> None:
    holder = hold()
    server = holder.server()
    dsn = Cluster(data_dir).dsn
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        busy = "SELECT count(*) FROM generate_series(1, 30000000)"
        query = asyncio.create_task(connection.execute(busy))
        await asyncio.to_thread(until_busy, dsn)
        os.kill(server, signal.SIGKILL)
        holder.kill()
        async with open_database(None, data_dir):
            pass
        await asyncio.wait([query])
    assert "pre-existing shared memory block" in Cluster(data_dir).log.read_text()


def until_busy(dsn: str) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND state = 'active'"
    with psycopg.connect(dsn) as connection:
        while connection.execute(query, ["%generate_series(1, 3%"]).fetchone() == (0,):
            connection.rollback()


async def test_a_server_that_dies_under_its_users_is_started_again(data_dir: Path) -> None:
    async with open_database(None, data_dir) as db:
        os.kill(Cluster(data_dir).process(), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while True:
            try:
                async with db.connection() as connection:
                    await connection.execute("SELECT 1")
                break
            except DatabaseUnavailable:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)


def test_a_recycled_process_number_is_not_taken_for_the_server(data_dir: Path) -> None:
    use = Use(data_dir)
    use.open()
    use.close()
    # As left by a power cut: the number now belongs to another process, this one.
    stale = f"{os.getpid()}\n{data_dir}/pg\n1\n5432\n{data_dir}/pg\n\n0 0\nready   \n"
    (data_dir / "pg" / "postmaster.pid").write_text(stale)
    use.open()
    assert use.cluster.process() not in (0, os.getpid())
    use.close()
    assert use.cluster.process() == 0


async def test_another_data_directory_being_started_blocks_nobody(
    data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    with (other / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        async with asyncio.timeout(60), open_database(None, data_dir):
            pass


async def test_who_is_cancelled_while_starting_leaves_nothing_running(data_dir: Path) -> None:
    async def use() -> None:
        async with embedded(data_dir):
            raise AssertionError("cancelled before this")

    starting = asyncio.create_task(use())
    while not (data_dir / "start.lock").exists():
        await asyncio.sleep(0.001)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert Cluster(data_dir).process() == 0


def test_closing_twice_does_nothing(data_dir: Path) -> None:
    use = Use(data_dir)
    use.close()
    use.open()
    use.close()
    use.close()


def test_a_data_directory_that_cannot_be_written_is_named(data_dir: Path) -> None:
    (data_dir / "file").touch()
    with pytest.raises(DatabaseError, match=r"file.*SOJOURN_DATA_DIR"):
        Use(data_dir / "file" / "data").open()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_named(data_dir: Path) -> None:
    disk = data_dir / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=9m", "none", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    use = Use(disk)
    try:
        with pytest.raises(DatabaseError, match=r"disk that holds .* is full"):
            use.open()
    finally:
        use.close()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
