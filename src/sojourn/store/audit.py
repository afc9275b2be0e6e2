"""Reading for the audit: journals and state rows as of one moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sojourn.core.journal import Entry
from sojourn.core.snapshot import Snapshot
from sojourn.store import journal, journeys, queries
from sojourn.store.paths import PathShelf
from sojourn.store.postgres import Database
from sojourn.store.sets import execute, fetch

_QUERIES = queries.load("audit")


@dataclass(frozen=True, slots=True)
class Audited:
    """A journey's row and its whole journal; ``paths`` are the path ids of its transitions."""

    shot: Snapshot
    entries: tuple[Entry, ...]
    paths: dict[int, int]


async def read(db: Database, shelf: PathShelf, ids: Iterable[UUID]) -> dict[UUID, Audited]:
    """Return journeys with their journals, all as of one moment; paths go on the shelf."""
    wanted = list(ids)
    async with db.transaction() as connection:
        await execute(connection, _QUERIES["steady"])
        shots = await journeys.load(connection, wanted, shelf)
        chains = await journal.chains(connection, wanted)
        moves = await fetch(connection, _QUERIES["moves"], ids=wanted)
        await shelf.load(connection, {row["path_id"] for row in moves})
    paths: dict[UUID, dict[int, int]] = {key: {} for key in shots}
    for row in moves:
        paths[row["journey_id"]][row["seq"]] = row["path_id"]
    return {k: Audited(shot, tuple(chains.get(k, ())), paths[k]) for k, shot in shots.items()}
