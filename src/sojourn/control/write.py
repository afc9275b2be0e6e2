"""Evaluating and writing decisions: always sets, always one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sojourn.core.decision import Decision
from sojourn.core.gates import faced, readings
from sojourn.core.rollback import stages_left
from sojourn.core.snapshot import Snapshot
from sojourn.core.work import undo_order
from sojourn.store import alerts, gates, journal, journeys, measurements, rollback, work
from sojourn.store.paths import PathShelf
from sojourn.store.sets import Connection, Row, Statement, send

Shots = dict[UUID, Snapshot]


async def observed(connection: Connection, shots: Shots, now: datetime) -> Shots:
    """Return the snapshots with everything observed that a decision on them looks at."""
    wanted = [
        reading
        for shot in shots.values()
        for reading in readings(faced(shot.path, shot.state), shot.state, now)
    ]
    seen = await measurements.observe(connection, wanted) if wanted else {}
    return journeys.with_observations(shots, seen)


async def decided(
    connection: Connection, shots: Shots, choose: Callable[[Snapshot], Decision]
) -> list[Decision]:
    """Decide on journeys; on those that are rolled back once more, with what there is to undo."""
    first = {key: choose(shot) for key, shot in shots.items()}
    again = await with_undoable(connection, shots, rolling_back(first.values()))
    return [choose(again[key]) if key in again else d for key, d in first.items()]


async def with_undoable(
    connection: Connection, shots: Shots, stages: Mapping[UUID, Sequence[str]]
) -> Shots:
    """Return the snapshots with the completed work that a rollback would take back."""
    done = await work.undoable(connection, stages.items()) if stages else {}
    return {
        key: replace(shots[key], undoable=tuple(undo_order(done.get(key, ())))) for key in stages
    }


def rolling_back(decisions: Iterable[Decision]) -> dict[UUID, Sequence[str]]:
    """Return the stages that are being left by the rollbacks which the decisions begin."""
    return {
        d.state.journey_id: stages_left(d.before.path, begun.from_stage, begun.target)
        for d in decisions
        if d.rollback and (begun := d.rollback.begun)
    }


async def write(
    connection: Connection, decisions: Sequence[Decision], shelf: PathShelf, now: datetime
) -> None:
    """Write decisions with all their consequences, in one round trip."""
    heads: dict[UUID, Row] = {}
    events: list[Row] = []
    for decision in decisions:
        path_id = shelf.id_of(decision.before.path)
        entries = journal.chained(decision)
        head = journal.head(decision, entries)
        heads[decision.state.journey_id] = head | {"path_id": path_id}
        events += journal.writes(entries, decision, path_id)
    statements: list[Statement] = [
        *journeys.writes(decisions, heads),
        *journal.statement(events),
        # Before the new visit's units are there, which may be of the same stage.
        *work.mark_undone(_undone(decisions)),
        *work.writes(decisions, now),
        *gates.writes(decisions, now),
        *rollback.writes(decisions, now),
        *alerts.writes(decisions, now),
    ]
    await send(connection, statements)


def _undone(decisions: Iterable[Decision]) -> list[tuple[UUID, Sequence[str]]]:
    found: list[tuple[UUID, Sequence[str]]] = []
    for decision in decisions:
        open_ = decision.before.rollback
        if open_ and decision.rollback and decision.rollback.status == "completed":
            left = stages_left(decision.before.path, open_.from_stage, open_.target)
            found.append((decision.state.journey_id, left))
    return found
