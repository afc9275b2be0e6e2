import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from sojourn.store import cluster
from sojourn.store.cluster import Cluster
from sojourn.store.embedded import Use
from sojourn.store.errors import DatabaseError
from sojourn.store.programs import Programs


@pytest.fixture
def use(data_dir: Path) -> Iterator[Use]:
    use = Use(data_dir)
    yield use
    use.close()


@pytest.mark.parametrize("name", ["long" * 30 + "/" + "er" * 60, 'it\'s $HOME, "näïve" `x`'])
def test_any_directory_name_works(empty_data_dir: Path, name: str) -> None:
    use = Use(empty_data_dir / name)
    try:
        with psycopg.connect(use.open()) as connection:
            row = connection.execute("SHOW unix_socket_directories").fetchone()
        assert row
        socket_dir = Path(row[0])
        assert socket_dir.parent == Path("/tmp")
        assert socket_dir.stat().st_mode & 0o077 == 0
    finally:
        use.close()
    assert not socket_dir.exists()


def test_a_squatted_socket_directory_is_refused(empty_data_dir: Path) -> None:
    use = Use(empty_data_dir / ("long" * 30))
    squatted = Path(use.cluster._socket_dir())
    squatted.mkdir(mode=0o755)
    try:
        with pytest.raises(DatabaseError, match="belongs to someone else"):
            use.open()
    finally:
        use.close()
        squatted.rmdir()


def test_a_directory_of_another_version_is_refused(copied_data_dir: Path) -> None:
    (copied_data_dir / "pg" / "PG_VERSION").write_text("16\n")
    use = Use(copied_data_dir)
    with pytest.raises(DatabaseError, match="written by PostgreSQL 16; this Sojourn brings 18"):
        use.open()
    use.close()


def test_a_server_that_does_not_start_shows_the_end_of_its_log(copied_data_dir: Path) -> None:
    with (copied_data_dir / "pg" / "postgresql.conf").open("a") as conf:
        conf.write("max_connections = nonsense\n")
    use = Use(copied_data_dir)
    with pytest.raises(DatabaseError, match=r"does not start.*max_connections") as caught:
        use.open()
    assert "\n" not in str(caught.value)
    use.close()


def test_the_data_is_safe_and_nothing_listens_on_the_network(use: Use) -> None:
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "TimeZone": "UTC",
    }
    with psycopg.connect(use.open()) as connection:
        query = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
        assert dict(connection.execute(query, [list(wanted)]).fetchall()) == wanted
    assert use.cluster.directory.stat().st_mode & 0o077 == 0


def test_the_environment_of_other_servers_does_not_matter(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "6000", "PGDATA": "/nowhere", "PGUSER": "ann"}.items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(use.open()) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("sojourn",)


def test_what_is_left_of_a_broken_first_start_is_swept(empty_data_dir: Path) -> None:
    (empty_data_dir / "pg.new-abc").mkdir()
    use = Use(empty_data_dir)
    use.open()
    use.close()
    assert not list(empty_data_dir.glob("pg.new-*"))


def test_a_long_log_is_put_aside(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_LARGEST_LOG", 9)
    use.cluster.log.write_text("a long log")
    use.open()
    assert use.cluster.log.with_suffix(".log.1").stat().st_size == 10


def test_stopping_what_does_not_run_does_nothing(use: Use) -> None:
    use.cluster.stop()


def test_a_waiting_that_never_ends_gives_up(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.05)
    # A server that is always about to be ready: alive, but the status is not yet written.
    monkeypatch.setattr(cluster.Cluster, "_is_ours", lambda self, pid: pid == os.getpid())
    (use.cluster.directory / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with pytest.raises(DatabaseError, match="is busy after"):
        use.open()
    (use.cluster.directory / "postmaster.pid").unlink()


def woken(pid: int) -> None:
    """Let a frozen process go on, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_what_a_killed_server_leaves_behind_is_waited_for_however_much_it_says(
    use: Use, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    use.open()
    held = psycopg.connect(use.cluster.dsn)
    request.addfinalizer(held.close)
    row = held.execute("SELECT pg_backend_pid()").fetchone()
    assert row
    os.kill(row[0], signal.SIGSTOP)
    request.addfinalizer(lambda: woken(row[0]))
    os.kill(use.cluster.process(), signal.SIGKILL)
    while use.cluster.running() or use.cluster.process():
        pass
    started, tries = Cluster._started, []

    def noisy(self: Cluster, programs: Programs) -> bool:
        well = started(self, programs)
        with self.log.open("a") as log:
            log.write("FATAL:  terminating connection due to unexpected postmaster exit\n" * 9)
        tries.append(well)
        woken(row[0])
        return well

    monkeypatch.setattr(Cluster, "_started", noisy)
    use.cluster.ensure_running()
    assert (tries[0], tries[-1]) == (False, True)
    with psycopg.connect(use.cluster.dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
