import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from sojourn.control import RefusedError, start
from sojourn.control.door import Door
from sojourn.control.start import Beginning, new_id, start_many
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import START, dump, rows, still_door

PATH = load("name: p\nstages: [{ name: sandbox, exit: { criteria: [{ fact: done }] } }]\n")
OTHER = load("name: q\nstages: [{ name: sandbox, exit: { criteria: [{ fact: done }] } }]\n")


async def refused(door: Door, client: str, **given: Any) -> RefusedError:
    """Return the refusal of a start, which has written nothing."""
    before = await dump(door.db)
    with pytest.raises(RefusedError) as caught:
        await start(door, PATH, client, given.pop("actor", "ann"), **given)
    assert await dump(door.db) == before
    return caught.value


async def test_a_journey_starts_with_what_is_known_of_its_client(door: Door) -> None:
    decision = await start(
        door,
        PATH,
        "medtronic",
        "ann",
        metadata={"size": "large"},
        facts={"region": "eu"},
        owner="eve",
    )
    state = decision.state
    assert (state.current_stage, state.owner, state.metadata) == (
        "sandbox",
        "eve",
        {"size": "large"},
    )
    [row] = await rows(
        door.db,
        "SELECT journey_key, owner, metadata, seq FROM journey_states WHERE journey_id = %s",
        state.journey_id,
    )
    assert row == ("journey-medtronic-2026", "eve", {"size": "large"}, 3)
    events = await rows(
        door.db,
        "SELECT type, actor FROM journey_events WHERE journey_id = %s ORDER BY seq",
        state.journey_id,
    )
    assert events[:2] == [("transition", "ann"), ("fact.recorded", "ann")]


async def test_a_client_has_one_active_journey_on_a_path(door: Door) -> None:
    await start(door, PATH, "once", "ann")
    error = await refused(door, "once")
    assert (error.refusal.code, error.refusal.message) == (
        "conflict",
        "once has an active journey on path p already",
    )
    await start(door, OTHER, "once", "ann")
    keys = await rows(
        door.db, "SELECT journey_key FROM journey_states WHERE client_id = 'once' ORDER BY 1"
    )
    assert keys == [("journey-once-2026",), ("journey-once-2026-2",)]


async def test_a_key_that_is_taken(door: Door) -> None:
    await start(door, PATH, "keyed", "ann", journey_key="the-one")
    error = await refused(door, "late", journey_key="the-one")
    assert (error.refusal.code, error.refusal.message) == (
        "conflict",
        "the journey key the-one is taken",
    )
    assert "--key" in error.refusal.remedy


@pytest.mark.parametrize(
    ("client", "given"),
    [
        ("", {}),
        (" acme", {}),
        ("ac\nme", {}),
        ("a/b", {}),
        ("x" * 101, {}),
        ("\x00", {}),
        ("\u202e", {}),
        ("ok", {"journey_key": "a/b"}),
        ("ok", {"actor": "\x00"}),
        ("ok", {"owner": "\x00"}),
        ("ok", {"metadata": {"a": float("inf")}}),
        ("ok", {"metadata": {"a": {"b": b"x"}}}),
        ("ok", {"facts": {"a": "\ud800"}}),
        ("ok", {"facts": {"a b": 1}}),
        ("ok", {"facts": {"a": ["y"] * 400_000}}),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_a_remedy(
    door: Door, client: str, given: dict[str, Any]
) -> None:
    error = await refused(door, client, **given)
    assert error.refusal.code == "invalid"
    assert error.refusal.remedy


async def test_a_dry_run_decides_the_same_and_writes_nothing(db: Database) -> None:
    door = still_door(db)
    before = await dump(db)
    shown = await start(door, PATH, "acme", "ann", dry_run=True)
    assert await dump(db) == before
    done = await start(door, PATH, "acme", "ann")
    assert [(e.type, e.data) for e in done.events] == [(e.type, e.data) for e in shown.events]
    assert await rows(db, "SELECT name, version FROM paths") == [("p", 1)]
    with pytest.raises(RefusedError, match="has an active journey"):
        await start(door, PATH, "acme", "ann", dry_run=True)


async def test_a_refused_start_leaves_no_path_behind_that_later_ones_rely_on(
    db: Database,
) -> None:
    door = still_door(db)
    await start(door, PATH, "acme", "ann", journey_key="k")
    with pytest.raises(RefusedError):
        await start(door, OTHER, "other", "ann", journey_key="k")
    await start(door, OTHER, "other", "ann")
    assert await rows(db, "SELECT name FROM paths ORDER BY 1") == [("p",), ("q",)]


async def test_many_start_together_or_not_at_all(door: Door) -> None:
    many = [Beginning(f"many-{n}") for n in range(5)]
    done = await start_many(door, PATH, many, "ann")
    assert len({d.state.journey_id for d in done}) == 5
    before = await dump(door.db)
    with pytest.raises(RefusedError, match="many-3 has an active journey"):
        await start_many(door, PATH, [Beginning("fresh"), Beginning("many-3")], "ann")
    with pytest.raises(RefusedError, match="is no name"):
        await start_many(door, PATH, [Beginning("fresh"), Beginning("")], "ann")
    assert await dump(door.db) == before


async def test_of_many_starts_at_once_one_wins(door: Door) -> None:
    tries = [start(door, PATH, "raced", "ann") for _ in range(6)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(d, RefusedError) for d in done) == 5
    count = await rows(door.db, "SELECT count(*) FROM journey_states WHERE client_id = 'raced'")
    assert count == [(1,)]


async def test_starts_at_once_on_different_paths_get_keys_of_their_own(door: Door) -> None:
    text = "name: p{}\nstages: [{{ name: sandbox, exit: {{ criteria: [{{ fact: done }}] }} }}]\n"
    tries = [start(door, load(text.format(n)), "wide", "ann") for n in range(3)]
    done = await asyncio.gather(*tries)
    assert {d.state.journey_key for d in done} == {
        "journey-wide-2026",
        "journey-wide-2026-2",
        "journey-wide-2026-3",
    }


async def test_the_same_path_from_two_processes_is_one_version(db: Database) -> None:
    doors = [still_door(db) for _ in range(4)]
    await asyncio.gather(*(start(d, PATH, f"client-{n}", "ann") for n, d in enumerate(doors)))
    assert await rows(db, "SELECT name, version FROM paths") == [("p", 1)]


def test_ids_are_in_order_of_time_and_unique() -> None:
    one, two = new_id(START), new_id(START)
    assert (one.version, one.variant) == (7, UUID(int=one.int).variant)
    assert one != two
    assert new_id(datetime(2025, 1, 1, tzinfo=UTC)) < one < new_id(datetime(2027, 1, 1, tzinfo=UTC))
