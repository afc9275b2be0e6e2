"""Finding a path by what people call it: a file, a name, or a version in the database."""

from pathlib import Path as FilePath

from sojourn.app import App
from sojourn.cli.failures import absent, bad
from sojourn.core.paths import Path
from sojourn.core.work import hint
from sojourn.paths import builtin, load_file
from sojourn.settings import Settings
from sojourn.store.paths import list_paths


def own_files(settings: Settings) -> dict[str, FilePath]:
    """Return the path files of the user's directory, by file name without its ending."""
    if settings.paths is None:
        return {}
    if not settings.paths.is_dir():
        raise bad(f"SOJOURN_PATHS: there is no directory {settings.paths}")
    return {f.stem: f for f in sorted(settings.paths.glob("*.y*ml")) if f.is_file()}


def file_of(settings: Settings, name: str) -> FilePath | None:
    """Return the file that a name or file name means, the user's own before a built-in one."""
    if _is_file_name(name):
        return FilePath(name)
    return (builtin() | own_files(settings)).get(name)


def _is_file_name(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) or "/" in name


async def find(app: App, name: str) -> Path:
    """Return a path: of a file, of a known name, or ``NAME@VERSION`` from the database.

    A name means the file in SOJOURN_PATHS, else the built-in path, else the newest version in
    the database. Raises PathError for a file that is not sound.
    """
    plain, at, version = name.partition("@")
    if at and not _is_file_name(name):
        return await _stored(app, plain, _number(name, version))
    if file := file_of(app.settings, name):
        return load_file(file)
    return await _stored(app, name, None)


def _number(name: str, version: str) -> int:
    if version.isdecimal() and 0 < int(version) < 2**31:
        return int(version)
    raise bad(f"{name}: {version!r} is no version", "NAME@2 is version 2 of NAME")


async def _stored(app: App, name: str, version: int | None) -> Path:
    async with app.door.db.connection() as connection:
        found = await app.door.shelf.newest(connection, name, version)
        if found:
            return found
        rows = await list_paths(connection)
    if version and (versions := [r["version"] for r in rows if r["name"] == name]):
        raise absent(f"{name} has no version {version}; it has {', '.join(map(str, versions))}")
    known = {r["name"] for r in rows} | builtin().keys() | own_files(app.settings).keys()
    raise absent(f"there is no path {name!r}{hint(name, known)}", "sojourn path list")
