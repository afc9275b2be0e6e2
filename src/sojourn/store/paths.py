"""Path versions: the same content is the same version for ever."""

from collections.abc import Iterable
from dataclasses import replace

from psycopg.types.json import Jsonb

from sojourn.core.paths import Path
from sojourn.core.stages import rows as table_rows
from sojourn.paths import from_document, to_document
from sojourn.store import queries
from sojourn.store.sets import Connection, Row, execute, fetch, one

_QUERIES = queries.load("paths")


class PathShelf:
    """Paths by their id; a version never changes, so what was read once is kept."""

    def __init__(self) -> None:
        self._by_id: dict[int, Path] = {}
        self._ids: dict[tuple[str, str], int] = {}

    def fork(self) -> "PathShelf":
        """Return a copy for one transaction: what it adds is forgotten with it."""
        copy = PathShelf()
        copy._by_id.update(self._by_id)
        copy._ids.update(self._ids)
        return copy

    async def register(self, connection: Connection, path: Path) -> Path:
        """Return the path with its version; new content becomes the next version of its name."""
        if (path.name, path.digest) not in self._ids:
            row = await _known(connection, path) or await self._add(connection, path)
            self._keep(row["path_id"], replace(path, version=row["version"]))
        return self._by_id[self._ids[path.name, path.digest]]

    async def _add(self, connection: Connection, path: Path) -> Row:
        async with connection.transaction():
            await execute(connection, _QUERIES["lock"], name=path.name)
            return await _known(connection, path) or await _insert(connection, path)

    async def load(self, connection: Connection, ids: Iterable[int]) -> None:
        """Read the versions that are not on the shelf yet."""
        missing = [i for i in set(ids) if i not in self._by_id]
        if missing:
            for row in await fetch(connection, _QUERIES["by_id"], ids=missing):
                self._keep(row["path_id"], _path(row))

    async def newest(
        self, connection: Connection, name: str, version: int | None = None
    ) -> Path | None:
        """Return a version of a path, the newest where none is named; None if there is none."""
        row = await one(connection, _QUERIES["by_version"], name=name, version=version)
        if row is None:
            return None
        self._keep(row["path_id"], _path(row))
        return self._by_id[row["path_id"]]

    def __getitem__(self, path_id: int) -> Path:
        return self._by_id[path_id]

    def id_of(self, path: Path) -> int:
        """Return the id of a path that is on the shelf."""
        return self._ids[path.name, path.digest]

    def _keep(self, path_id: int, path: Path) -> None:
        self._by_id[path_id] = path
        self._ids[path.name, path.digest] = path_id


async def list_paths(connection: Connection) -> list[Row]:
    """Return every version with its digest, age and how many journeys are on it."""
    return await fetch(connection, _QUERIES["list"])


def _path(row: Row) -> Path:
    return replace(from_document(row["document"]), version=row["version"], digest=row["digest"])


async def _known(connection: Connection, path: Path) -> Row | None:
    return await one(connection, _QUERIES["known"], name=path.name, digest=path.digest)


async def _insert(connection: Connection, path: Path) -> Row:
    document = Jsonb(to_document(path))
    row = await one(
        connection, _QUERIES["add"], name=path.name, digest=path.digest, document=document
    )
    if row is None:
        raise LookupError(path.name)
    table = [{"from": a or "none", "event": e, "to": b} for a, e, b in table_rows(path.table)]
    transitions = _QUERIES["add_transitions"]
    await execute(connection, transitions, path_id=row["path_id"], rows=Jsonb(table))
    return row
