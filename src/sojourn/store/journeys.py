"""Journeys: loading snapshots and writing the state rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sojourn.core.criteria import Observation
from sojourn.core.decision import Decision
from sojourn.core.journeys import Hold, Interval, JourneyState, Soak
from sojourn.core.snapshot import (
    Answer,
    Fact,
    GateMemory,
    OpenRollback,
    Ruling,
    Snapshot,
    Trip,
)
from sojourn.store import queries
from sojourn.store.paths import PathShelf
from sojourn.store.sets import Connection, Row, Statement, batch, fetch, one, send
from sojourn.store.work import PROGRESS, progress

_QUERIES = queries.load("journeys")
Found = Mapping[UUID, list[tuple[str, Mapping[str, Any]]]]
"""Facts that tasks found, by journey: (agent, facts)."""


async def due(
    connection: Connection, now: datetime, limit: int, resting: Collection[UUID] = ()
) -> Found:
    """Lock up to ``limit`` journeys that are to be looked at; take what their tasks found.

    Those ``resting`` are passed over unless their own time has come.
    """
    found: dict[UUID, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for row in await fetch(
        connection, _QUERIES["due"], now=now, limit=limit, resting=list(resting)
    ):
        facts = found[row["journey_id"]]
        if row["facts"]:
            facts.append((row["source"], row["facts"]))
    return found


async def load(
    connection: Connection, ids: Iterable[UUID], shelf: PathShelf, *, lock: bool = False
) -> dict[UUID, Snapshot]:
    """Load snapshots, without observations, in one round trip; unknown ids are left out."""
    wanted = {"ids": list(ids)}
    names = ("states", "rulings", "open_rollbacks", "open_alerts", "facts")
    statements: list[Statement] = [(_QUERIES["lock"], wanted)] if lock else []
    statements += [(_QUERIES[name], wanted) for name in names]
    statements.append((PROGRESS, wanted))
    rows = (await send(connection, statements))[lock:]
    await shelf.load(connection, (row["path_id"] for row in rows[0]))
    return _snapshots(rows, shelf)


def _snapshots(rows: Sequence[Sequence[Row]], shelf: PathShelf) -> dict[UUID, Snapshot]:
    states, rulings, rollbacks, alerts, facts, units = rows
    by = [_grouped(part) for part in (rulings, rollbacks, alerts, facts, units)]
    return {row["journey_id"]: _snapshot(row, shelf, *by) for row in states}


def _grouped(rows: Sequence[Row]) -> dict[UUID, list[Row]]:
    groups: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["journey_id"]].append(row)
    return groups


def _snapshot(
    row: Row,
    shelf: PathShelf,
    rulings: Mapping[UUID, list[Row]],
    rollbacks: Mapping[UUID, list[Row]],
    alerts: Mapping[UUID, list[Row]],
    facts: Mapping[UUID, list[Row]],
    units: Mapping[UUID, list[Row]],
) -> Snapshot:
    key = row["journey_id"]
    return Snapshot(
        state=state(row),
        path=shelf[row["path_id"]],
        units=tuple(progress(u) for u in units.get(key, ())),
        facts={f["name"]: _fact(f) for f in facts.get(key, ())},
        rulings=tuple(_ruling(r) for r in rulings.get(key, ())),
        gate=_gate(row["gate"]) if row["gate"] else None,
        trips={name: _trip(t) for name, t in row["trips"].items()},
        rollback=next((_rollback(r) for r in rollbacks.get(key, ())), None),
        alerts=frozenset((a["kind"], a["subject"]) for a in alerts.get(key, ())),
        asked={
            a["subject"]: a["raised_at"] for a in alerts.get(key, ()) if a["kind"] == "approval"
        },
        seq=row["seq"],
        hash=bytes(row["hash"]),
        version=row["stage_seq"],
    )


def state(row: Row) -> JourneyState:
    """Return a journey's row as its state."""
    same = {name: row[name] for name in _SAME}
    return JourneyState(
        **same,
        completed_stages=tuple(row["completed_stages"]),
        hold=_hold(row),
        holds=tuple(_interval(*span) for span in row["holds"]),
        soak=_soak(row["soak"]),
    )


_SAME = (
    "client_id",
    "current_stage",
    "previous_stage",
    "started_at",
    "stage_started_at",
    "metadata",
    "journey_id",
    "journey_key",
    "visit",
    "admitted_at",
    "target_stage",
    "wave",
    "rollout_percent",
    "rollbacks",
    "requested_by",
    "owner",
    "ended_at",
)
"""Columns that are fields by the same name."""


def _hold(row: Row) -> Hold | None:
    if row["held_since"] is None:
        return None
    return Hold(row["held_since"], row["hold_reason"] or "", row["held_by"])


def _interval(since: str, until: str) -> Interval:
    return Interval(datetime.fromisoformat(since), datetime.fromisoformat(until))


def _soak(document: Mapping[str, Any] | None) -> Soak | None:
    if document is None:
        return None
    at = datetime.fromisoformat(document["at"])
    return Soak(document["key"], timedelta(seconds=document["healthy"]), at, document["good"])


def _fact(row: Row) -> Fact:
    return Fact(row["value"], row["at"], row["source"], row["actor"])


def _ruling(row: Row) -> Ruling:
    rest = {k: v for k, v in row.items() if k not in ("journey_id", "answer", "roles")}
    return Ruling(**rest, answer=Answer(row["answer"]), roles=tuple(row["roles"]))


