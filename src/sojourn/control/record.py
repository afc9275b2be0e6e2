"""Recording metrics and facts: one or many, all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sojourn.control.check import check_said
from sojourn.control.door import Door
from sojourn.control.lines import Line, Sorted, Target, bad, sort, target
from sojourn.control.write import decided, observed, write
from sojourn.core.commands import RecordFacts
from sojourn.core.decide import decide
from sojourn.core.decision import Decision
from sojourn.core.snapshot import Fact, Snapshot
from sojourn.store import journeys, measurements
from sojourn.store.sets import Connection
from sojourn.store.transactions import dry, in_transaction

__all__ = ["Line", "Recorded", "record_lines"]

CHUNK: Final = 5_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of recording: measurements that are new, what was known, and facts that are new."""

    measurements: int
    known: int
    facts: int
    notes: tuple[str, ...] = ()


async def record_lines(
    door: Door, lines: Sequence[Line], actor: str, *, dry_run: bool = False
) -> Recorded:
    """Record lines for clients' journeys, the active one of each, else the newest.

    What is known already stays as it is: a measurement of the same journey, metric, time and
    source, and a fact that was said later. Raises :class:`RefusedError` for the first bad line.
    """
    check_said({"actor": actor})

    async def work(connection: Connection) -> Recorded:
        targets = await _targets(connection, door, lines)
        found = sort(lines, targets, door.now(), actor)
        rows = list(found.rows.values())
        fresh = 0
        for begin in range(0, len(rows), CHUNK):
            fresh += await measurements.insert(connection, rows[begin : begin + CHUNK])
        news = await _record_facts(connection, door, found, actor)
        return Recorded(fresh, len(lines) - fresh - news, news, tuple(found.notes))

    return await (dry if dry_run else in_transaction)(door.db, work)


async def _targets(
    connection: Connection, door: Door, lines: Sequence[Line]
) -> Mapping[str, Target]:
    names = {line.client for line in lines}
    check_said({f"client {name[:40]!r}": name for name in names})
    rows = await journeys.resolve(connection, names)
    await door.shelf.load(connection, (row["path_id"] for row in rows))
    found = {r["name"]: r for r in rows}
    for line in lines:
        row = found.get(line.client)
        if row is None:
            told = f"no journey of client {line.client!r}"
            raise bad(line, told, f"sojourn start {line.client}")
        if row["active"] > 1:
            told = f"{line.client} has {row['active']} active journeys"
            raise bad(line, told, "name the journey by its key")
    return {name: target(r["journey_id"], door.shelf[r["path_id"]]) for name, r in found.items()}


async def _record_facts(connection: Connection, door: Door, found: Sorted, actor: str) -> int:
    """Decide on the journeys that have news; return how many facts that were."""
    if not found.facts:
        return 0
    now = door.now()
    shots = await journeys.load(connection, found.facts, door.shelf, lock=True)
    news = {key: _news(shot, found.facts[key], found.now) for key, shot in shots.items()}
    shots = await observed(connection, {k: s for k, s in shots.items() if news[k]}, now)

    def choose(shot: Snapshot) -> Decision:
        told = RecordFacts(actor=actor, facts=news[shot.state.journey_id])
        return decide(shot, now, told)

    await write(connection, await decided(connection, shots, choose), door.shelf, now)
    await journeys.send_wake(connection, list(shots))
    return sum(map(len, news.values()))


def _news(shot: Snapshot, facts: Mapping[str, Fact], now: datetime) -> dict[str, Fact]:
    """Return the facts that are said as of now, or of a time of which nothing is known yet."""
    return {n: f for n, f in facts.items() if f.at >= now or _later(f, shot.facts.get(n))}


def _later(fact: Fact, known: Fact | None) -> bool:
    if known is None or known.at < fact.at:
        return True
    return known.at == fact.at and known.value != fact.value
