"""Gate attempts, rulings and facts as rows."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sojourn.core.decision import Decision
from sojourn.store import queries
from sojourn.store.sets import Connection, Row, Statement, batch, fetch

_QUERIES = queries.load("gates")


def writes(decisions: Iterable[Decision], now: datetime) -> list[Statement]:
    """Return the statements that keep decisions' gate attempts, rulings and facts."""
    every = list(decisions)
    return [
        *batch(_QUERIES["insert_results"], _results(every, now)),
        *batch(_QUERIES["insert_rulings"], _rulings(every)),
        *batch(_QUERIES["upsert_facts"], _facts(every)),
    ]


def _results(decisions: Iterable[Decision], now: datetime) -> Iterator[Row]:
    for decision in decisions:
        for record in decision.gates:
            yield {
                "journey_id": decision.state.journey_id,
                "gate": record.place,
                "kind": record.kind,
                "visit": record.visit,
                "attempt": record.attempt,
                "passed": record.result.passed,
                "verdict": record.result.verdict,
                "summary": record.result.summary,
                "checks": record.result.checks,
                "actor": record.actor,
                "evaluated_at": now,
            }


def _rulings(decisions: Iterable[Decision]) -> Iterator[Row]:
    for decision in decisions:
        for ruling in decision.rulings:
            yield {"journey_id": decision.state.journey_id, **asdict(ruling)}


def _facts(decisions: Iterable[Decision]) -> Iterator[Row]:
    for decision in decisions:
        for name, fact in decision.facts.items():
            yield {
                "journey_id": decision.state.journey_id,
                "name": name,
                "value": fact.value,
                "at": fact.at,
                "source": fact.source,
                "actor": fact.actor,
            }


async def results(connection: Connection, journey_id: UUID, limit: int = 1000) -> list[Row]:
    """Return a journey's gate attempts with their checks, oldest first."""
    return await fetch(connection, _QUERIES["results"], journey_id=journey_id, limit=limit)
