"""Backups: the whole database of one moment in one file, and back; whole or not at all.

PostgreSQL's own programs do it: those of the embedded wheel, or else those of the system.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sojourn.store import queries
from sojourn.store.errors import DatabaseError
from sojourn.store.postgres import Database
from sojourn.store.programs import find_tool, last_words
from sojourn.store.sets import Connection, execute, one

_QUERIES = queries.load("backup")
BEGIN: Final = b"BEGIN;\n"
COMMIT: Final = b"\nCOMMIT;\n"
OURS: Final = " TABLE public journey_states "
"""What a list of the contents has that is of Sojourn."""
PRIVATE: Final = 0o600
"""A backup holds secrets: of webhooks and callbacks."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a database holds: journeys, their events, and workers that are at work on it."""

    journeys: int = 0
    events: int = 0
    workers: int = 0


async def held(db: Database) -> Held:
    """Return what a database holds; nothing where it has no tables of Sojourn."""
    async with db.connection() as connection:
        return await _held(connection)


async def _held(connection: Connection) -> Held:
    known = await one(connection, _QUERIES["known"])
    if not known or not known["known"]:
        return Held()
    row = await one(connection, _QUERIES["holds"])
    return Held(**row) if row else Held()


async def back_up(db: Database, file: Path) -> Held:
    """Write the database as it is at this moment into a new file; return what it holds.

    Work goes on meanwhile. Raises DatabaseError; no file is left then.
    """
    async with db.transaction() as connection:
        await execute(connection, _QUERIES["steady"])
        row = await one(connection, _QUERIES["snapshot"])
        found = await _held(connection)
        moment = str(row["snapshot"]) if row else ""
        await asyncio.to_thread(_dump, db.dsn, file, moment)
    return found


def _dump(dsn: str, file: Path, moment: str) -> None:
    target, env = _target(dsn)
    words = ["--format=custom", f"--snapshot={moment}", "--no-owner", "--no-privileges"]
    with _arriving(file) as partial:
        _run([find_tool("pg_dump"), *words, f"--file={partial}", f"--dbname={target}"], env)
        if OURS not in _run([find_tool("pg_restore"), "--list", str(partial)], env):
            raise DatabaseError("the database has no tables of Sojourn yet; nothing to back up")


async def restore(db: Database, file: Path) -> None:
    """Put a backup in the place of all that the database holds, in one transaction.

    Raises DatabaseError; the database is then as it was.
    """
    await asyncio.to_thread(_restore, db.dsn, file)


def _restore(dsn: str, file: Path) -> None:
    target, env = _target(dsn)
    _check(file, env)
    reader = [find_tool("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    quiet = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    writer = [find_tool("psql"), *quiet, f"--dbname={target}"]
    with tempfile.TemporaryFile() as said:
        try:
            _pipe(reader, writer, env, said)
        except (OSError, subprocess.CalledProcessError) as error:
            said.seek(0)
            words = last_words(said.read().decode(errors="replace")) or str(error)
            told = f"{file} could not be restored, and nothing was changed: {words}"
            raise DatabaseError(told) from error


def _check(file: Path, env: Mapping[str, str]) -> None:
    """Refuse a file that is no backup, or one of something else, before anything is touched."""
    try:
        contents = _run([find_tool("pg_restore"), "--list", str(file)], env)
    except DatabaseError as error:
        told = f"{file} could not be restored, and nothing was changed: {error}"
        raise DatabaseError(told) from error
    if OURS not in contents:
        raise DatabaseError(f"{file} is no backup of Sojourn: it has none of its tables")


def _pipe(reader: list[str], writer: list[str], env: Mapping[str, str], said: IO[bytes]) -> None:
    """Let one program read the file and the other write; what was not read whole is not kept."""
    options: dict[str, Any] = {"stderr": said, "env": env}
    with (
        subprocess.Popen(reader, stdout=subprocess.PIPE, **options) as source,  # noqa: S603
        subprocess.Popen(  # noqa: S603
            writer, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **options
        ) as target,
    ):
        if source.stdout is None or target.stdin is None:
            raise OSError("no pipe")
        target.stdin.write(BEGIN + _QUERIES["wipe"].sql.encode() + b";\n")
        shutil.copyfileobj(source.stdout, target.stdin)
        if source.wait() == 0:
            target.stdin.write(COMMIT)
        target.stdin.close()
        for program in (source, target):
            if program.wait():
                raise subprocess.CalledProcessError(program.returncode, program.args)


def _run(command: list[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env=env
    )
    if done.returncode:
        raise DatabaseError(f"{Path(command[0]).name} failed: {last_words(done.stderr)}")
    return done.stdout


def _target(dsn: str) -> tuple[str, dict[str, str]]:
    """Return where the programs connect to, and their environment: it alone has the password."""
    given = conninfo_to_dict(dsn)
    given.pop("options", None)
    password = given.pop("password", None)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    env = {**clean, "PGAPPNAME": "sojourn-backup", "LC_ALL": "C"}
    return make_conninfo("", **given), env | ({"PGPASSWORD": str(password)} if password else {})


@contextmanager
def _arriving(file: Path) -> Iterator[Path]:
    """Yield a place beside the file, which becomes the file when all went well."""
    if file.exists():
        raise DatabaseError(f"{file} is there already; name a file that is not")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise DatabaseError(f"{file} cannot be written: {error.strerror}") from error
    os.close(handle)
    partial = Path(name)
    try:
        partial.chmod(PRIVATE)
        yield partial
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
