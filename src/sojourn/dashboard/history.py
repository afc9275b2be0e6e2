"""A journey's past: gate attempts, rulings, rollbacks; and its journal with the chain's proof."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sojourn.control.audit import verify
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.subject import Subject, subject_of
from sojourn.dashboard.telling import number
from sojourn.store import dashboard as store
from sojourn.store import gates, rollback, rulings
from sojourn.store.sets import Row

PER_PAGE = 100
PROVED_AT_ONCE = 3000
"""Journals up to this long are proved whenever they are looked at."""


async def history(asked: Asked) -> Response:
    """Show what became of a journey so far."""
    subject = await subject_of(asked)
    key = subject.row["journey_id"]
    async with asked.door.db.connection() as connection:
        attempts = await gates.results(connection, key)
        given = await rulings.of_journey(connection, key)
        rollbacks = await rollback.history(connection, key)
    return await subject.page(
        "history", attempts=attempts[::-1], given=given, rollbacks=rollbacks[::-1]
    )


async def events(asked: Asked) -> Response:
    """Show a journey's journal, newest first, and whether its chain holds."""
    subject = await subject_of(asked)
    key = subject.row["journey_id"]
    kind, actor, before = asked.given("type"), asked.given("actor"), asked.given("before", 18)
    first = int(before) if before.isascii() and before.isdecimal() else 2**62
    async with asked.door.db.connection() as connection:
        rows = await store.events(connection, key, PER_PAGE + 1, first, kind or None, actor or None)
        types = await store.event_types(connection, key)
    older = _older(subject, kind, actor, rows[PER_PAGE - 1]["seq"]) if rows[PER_PAGE:] else ""
    return await subject.page(
        "events",
        events=[row | {"told": sentence(row)} for row in rows[:PER_PAGE]],
        types=types,
        kind=kind,
        actor=actor,
        older=older,
        proof=await proof(subject),
    )


def _older(subject: Subject, kind: str, actor: str, seq: int) -> str:
    given = {"type": kind, "actor": actor, "before": seq}
    return f"{subject.href}/events?{urlencode({k: v for k, v in given.items() if v})}"


async def proof(subject: Subject) -> Row | None:
    """Return what the audit says of the journal; None for a long one that nobody asked to prove."""
    asked = subject.asked
    if subject.row["seq"] > PROVED_AT_ONCE and asked.given("verify") != "yes":
        return None
    async for batch in verify(asked.door, subject.row["journey_id"]):
        for found in batch:
            return {"events": found.events, "faults": found.faults}
    return None


def sentence(row: Row) -> str:
    """Return an event in a line: a transition's way, and the plain facts of any other."""
    if row["event"]:
        left = "" if row["from_stage"] == "none" else f"{row['from_stage']} → "
        return f"{left}{row['to_stage']} ({row['event']})"
    return ", ".join(f"{name} {value(found)}" for name, found in row["data"].items() if found)


def value(found: Any) -> str:
    """Return what stands in an event, short."""
    if isinstance(found, list | tuple):
        return " ".join(map(str, found))[:120]
    text = number(found) if isinstance(found, int | float) else str(found)
    return text[:16] + "…" if len(text) == 64 and text.isalnum() else text[:160]
