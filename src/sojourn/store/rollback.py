"""The rollback history as rows."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from sojourn.core.decision import Decision
from sojourn.store import queries
from sojourn.store.sets import Connection, Row, Statement, batch, fetch

_QUERIES = queries.load("rollback")


def writes(decisions: Iterable[Decision], now: datetime) -> list[Statement]:
    """Return the statements that open and change lines of the history."""
    every = list(decisions)
    return [
        *batch(_QUERIES["begin"], _begun(every)),
        *batch(_QUERIES["change"], _changed(every, now)),
    ]


def _begun(decisions: Iterable[Decision]) -> Iterator[Row]:
    for decision in decisions:
        begun = decision.rollback.begun if decision.rollback else None
        if begun:
            yield {
                "journey_id": decision.state.journey_id,
                "rollback_id": begun.rollback_id,
                "from_stage": begun.from_stage,
                "target_stage": begun.target,
                "trigger_type": begun.trigger,
                "reason": begun.reason,
                "cause": decision.rollback.cause if decision.rollback else "",
                "actor": decision.rollback.actor if decision.rollback else "",
                "started_at": begun.started_at,
                "deadline_at": begun.deadline_at,
            }


def _changed(decisions: Iterable[Decision], now: datetime) -> Iterator[Row]:
    for decision in decisions:
        change = decision.rollback
        if change and change.begun is None:
            yield {
                "journey_id": decision.state.journey_id,
                "rollback_id": change.rollback_id,
                "status": change.status,
                "checks": change.result.checks if change.result else None,
                "completed": change.completed,
                "deadline_at": change.deadline_at,
                "at": now,
            }


async def history(connection: Connection, journey_id: UUID) -> list[Row]:
    """Return a journey's rollbacks, oldest first."""
    return await fetch(connection, _QUERIES["history"], journey_id=journey_id)
