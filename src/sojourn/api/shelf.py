"""Finding the path that a name means: own files, built-in ones, and what the database has."""

from pathlib import Path as FilePath

from sojourn.api.problems import ProblemError
from sojourn.control.door import Door
from sojourn.core.paths import Path
from sojourn.core.work import hint
from sojourn.paths import builtin, load_file
from sojourn.store.paths import list_paths


def files(folder: FilePath | None) -> dict[str, FilePath]:
    """Return the path files by name: the own ones before the built-in ones."""
    own = {f.stem: f for f in sorted(folder.glob("*.y*ml")) if f.is_file()} if folder else {}
    return builtin() | own


async def path_named(door: Door, folder: FilePath | None, name: str) -> Path:
    """Return the path of a name, or of ``name@version``.

    A bare name means the file of that name, else the newest version in the database, as on the
    command line. Refuses a name that nothing has.
    """
    plain, at, version = name.partition("@")
    if at:
        return await _stored(door, folder, plain, _number(name, version))
    if file := files(folder).get(name):
        return load_file(file)
    return await _stored(door, folder, name, None)


def _number(name: str, version: str) -> int:
    if version.isascii() and version.isdecimal() and 0 < int(version[:12]) < 2**31:
        return int(version[:12])
    raise ProblemError(422, f"{name}: {version!r} is no version", remedy="name@2")


async def _stored(door: Door, folder: FilePath | None, name: str, version: int | None) -> Path:
    async with door.db.connection() as connection:
        found = await door.shelf.newest(connection, name, version)
        if found:
            return found
        rows = await list_paths(connection)
    versions = [row["version"] for row in rows if row["name"] == name]
    if version and versions:
        there = ", ".join(map(str, versions))
        raise ProblemError(422, f"{name} has no version {version}; it has {there}")
    known = {row["name"] for row in rows} | files(folder).keys()
    raise ProblemError(422, f"there is no path {name!r}{hint(name, known)}")
