"""The journal: appending chained events, and reading them for people and for the audit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sojourn.core.decision import Decision
from sojourn.core.journal import GENESIS, Entry, Event, append
from sojourn.store import queries
from sojourn.store.sets import Connection, Row, Statement, batch, fetch

_QUERIES = queries.load("journal")


def chained(decision: Decision) -> list[Entry]:
    """Return a decision's events chained to the journey's journal."""
    before = decision.before
    prev = before.hash or GENESIS
    return append(decision.state.journey_id, before.seq, prev, decision.events)


def head(decision: Decision, entries: Sequence[Entry]) -> Row:
    """Return the journal columns of the state row: newest number, hash and transition."""
    last = entries[-1] if entries else None
    moves = [e.seq for e in entries if e.event.transition]
    return {
        "seq": last.seq if last else decision.before.seq,
        "hash": (last.hash if last else decision.before.hash).hex(),
        "stage_seq": moves[-1] if moves else decision.before.version,
    }


def writes(entries: Iterable[Entry], decision: Decision, path_id: int) -> Iterator[Row]:
    """Return the rows of chained events; each transition names the one before it."""
    before = decision.before.version or None
    for entry in entries:
        event = entry.event
        left, name, entered = event.transition or (None, None, None)
        yield {
            "journey_id": entry.journey_id,
            "seq": entry.seq,
            "type": event.type,
            "at": event.at,
            "actor": event.actor,
            "reason": event.reason,
            "cause": event.cause,
            "data": event.data,
            "path_id": path_id,
            "from_stage": (left or "none") if name else None,
            "event": name,
            "to_stage": entered,
            "prev_stage_seq": before if name else None,
            "prev_hash": entry.prev_hash.hex(),
            "hash": entry.hash.hex(),
        }
        before = entry.seq if name else before


def statement(rows: Iterable[Mapping[str, Any]]) -> list[Statement]:
    """Return the statement that appends events."""
    return batch(_QUERIES["append"], rows)


async def of_journey(
    connection: Connection,
    journey_id: UUID,
    after: int = 0,
    limit: int = 1000,
    type: str | None = None,  # noqa: A002
) -> list[Row]:
    """Return a journey's events after a number, in order."""
    params = {"journey_id": journey_id, "after": after, "limit": limit, "type": type}
    return await fetch(connection, _QUERIES["of_journey"], **params)


async def newest(
    connection: Connection,
    after: int = 0,
    limit: int = 100,
    type: str | None = None,  # noqa: A002
    *,
    tail: bool = False,
) -> list[Row]:
    """Return events of all journeys after an id, oldest first; ``tail`` takes the newest."""
    params = {"after": after, "limit": limit, "type": type, "tail": tail}
    return await fetch(connection, _QUERIES["newest"], **params)


async def chains(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Entry]]:
    """Return the whole journals of some journeys."""
    rows = await fetch(connection, _QUERIES["chains"], ids=list(ids))
    return {k: [_entry(r) for r in group] for k, group in groupby(rows, lambda r: r["journey_id"])}


async def journeys_after(connection: Connection, after: UUID, limit: int) -> list[Row]:
    """Return the next journeys in order of id."""
    return await fetch(connection, _QUERIES["to_verify"], after=after, limit=limit)


def _entry(row: Row) -> Entry:
    left = None if row["from_stage"] == "none" else row["from_stage"]
    transition = (left, row["event"], row["to_stage"]) if row["event"] else None
    event = Event(
        row["type"],
        row["at"],
        row["actor"],
        row["reason"],
        row["cause"],
        row["data"],
        transition,
    )
    return Entry(row["journey_id"], row["seq"], event, bytes(row["prev_hash"]), bytes(row["hash"]))
