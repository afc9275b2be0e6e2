"""Tasks of other agents that ask us over A2A; how one stands follows from the journey it waits for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, execute, fetch, one

_QUERIES = queries.load("a2a_tasks")
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A task as it is written; ``artifacts`` are those that are new.

    With ``until_stage`` it stands as working until its journey has reached that stage, with
    ``lasts`` until so much real time has passed.
    """

    task_id: UUID
    owner: str
    context_id: str
    skill: str
    state: str
    said: str
    request: Document
    messages: list[Document]
    artifacts: list[Document] = field(default_factory=list)
    journey_id: UUID | None = None
    until_stage: str | None = None
    lasts: timedelta | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """Return it as parameters of a statement."""
        names = ("task_id", "owner", "context_id", "skill", "state", "said", "journey_id")
        same = {name: getattr(self, name) for name in (*names, "until_stage", "lasts")}
        documents = ("request", "messages", "artifacts")
        return same | {name: Jsonb(getattr(self, name)) for name in documents}


async def add(connection: Connection, kept: Kept) -> None:
    """Keep a task; one of the same id that is there already stays as it is."""
    await execute(connection, _QUERIES["add"], **kept.columns)


async def go_on(connection: Connection, kept: Kept, version: int) -> bool:
    """Write what a further message made of a task; False where another message came before it."""
    row = await one(connection, _QUERIES["go_on"], version=version, **kept.columns)
    return row is not None


async def cancel(connection: Connection, owner: str, task_id: UUID, said: str) -> bool:
    """End a task; False where it has ended, or there is none."""
    given = {"owner": owner, "task_id": task_id, "said": said}
    return await one(connection, _QUERIES["cancel"], **given) is not None


async def find(connection: Connection, owner: str, task_id: UUID) -> Row | None:
    """Return an owner's task; how it stands is ``stands``, since ``stands_since``."""
    return await one(connection, _QUERIES["find"], owner=owner, task_id=task_id)


async def list_tasks(
    connection: Connection,
    owner: str,
    limit: int,
    *,
    context_id: str | None = None,
    state: str | None = None,
    since: datetime | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> list[Row]:
    """Return an owner's tasks, the ones that changed last first, each with the ``total``."""
    place = {"after": after[0] if after else None, "after_id": after[1] if after else None}
    given = {"owner": owner, "context_id": context_id, "state": state, "since": since}
    return await fetch(connection, _QUERIES["list"], limit=limit, **given, **place)


async def purge(connection: Connection, older: timedelta) -> None:
    """Forget tasks that ended so long ago."""
    await execute(connection, _QUERIES["purge"], older=older)
