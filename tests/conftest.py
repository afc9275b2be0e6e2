"""One PostgreSQL for the whole run, and a fresh database, cloned in a moment, for each test."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sojourn.store.cluster import Cluster
from sojourn.store.embedded import Use
from sojourn.store.migrate import migrate
from sojourn.store.postgres import Database, open_database

_numbers = count(1)


def pytest_configure() -> None:
    # A terminated run ends like an interrupted one: through the fixtures, server stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Shells have what runs in the background ignore it, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Output is as wide as without a terminal, not as that of those who run the tests.
    os.environ.pop("COLUMNS", None)
    # Tracebacks without their variables: drawing those takes seconds.
    said = structlog.processors.KeyValueRenderer(key_order=["event"])
    structlog.configure(processors=[structlog.processors.format_exc_info, said])
    # Time is no property of ours to test; CI repeats what was found, people's machines look on.
    calm = [HealthCheck.too_slow]
    settings.register_profile("local", deadline=None, suppress_health_check=calm)
    settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
    settings.load_profile("ci" if os.environ.get("CI") else "local")


@contextmanager
def _directory() -> Iterator[Path]:
    """Yield a directory that PostgreSQL's account may enter; pytest's own are closed to it."""
    path = Path(tempfile.mkdtemp(prefix="sojourn-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a directory in which an initdb, its parent killed, may be sweeping up as well."""
    for _ in range(100):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.05)
    shutil.rmtree(path)


@pytest.fixture
def empty_data_dir() -> Iterator[Path]:
    """A new data directory; a PostgreSQL that the test left running there is stopped."""
    with _directory() as path:
        yield path
        Cluster(path).stop()


@pytest.fixture(scope="session")
def used_data_dir() -> Iterator[Path]:
    """A data directory that has been used: making its cluster takes seconds."""
    with _directory() as path:
        use = Use(path)
        use.open()
        use.close()
        yield path


@pytest.fixture
def data_dir(used_data_dir: Path) -> Iterator[Path]:
    """A data directory that other tests have used and use again: leave it in order."""
    yield used_data_dir
    Cluster(used_data_dir).stop()


@pytest.fixture
def copied_data_dir(empty_data_dir: Path, used_data_dir: Path) -> Path:
    """A used data directory of the test's own, to damage."""
    subprocess.run(["cp", "-a", used_data_dir / "pg", empty_data_dir], check=True)
    return empty_data_dir


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The run's PostgreSQL, as a connection string without a database."""
    with _directory() as path:
        use = Use(path)
        dsn = use.open()
        try:
            _administer(dsn, "ALTER SYSTEM SET fsync = off")  # the data lives for one run
            _administer(dsn, "SELECT pg_reload_conf()")
            yield dsn
        finally:
            use.close()


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a database with all migrations, to clone."""
    _administer(server, "CREATE DATABASE template_sojourn")

    async def fill() -> None:
        async with open_database(make_conninfo(server, dbname="template_sojourn"), Path()) as db:
            await migrate(db)

    asyncio.run(fill())
    return "template_sojourn"


@pytest.fixture
def empty_database_url(server: str) -> Iterator[str]:
    """A database of the test's own without any table."""
    with _database(server, "template1") as url:
        yield url


@pytest.fixture(scope="session")
def recycled(server: str, template: str) -> "Recycled":
    """Migrated databases that were used and emptied."""
    return Recycled(server, template)


@pytest.fixture
def database_url(recycled: "Recycled") -> Iterator[str]:
    """A migrated database of the test's own, for other processes to open."""
    with recycled.lend() as url:
        yield url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A migrated database of the test's own, open."""
    async with open_database(database_url, Path()) as database:
        yield database


@pytest.fixture(scope="module")
def shared_database_url(recycled: "Recycled") -> Iterator[str]:
    """A migrated database for tests of one module that leave it as it was, or part its rows."""
    with recycled.lend() as url:
        yield url


@pytest.fixture
async def shared(shared_database_url: str) -> AsyncIterator[Database]:
    """The database that the tests of a module share, open."""
    async with open_database(shared_database_url, Path()) as database:
        yield database


class Recycled:
    """Lends databases: one that was emptied where there is one, for cloning takes 100 times as long."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[str] = []
        self._new = self._form(make_conninfo(server, dbname=template))

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Yield a database, and empty it afterwards; one that was built over is dropped."""
        url = self._free.pop() if self._free else self._make()
        yield url
        if self._form(url) == self._new:
            self._empty(url)
            self._free.append(url)
        else:
            name = conninfo_to_dict(url)["dbname"]
            _administer(self._server, f"DROP DATABASE {name} WITH (FORCE)")

    def _make(self) -> str:
        name = f"test_{next(_numbers)}"
        clone = f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY"
        _administer(self._server, clone)
        return make_conninfo(self._server, dbname=name)

    def _form(self, url: str) -> tuple[object, ...]:
        """Return what tells a database that was only used from one that was changed or filled."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(OTHERS)
            return tuple(connection.execute(FORM).fetchone() or ())

    def _empty(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            tables = [row[0] for row in connection.execute(TABLES)]
            connection.execute(";".join(f'DELETE FROM "{t}"' for t in tables).encode())
            connection.execute(SEQUENCES)


OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
FORM = """
SELECT (SELECT string_agg(relname::text, ',' ORDER BY oid) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace),
       (SELECT string_agg(prosrc, ',' ORDER BY oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace),
       (SELECT string_agg(tgname || tgenabled::text, ',' ORDER BY oid) FROM pg_trigger),
       (SELECT string_agg(conname, ',' ORDER BY oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace),
       (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database()),
       pg_database_size(current_database()) > 40e6
"""
TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'schema_migrations'
"""
SEQUENCES = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences
"""


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield make_conninfo(server, dbname=name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection:
        connection.execute(statement.encode())
