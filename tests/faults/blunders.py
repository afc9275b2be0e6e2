"""What a careless product would do, for tests of the oracle: each takes one safeguard away.

They are made in the worker's process, or the API's, by exchanging named statements; the product has no switch.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from sojourn.core.decision import Decision
from sojourn.store import work
from sojourn.store.postgres import Database
from sojourn.store.sets import Connection
from sojourn.store.transactions import in_transaction

WITHOUT = "SOJOURN_TEST_WITHOUT"


def commit(blunder: str) -> None:
    """Take a safeguard away; without a name, none."""
    if blunder:
        BLUNDERS[blunder]()


def _exchange(name: str, *pairs: tuple[str, str]) -> None:
    query = work._QUERIES[name]
    text = query.sql
    for old, new in pairs:
        assert old in text, f"{name} has changed; it has no {old!r}"
        text = text.replace(old, new)
    work._QUERIES = {**work._QUERIES, name: replace(query, sql=text)}


def _no_fence() -> None:
    """An outcome counts whoever brings it, and however late."""
    fence = "AND t.fence = x.fence AND t.status = 'running'"
    owner = "AND t.owner IS NOT DISTINCT FROM x.worker"
    _exchange("settle", (fence, ""), (owner, ""))


def _no_lock() -> None:
    """Two workers look at the same due tasks, and both take them."""
    lock = " FOR NO KEY UPDATE SKIP LOCKED"
    _exchange("claim", (f"LIMIT %(limit)s{lock}", "LIMIT %(limit)s"))


def _outbox_outside() -> None:
    """Deliveries are written once the events are committed, by a transaction of their own."""
    written: list[tuple[str, int]] = []
    tick: Any = import_module("sojourn.control.tick")  # its package exports a function of the name
    write = tick.write

    async def noted(connection: Any, decisions: Sequence[Decision], shelf: Any, now: Any) -> None:
        await write(connection, decisions, shelf, now)
        for decision in decisions:
            first = decision.before.seq + 1
            key = str(decision.state.journey_id)
            written.extend((key, first + n) for n in range(len(decision.events)))

    async def later(db: Database, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        written.clear()
        done = await in_transaction(db, work)
        async with db.connection() as connection, connection.cursor() as cursor:
            await cursor.executemany(OUTBOX, list(written))
        return done

    tick.write = noted
    tick.in_transaction = later


def _no_keys() -> None:
    """A request is carried out as often as it is made, whatever key it bears."""
    once: Any = import_module("sojourn.api.once").Once

    async def through(self: Any, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    once.__call__ = through


def _callbacks_again() -> None:
    """What an agent calls back with counts as often as it calls."""
    queries: Any = import_module("sojourn.store.callbacks")
    query = queries._QUERIES["put"]
    text = query.sql
    unless = "AND (f.can_be_asked OR t.called_back IS NULL OR t.called_back->>'status' = 'working')"
    assert unless in text, "put has changed"
    new = replace(query, sql=text.replace(unless, ""))
    queries._QUERIES = {**queries._QUERIES, "put": new}


OUTSIDE = "options='-c sojourn.outside=yes'"
"""What workers with an outbox of their own add to their connection string."""
NO_TRIGGER = """
DROP TRIGGER enqueue_deliveries ON journey_events;
CREATE TRIGGER enqueue_deliveries AFTER INSERT ON journey_events REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT WHEN (current_setting('sojourn.outside', true) IS DISTINCT FROM 'yes')
    EXECUTE FUNCTION enqueue_deliveries()
"""
OUTBOX = """
INSERT INTO deliveries (subscription_id, journey_id, seq, type, due_at)
SELECT s.subscription_id, e.journey_id, e.seq, e.type, now()
FROM journey_events e, subscriptions s WHERE e.journey_id = %s AND e.seq = %s
"""
BLUNDERS: dict[str, Callable[[], None]] = {
    "fence": _no_fence,
    "lock": _no_lock,
    "outbox": _outbox_outside,
    "keys": _no_keys,
    "callbacks": _callbacks_again,
}
