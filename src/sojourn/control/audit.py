"""The audit: proves each journal's chain, and that replaying it gives the state row."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from sojourn.control.door import Door
from sojourn.core.journal import Entry, Event, plain
from sojourn.core.journal import verify as verify_chain
from sojourn.core.journeys import JourneyState, begin_hold, end_hold, start_journey
from sojourn.core.stages import IllegalTransition, Table, TransitionEvent
from sojourn.store import audit
from sojourn.store.audit import Audited
from sojourn.store.journal import journeys_after

BATCH: Final = 200
COMPARED: Final = (
    "client_id",
    "current_stage",
    "previous_stage",
    "target_stage",
    "completed_stages",
    "visit",
    "started_at",
    "stage_started_at",
    "admitted_at",
    "ended_at",
    "hold",
    "holds",
    "wave",
    "rollout_percent",
    "rollbacks",
)
"""What the journal alone determines of a state row."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What the audit found of one journey; no faults means that all is proved."""

    journey_id: UUID
    journey_key: str
    client_id: str
    events: int
    faults: tuple[str, ...]


@dataclass(slots=True)
class Replay:
    """What a journal says when it is told again from its beginning."""

    state: JourneyState | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


async def verify(door: Door, journey_id: UUID | None = None) -> AsyncIterator[list[Verified]]:
    """Yield what the audit finds, batch by batch: of one journey, or of all in order of id."""
    async for batch in read(door, journey_id):
        yield [_verified(door, found) for found in batch]


async def read(door: Door, journey_id: UUID | None = None) -> AsyncIterator[list[Audited]]:
    """Yield journeys with their journals, batch by batch; each batch is of one moment."""
    async for ids in _ids(door, journey_id):
        found = await audit.read(door.db, door.shelf, ids)
        yield [found[key] for key in ids if key in found]


async def _ids(door: Door, journey_id: UUID | None) -> AsyncIterator[list[UUID]]:
    if journey_id is not None:
        yield [journey_id]
        return
    after = UUID(int=0)
    while True:
        async with door.db.connection() as connection:
            rows = await journeys_after(connection, after, BATCH)
        if not rows:
            return
        after = rows[-1]["journey_id"]
        yield [row["journey_id"] for row in rows]


def _verified(door: Door, found: Audited) -> Verified:
    state = found.shot.state
    tables = {seq: door.shelf[path_id].table for seq, path_id in found.paths.items()}
    told = replay(found.entries, tables)
    faults = [*verify_chain(found.entries), *_head(found), *told.faults]
    # A broken journal replays to nonsense; its own faults say enough.
    faults += [] if faults else _differences(found, told)
    count = len(found.entries)
    return Verified(state.journey_id, state.journey_key, state.client_id, count, tuple(faults))


def _head(found: Audited) -> Iterator[str]:
    last = found.entries[-1] if found.entries else None
    count = last.seq if last else 0
    if count != found.shot.seq:
        yield f"the row says {found.shot.seq} events, the journal has {count}"
    elif last and last.hash != found.shot.hash:
        yield "the row's hash is not that of the last event"


def replay(entries: Iterable[Entry], tables: Mapping[int, Table]) -> Replay:
    """Tell a journal again; ``tables`` are the transition tables by the number of each move."""
    told = Replay()
    for entry in entries:
        try:
            _tell(told, entry, tables)
        except (IllegalTransition, ValueError, KeyError) as error:
            told.faults.append(f"event {entry.seq}: {error}")
            break
    return told


def _tell(told: Replay, entry: Entry, tables: Mapping[int, Table]) -> None:
    event = entry.event
    if event.transition:
        told.state = _moved(told.state, entry, tables[entry.seq])
    elif event.type == "fact.recorded":
        told.facts[event.data["name"]] = event.data["value"]
    elif told.state is None:
        raise ValueError(f"{event.type} before the journey's start")
    else:
        told.state = _changed(told.state, event)


def _moved(state: JourneyState | None, entry: Entry, table: Table) -> JourneyState:
    event = entry.event
    left, name, entered = event.transition or (None, "", "")
    if state is None:
        client = event.data.get("client", "")
        moved = start_journey(client, event.at, table, journey_id=entry.journey_id)
    elif left != state.current_stage:
        raise ValueError(f"leaves {left}, but the journey was in {state.current_stage}")
    else:
        moved = state.transition(name, event.at, table, event.data.get("target"))
    if moved.current_stage != entered:
        raise ValueError(f"{name} leads to {moved.current_stage}, not to {entered}")
    if name == TransitionEvent.COMPLETE_ROLLBACK:
        moved = replace(moved, rollout_percent=0)
    return moved


def _changed(state: JourneyState, event: Event) -> JourneyState:
    match event.type:
        case "journey.held":
            return begin_hold(state, event.reason, event.actor, event.at)
        case "journey.resumed":
            return end_hold(state, event.at)
        case "stage.admitted":
            return replace(state, admitted_at=event.at)
        case "rollout.wave_started":
            return replace(state, wave=event.data["wave"])
        case "rollout.reached":
            return replace(state, rollout_percent=event.data["percent"])
    return state


def _differences(found: Audited, told: Replay) -> Iterator[str]:
    state = found.shot.state
    if told.state is None:
        yield "the journal does not begin with a start"
        return
    for name in COMPARED:
        row, journal = getattr(state, name), getattr(told.state, name)
        if row != journal:
            yield f"the row says {name} is {row}, the journal says {journal}"
    facts = {name: plain(fact.value) for name, fact in found.shot.facts.items()}
    for name in sorted(facts.keys() | told.facts.keys()):
        if facts.get(name) != plain(told.facts.get(name)):
            yield f"fact {name} is {facts.get(name)!r}, the journal says {told.facts.get(name)!r}"


def document(found: Audited, entry: Entry) -> dict[str, Any]:
    """Return an event as it is exported: with all that its hash is made of."""
    left, name, entered = entry.event.transition or (None, None, None)
    return {
        "journey_id": str(entry.journey_id),
        "journey_key": found.shot.state.journey_key,
        "client_id": found.shot.state.client_id,
        "seq": entry.seq,
        "type": entry.event.type,
        "at": entry.event.at,
        "actor": entry.event.actor,
        "reason": entry.event.reason,
        "cause": entry.event.cause,
        "data": entry.event.data,
        "transition": [left, name, entered],
        "prev_hash": entry.prev_hash.hex(),
        "hash": entry.hash.hex(),
    }
