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
from psycopg.conninfo import make_conninfo

from sojourn.store.cluster import Cluster
from sojourn.store.embedded import Use
from sojourn.store.migrate import migrate
from sojourn.store.postgres import Database, open_database

_numbers = count(1)


def pytest_configure() -> None:
    # A terminated run ends like an interrupted one: through the fixtures, server stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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


@pytest.fixture
def database_url(server: str, template: str) -> Iterator[str]:
    """A migrated database of the test's own, for other processes to open."""
    with _database(server, template) as url:
        yield url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A migrated database of the test's own, open."""
    async with open_database(database_url, Path()) as database:
        yield database


@pytest.fixture(scope="module")
def shared_database_url(server: str, template: str) -> Iterator[str]:
    """A migrated database for tests of one module that leave it as it was, or part its rows."""
    with _database(server, template) as url:
        yield url


@pytest.fixture
async def shared(shared_database_url: str) -> AsyncIterator[Database]:
    """The database that the tests of a module share, open."""
    async with open_database(shared_database_url, Path()) as database:
        yield database


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield make_conninfo(server, dbname=name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection:
        connection.execute(statement.encode())
