"""Limits of agents in the database, where all workers meet; they are held by the claim."""

from collections.abc import Iterable
from datetime import datetime

from sojourn.core.limits import Limits
from sojourn.store import queries
from sojourn.store.sets import Connection, Row, batch, fetch, send

_QUERIES = queries.load("limits")


async def sync(connection: Connection, limits: Iterable[Limits]) -> None:
    """Write the limits of agents; those of agents not named stay as they are."""
    rows = [_row(one) for one in limits]
    await send(
        connection, [*batch(_QUERIES["forget_starts"], rows), *batch(_QUERIES["sync"], rows)]
    )


def _row(limits: Limits) -> Row:
    most, width = limits.window or (None, None)
    return {
        "agent_id": limits.agent_id,
        "max_concurrency": limits.max_concurrency,
        "window_most": most,
        "window_s": width.total_seconds() if width else None,
        "breaker_failures": limits.breaker.failures,
        "breaker_pause": str(limits.breaker.pause),
        "breaker_longest": str(limits.breaker.longest),
    }


async def lock(connection: Connection, now: datetime) -> list[str]:
    """Take hold of the agents for which tasks wait, as far as no other claim has them.

    Until the transaction ends nobody else hands out their places.
    """
    return [row["agent_id"] for row in await fetch(connection, _QUERIES["lock"], now=now)]


async def states(connection: Connection, now: datetime) -> list[Row]:
    """Return each agent's limits, its breaker (closed, open, half_open), places and waiting tasks."""
    return await fetch(connection, _QUERIES["states"], now=now)