def _gate(document: Mapping[str, Any]) -> GateMemory:
    lists = {k: tuple(v) for k, v in document.items() if isinstance(v, list)}
    return GateMemory(**{**document, **lists})


def _trip(document: Mapping[str, str | None]) -> Trip:
    return Trip(**{k: datetime.fromisoformat(v) if v else None for k, v in document.items()})


def _rollback(row: Row) -> OpenRollback:
    return OpenRollback(
        row["rollback_id"],
        row["from_stage"],
        row["target_stage"],
        row["trigger_type"],
        row["reason"],
        row["started_at"],
        row["deadline_at"],
    )


def with_observations(
    shots: Mapping[UUID, Snapshot], seen: Mapping[UUID, Mapping[str, Observation]]
) -> dict[UUID, Snapshot]:
    """Return the snapshots with what was observed for their criteria."""
    return {**shots, **{key: replace(shots[key], seen=mine) for key, mine in seen.items()}}


def writes(decisions: Iterable[Decision], rows: Mapping[UUID, Row]) -> list[Statement]:
    """Return the statements that write state rows; ``rows`` are each journey's other columns."""
    new: list[Row] = []
    old: list[Row] = []
    for decision in decisions:
        key = decision.state.journey_id
        row = _row(decision) | rows[key]
        (new if decision.before.seq == 0 else old).append(row)
    return batch(_QUERIES["insert"], new) + batch(_QUERIES["update"], old)


def _row(decision: Decision) -> Row:
    state, view = decision.state, decision.view
    hold = state.hold
    return {name: getattr(state, name) for name in _SAME} | {
        "path_name": decision.before.path.name,
        "completed_stages": list(state.completed_stages),
        "held_since": hold.since if hold else None,
        "hold_reason": hold.reason if hold else None,
        "held_by": hold.actor if hold else None,
        "holds": [[h.since, h.until] for h in state.holds],
        "soak": _soak_document(state.soak),
        "trips": {name: _trip_document(t) for name, t in decision.trips.items()},
        "gate": view.gate,
        "ball_with": view.ball,
        "waiting_for": view.waiting_for[:500],
        "schedule": view.schedule,
        "possible_at": view.possible_at,
        "due_at": decision.due_at,
    }


def _soak_document(soak: Soak | None) -> Row | None:
    if soak is None:
        return None
    healthy = soak.healthy.total_seconds()
    return {"key": soak.key, "healthy": healthy, "at": soak.at, "good": soak.good}


def _trip_document(trip: Trip) -> Row:
    return {"since": trip.since, "acted_at": trip.acted_at, "evidence_at": trip.evidence_at}


async def find(connection: Connection, name: str) -> list[Row]:
    """Return journeys of a client, or the one of a key or id; active first, newest first."""
    return await fetch(connection, _QUERIES["find"], name=name, id=_uuid(name))


async def client_names(connection: Connection) -> list[str]:
    """Return clients' names, for a hint."""
    return [row["client_id"] for row in await fetch(connection, _QUERIES["similar"])]


FILTERS = ("stage", "ball", "schedule", "path", "owner", "held", "active", "search", "after")
"""What a list of journeys can be narrowed by."""


async def list_journeys(connection: Connection, limit: int, **filters: Any) -> list[Row]:
    """Return journeys in order of key; see FILTERS."""
    params = dict.fromkeys(FILTERS) | filters
    return await fetch(connection, _QUERIES["list"], limit=limit, **params)


async def count_by_stage(connection: Connection) -> dict[str, int]:
    """Return how many journeys are in each stage."""
    rows = await fetch(connection, _QUERIES["count_by_stage"])
    return {row["current_stage"]: row["count"] for row in rows}


async def on_path(connection: Connection, name: str, version: int | None, limit: int) -> list[UUID]:
    """Return the running journeys of a path, or of one version of it."""
    query = _QUERIES["on_path"]
    rows = await fetch(connection, query, name=name, version=version, limit=limit)
    return [row["journey_id"] for row in rows]


async def next_due(connection: Connection, resting: Collection[UUID] = ()) -> Row | None:
    """Return when the conductor has to look at a journey next, but for those ``resting``."""
    return await one(connection, _QUERIES["next_due"], resting=list(resting))


def postpone(ids: Sequence[UUID], found: Found, until: datetime) -> list[Statement]:
    """Return the statements that leave journeys alone until a time, and keep what was found."""
    parked = [
        {"journey_id": key, "facts": facts, "source": agent}
        for key in ids
        for agent, facts in found.get(key, ())
    ]
    if not ids:
        return []
    return [
        (_QUERIES["postpone"], {"ids": list(ids), "until": until}),
        *batch(_QUERIES["park"], parked),
    ]


async def send_wake(connection: Connection, ids: Sequence[UUID]) -> None:
    """Ask the conductor to look at journeys."""
    await send(connection, [(_QUERIES["wake"], {"ids": ids})])


async def resolve(connection: Connection, names: Iterable[str]) -> list[Row]:
    """Return the journey and path that each name means: a client, a journey's key or id."""
    listed = list(names)
    ids = [_uuid(name) for name in listed]
    return await fetch(connection, _QUERIES["resolve"], names=listed, ids=ids)


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


async def taken_keys(connection: Connection, clients: Sequence[str]) -> set[str]:
    """Return the journey keys that clients have used."""
    rows = await fetch(connection, _QUERIES["taken_keys"], clients=list(clients))
    return {row["journey_key"] for row in rows}
