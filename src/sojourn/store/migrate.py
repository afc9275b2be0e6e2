"""Migrations: ``migrations/0001_name.sql`` and on, each applied once, in order."""

import asyncio
import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from sojourn.store import queries
from sojourn.store.errors import DatabaseError
from sojourn.store.postgres import Database

MIGRATIONS = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_QUERIES = queries.load("migrate")
ATTEMPTS: Final = 30
PAUSE: Final = 2.0
"""Seconds before a migration that stood in others' way begins again, at most."""


@dataclass(frozen=True)
class Migration:
    """One file of the migrations folder."""

    version: int
    name: str
    sql: str

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"

    @property
    def digest(self) -> str:
        """What a later change of the file is noticed by."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def migrate(database: Database, folder: Path = MIGRATIONS) -> list[int]:
    """Apply what is new in the folder and return its versions; processes may start together.

    Raises `DatabaseError` for a file changed after it was applied and for a newer database.
    """
    migrations = find_migrations(folder)
    async with database.connection() as connection:
        await connection.execute(_QUERIES["lock"].sql)
        try:
            return await _catch_up(connection, migrations)
        finally:
            if not connection.closed:
                await connection.execute(_QUERIES["unlock"].sql)


async def _catch_up(connection: AsyncConnection[Any], migrations: Sequence[Migration]) -> list[int]:
    with _explained("The table of migrations cannot be made"):
        await connection.execute(_QUERIES["create_history"].sql)
    done = await (await connection.execute(_QUERIES["history"].sql)).fetchall()
    _compare(migrations, done)
    new = migrations[len(done) :]
    for migration in new:
        with _explained(f"Migration {migration} failed and nothing of it was applied"):
            await _at_work(connection, migration)
    return [migration.version for migration in new]


@contextmanager
def _explained(problem: str) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"{problem}: {error.diag.message_primary}. Sojourn's user must own its database: "
            "ALTER DATABASE name OWNER TO user"
        ) from error
    except psycopg.errors.LockNotAvailable as error:
        raise DatabaseError(
            f"{problem}: somebody holds its tables all the time, such as a backup. Workers go on; "
            "start this again once that is over"
        ) from error
    except psycopg.DatabaseError as error:
        if error.sqlstate is None:
            raise
        raise DatabaseError(f"{problem}: {error.diag.message_primary}") from error


def find_migrations(folder: Path) -> list[Migration]:
    """Read the folder: numbered from 0001 without gaps, or `DatabaseError`."""
    migrations = []
    for number, file in enumerate(sorted(folder.glob("*.sql")), start=1):
        match = _NAME.fullmatch(file.name)
        if not match or int(match[1]) != number:
            raise DatabaseError(
                f"{file.name} should be {number:04}_<name>.sql: migrations are numbered from 0001 "
                "without gaps, in small letters, digits and _"
            )
        sql = file.read_text(encoding="utf-8")
        migrations.append(Migration(number, match[2], sql))
    return migrations


def _compare(migrations: Sequence[Migration], done: Sequence[tuple[int, str, str]]) -> None:
    if len(done) > len(migrations):
        raise DatabaseError(
            f"The database has migration {done[-1][0]:04}_{done[-1][1]}, which this Sojourn does "
            "not know: a newer version has used it. Upgrade this one."
        )
    for migration, (version, name, digest) in zip(migrations, done, strict=False):
        if (migration.version, migration.digest) != (version, digest):
            raise DatabaseError(
                f"Migration {version:04}_{name} was changed after it had been applied. "
                "Restore the file, and put the change into a new migration."
            )


async def _at_work(connection: AsyncConnection[Any], migration: Migration) -> None:
    """Apply a migration while workers are at work; where it stands in their way it begins again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _apply(connection, migration)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
            if attempt == ATTEMPTS:
                raise
            await asyncio.sleep(random.uniform(0, PAUSE))  # noqa: S311 - only jitter
    raise AssertionError("unreachable")


async def _apply(connection: AsyncConnection[Any], migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(_QUERIES["give_way"].sql)
        # Without parameters several statements may stand in one call.
        await connection.execute(migration.sql.encode())
        row = (migration.version, migration.name, migration.digest)
        await connection.execute(_QUERIES["record"].sql, row)
