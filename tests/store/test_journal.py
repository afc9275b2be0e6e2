from dataclasses import replace
from datetime import timedelta, timezone
from uuid import UUID

import pytest

from sojourn.control import change, start
from sojourn.control.door import Door
from sojourn.core.commands import HoldJourney, RecordFacts, Resume
from sojourn.core.journal import GENESIS, verify
from sojourn.paths import load
from sojourn.store.journal import chained, chains, head, journeys_after, newest, of_journey
from sojourn.store.postgres import Database
from tests.doors import START, rows, set_time, still_door

PATH = load("name: p\nstages: [{ name: sandbox, exit: { criteria: [{ fact: done }] } }]\n")


@pytest.fixture
def door(shared: Database) -> Door:
    return still_door(shared)


async def begin(door: Door, client: str) -> UUID:
    return (await start(door, PATH, client, "ann")).state.journey_id


async def test_what_was_written_verifies_when_it_is_read(door: Door) -> None:
    """Floats, big numbers, times, texts of any language: the canonical spelling is one."""
    journey = await begin(door, "odd")
    odd = [0.1 + 0.2, 1e22, 1e-7, -0.0, 5e-324, 1.0, 2**63, -(2**63), 1.7976931348623157e308]
    facts = {
        "numbers": odd,
        "texts": ["", "ü", "\u2028", "日本", '"\\', "\x7f", "\U0001f600"],
        "nested": {"b": {"a": [], "": None}, "a": True},
    }
    set_time(door, (START + timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=5))))
    await change(door, journey, RecordFacts(actor="ann", facts=facts, source="ü"))
    async with door.db.connection() as connection:
        entries = (await chains(connection, [journey]))[journey]
    assert verify(entries) == []
    assert entries[0].prev_hash == GENESIS


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'x'",
        "actor = 'x'",
        "at = at + interval '1 microsecond'",
        "data = '{\"a\": 1}'",
        "cause = 'x'",
        "type = 'x'",
        "hash = decode(repeat('00', 32), 'hex')",
        "prev_hash = decode(repeat('00', 32), 'hex')",
        "seq = 99",
    ],
)
async def test_tampering_past_the_triggers_is_found(door: Door, change: str) -> None:
    journey = await begin(door, f"tampered-{change}"[:90].replace("/", "-"))
    async with door.db.transaction() as connection:
        await connection.execute(b"SET LOCAL session_replication_role = replica")
        query = f"UPDATE journey_events SET {change} WHERE journey_id = %s AND seq = 2"
        await connection.execute(query.encode(), (journey,))
    async with door.db.connection() as connection:
        entries = (await chains(connection, [journey]))[journey]
    assert verify(entries)


async def test_events_are_read_in_order_after_a_number_and_by_type(door: Door) -> None:
    journey = await begin(door, "read")
    await change(door, journey, HoldJourney(actor="ann", reason="x"))
    await change(door, journey, Resume(actor="ann"))
    async with door.db.connection() as connection:
        every = await of_journey(connection, journey)
        assert [e["seq"] for e in every] == list(range(1, len(every) + 1))
        assert [e["seq"] for e in await of_journey(connection, journey, 2)] == list(
            range(3, len(every) + 1)
        )
        assert len(await of_journey(connection, journey, 0, 2)) == 2
        [held] = await of_journey(connection, journey, type="journey.held")
        assert held["reason"] == "x"


async def test_the_newest_of_all_journeys(door: Door) -> None:
    one, two = await begin(door, "n1"), await begin(door, "n2")
    async with door.db.connection() as connection:
        tail = await newest(connection, limit=2, tail=True)
        assert [e["journey_id"] for e in tail] == [two, two]
        assert tail[0]["event_id"] < tail[1]["event_id"]
        after = tail[0]["event_id"] - 1
        assert [e["event_id"] for e in await newest(connection, after)] == [
            e["event_id"] for e in tail
        ]
        starts = await newest(connection, type="transition", limit=2, tail=True)
    assert [(e["journey_id"], e["client_id"]) for e in starts] == [(one, "n1"), (two, "n2")]


async def test_journeys_come_in_portions_for_the_audit(db: Database) -> None:
    door = still_door(db)
    ids = {await begin(door, f"c{n}") for n in range(5)}
    seen: list[UUID] = []
    async with db.connection() as connection:
        while portion := await journeys_after(connection, max(seen, default=UUID(int=0)), 2):
            seen += [row["journey_id"] for row in portion]
        assert set(await chains(connection, [])) == set()
    assert seen == sorted(ids)


async def test_the_head_is_the_newest_event_and_the_newest_transition(door: Door) -> None:
    decision = await start(door, PATH, "head", "ann")
    entries = chained(decision)
    assert head(decision, entries) == {
        "seq": len(entries),
        "hash": entries[-1].hash.hex(),
        "stage_seq": 1,
    }
    [row] = await rows(
        door.db,
        "SELECT seq, hash, stage_seq FROM journey_states WHERE journey_id = %s",
        decision.state.journey_id,
    )
    assert row == (len(entries), entries[-1].hash, 1)
    later = replace(decision, events=(), before=replace(decision.before, seq=7, version=3))
    assert head(later, [])["stage_seq"] == 3
