"""Reading for the pages: lists, counts and thinned-out series, always in sets."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sojourn.store import queries
from sojourn.store.sets import Connection, Row, batch, fetch, one, send

_QUERIES = queries.load("dashboard")
FILTERS: Final = (
    "stage", "ball", "schedule", "path", "owner", "client", "held", "active", "failing", "search",
    "set", "visited", "rolled_from", "trigger", "first_failed", "version",
)  # fmt: skip
"""What the list of journeys can be narrowed by; ``set`` names the rows behind a figure."""
SORTS: Final = ("urgency", "client", "newest", "stage")
SETS: Final = (
    "reached", "decided", "rolled_back", "pilot_rolled_back", "first_pass_failed", "attempted",
    "helped",
)  # fmt: skip


async def journeys(
    connection: Connection, limit: int, offset: int = 0, sort: str = "urgency", **filters: Any
) -> list[Row]:
    """Return a page of journeys whole, each with ``total``; see FILTERS and SORTS."""
    params = dict.fromkeys(FILTERS) | filters
    query = _QUERIES["journeys"]
    return await fetch(connection, query, limit=limit, offset=offset, sort=sort, **params)


_KINDS: Final = {0b0111: "stage", 0b1011: "ball", 0b1101: "schedule", 0b1110: "path"}
"""What a row of the crowd counts, by which of the four columns it was not grouped by."""


async def crowd(connection: Connection, client: str | None = None) -> dict[str, dict[str, int]]:
    """Return counts of active journeys: kind -> name -> count; ``all`` counts ended ones too."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in (*_KINDS.values(), "held", "all")}
    for row in await fetch(connection, _QUERIES["crowd"], client=client):
        if row["every"] is not None:
            found["all"][""] = row["every"]
        elif kind := _KINDS.get(row["kind"]):
            found[kind][row[kind]] = row["count"]
        else:
            found["held"][""] = row["held"]
    return found


async def running_paths(connection: Connection) -> list[int]:
    """Return the ids of path versions that journeys run on."""
    return [row["path_id"] for row in await fetch(connection, _QUERIES["running_paths"])]


async def approvals_waiting(
    connection: Connection, names: Mapping[int, Iterable[str]], limit: int
) -> list[Row]:
    """Return what waits for an approval; ``names`` are each path version's approvals."""
    asked = [{"path_id": key, "names": list(value)} for key, value in names.items() if value]
    found = await send(connection, batch(_QUERIES["approvals_waiting"], asked, limit=limit))
    return found[0] if found else []


async def troubles(connection: Connection, limit: int) -> list[Row]:
    """Return the tasks that need a person, questions first, then the longest waiting."""
    return await fetch(connection, _QUERIES["troubles"], limit=limit)


async def agent_news(connection: Connection) -> dict[str, Row]:
    """Return when each agent was last seen and what it last failed with."""
    rows = await fetch(connection, _QUERIES["agent_news"])
    return {row["agent_id"]: row for row in rows}


async def moves(connection: Connection, journey_id: UUID) -> list[Row]:
    """Return a journey's transitions, oldest first."""
    return await fetch(connection, _QUERIES["moves"], journey_id=journey_id)


async def events(
    connection: Connection,
    journey_id: UUID,
    limit: int,
    before: int = 2**62,
    kind: str | None = None,
    actor: str | None = None,
) -> list[Row]:
    """Return a journey's events before a number, newest first."""
    params = {"before": before, "type": kind, "actor": actor, "limit": limit}
    return await fetch(connection, _QUERIES["events"], journey_id=journey_id, **params)


async def event_types(connection: Connection, journey_id: UUID) -> dict[str, int]:
    """Return how many events of each type a journey has."""
    rows = await fetch(connection, _QUERIES["event_types"], journey_id=journey_id)
    return {row["type"]: row["count"] for row in rows}


async def series(
    connection: Connection,
    journey_id: UUID,
    since: datetime,
    until: datetime,
    points: int,
    metrics: Iterable[str] | None = None,
) -> dict[str, list[Row]]:
    """Return each metric's values, thinned out to so many points at most, oldest first."""
    rows = await fetch(
        connection,
        _QUERIES["series"],
        journey_id=journey_id,
        since=since,
        until=until,
        points=points,
        metrics=list(metrics) if metrics is not None else None,
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["metric"], []).append(row)
    return found


async def metric_errors(connection: Connection, journey_id: UUID) -> dict[str, Row]:
    """Return the last error of each metric's source."""
    rows = await fetch(connection, _QUERIES["metric_errors"], journey_id=journey_id)
    return {row["metric"]: row for row in rows}


async def triggers(connection: Connection) -> list[Row]:
    """Return rollbacks by trigger and by the stage left."""
    return await fetch(connection, _QUERIES["triggers"])


async def first_passes(connection: Connection, limit: int) -> list[Row]:
    """Return how often each check held at its gate's first attempt, the worst first."""
    return await fetch(connection, _QUERIES["first_passes"], limit=limit)


async def arcs(connection: Connection) -> list[Row]:
    """Return how often journeys were rolled back from each stage to each."""
    return await fetch(connection, _QUERIES["arcs"])


async def deliveries(
    connection: Connection,
    limit: int,
    subscription_id: UUID | None = None,
    status: str | None = None,
) -> list[Row]:
    """Return deliveries of all webhooks, or of one, the newest first."""
    given = {"subscription_id": subscription_id, "status": status, "limit": limit}
    return await fetch(connection, _QUERIES["deliveries"], **given)


async def agent_tasks(
    connection: Connection, agent_id: str, limit: int, status: str | None = None
) -> list[Row]:
    """Return an agent's tasks, the newest first."""
    given = {"agent_id": agent_id, "status": status, "limit": limit}
    return await fetch(connection, _QUERIES["agent_tasks"], **given)


async def badges(connection: Connection) -> Row:
    """Return counts of open alerts."""
    return await one(connection, _QUERIES["badges"]) or {}


async def whole(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Row]:
    """Return some journeys' rows by id."""
    rows = await fetch(connection, _QUERIES["whole"], ids=list(ids))
    return {row["journey_id"]: row for row in rows}


async def latest_mean(connection: Connection, metric: str) -> tuple[int, float | None]:
    """Return of how many journeys a metric is known, and the mean of their newest values."""
    row = await one(connection, _QUERIES["latest_means"], metric=metric)
    return (row["n"], row["mean"]) if row else (0, None)
