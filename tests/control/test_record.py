from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sojourn.control import Line, RefusedError, change, record_lines, start, tick
from sojourn.control.door import Door
from sojourn.core.commands import Cancel, HoldJourney
from sojourn.paths import load
from sojourn.paths.loader import builtin, load_file
from sojourn.store.postgres import Database
from tests.doors import START, dump, later, rows, still_door

TEXT = """
name: p
stages:
  - name: sandbox
    exit: { criteria: [{ fact: signed }, { metric: quality, is: ">= 0.8" }] }
  - name: pilot
    exit: { criteria: [{ fact: done }] }
"""
PATH, OTHER = load(TEXT), load(TEXT.replace("name: p\n", "name: q\n"))


async def begin(door: Door, client: str) -> UUID:
    journey = (await start(door, PATH, client, "ann")).state.journey_id
    while await tick(door):
        pass
    return journey


async def known(door: Door, journey: UUID) -> dict[str, tuple[Any, datetime, str, str]]:
    query = "SELECT name, value, at, source, actor FROM facts WHERE journey_id = %s"
    return {n: tuple(rest) for n, *rest in await rows(door.db, query, journey)}


async def test_metrics_and_facts_are_recorded_and_move_the_journey(door: Door) -> None:
    journey = await begin(door, "acme")
    done = await record_lines(
        door, [Line("acme", "quality", 0.9), Line("acme", "signed", True)], "ann"
    )
    assert (done.measurements, done.known, done.facts, done.notes) == (1, 0, 1, ())
    while await tick(door):
        pass
    [(stage,)] = await rows(
        door.db, "SELECT current_stage FROM journey_states WHERE journey_id = %s", journey
    )
    assert stage == "pilot"


@pytest.mark.parametrize("name", ["key", "id", "upper"])
async def test_a_journey_is_named_by_client_key_or_id(door: Door, name: str) -> None:
    journey = await begin(door, f"by-{name}")
    names = {"key": f"journey-by-{name}-2026", "id": str(journey), "upper": str(journey).upper()}
    await record_lines(door, [Line(names[name], "signed", True)], "ann")
    assert set(await known(door, journey)) == {"signed"}


async def refused(door: Door, lines: Sequence[Line], why: str) -> None:
    before = await dump(door.db)
    with pytest.raises(RefusedError, match=why):
        await record_lines(door, lines, "ann")
    assert await dump(door.db) == before


async def test_one_bad_line_leaves_nothing_of_the_good_ones(door: Door) -> None:
    await begin(door, "bad")
    good = [Line("bad", "quality", 0.9), Line("bad", "signed", True)]
    future = START + timedelta(days=1)
    await refused(door, [*good, Line("bad", "quality", "x", place="l:3")], "l:3: quality is a")
    await refused(door, [*good, Line("bad", "quality", 1, future, place="l:3")], "l:3: .* future")
    await refused(door, [*good, Line("nobody", "quality", 1, place="l:3")], "l:3: no journey")
    await refused(door, [*good, Line("no\x00body", "quality", 1)], "cannot be kept")
    with pytest.raises(RefusedError):
        await record_lines(door, good, "\x00")


async def test_a_client_with_two_active_journeys_has_to_be_named_by_key(door: Door) -> None:
    await begin(door, "two")
    second = (await start(door, OTHER, "two", "ann")).state
    await refused(door, [Line("two", "signed", True)], "two has 2 active journeys")
    await record_lines(door, [Line(second.journey_key, "signed", True)], "ann")
    assert set(await known(door, second.journey_id)) == {"signed"}
    await change(door, second.journey_id, Cancel(actor="ann", reason="one is enough"))
    await record_lines(door, [Line("two", "signed", True)], "ann")


async def test_importing_again_changes_nothing(door: Door) -> None:
    journey = await begin(door, "again")
    hours = [START - timedelta(hours=n) for n in range(1, 4)]
    lines = [Line("again", "quality", n / 10, at) for n, at in enumerate(hours)]
    lines.append(Line("again", "signed", True, hours[0]))
    first = await record_lines(door, lines, "ann")
    assert (first.measurements, first.known, first.facts) == (3, 0, 1)
    while await tick(door):
        pass
    before = await dump(door.db)
    again = await record_lines(door, lines, "ann")
    assert (again.measurements, again.known, again.facts) == (0, 4, 0)
    assert await dump(door.db) == before
    fact = (await known(door, journey))["signed"]
    assert fact == (True, hours[0], "ann", "ann")


async def test_an_older_word_does_not_replace_a_newer_one(door: Door) -> None:
    journey = await begin(door, "older")
    hour = timedelta(hours=1)
    await record_lines(door, [Line("older", "signed", True, START - hour, source="crm")], "ann")
    await record_lines(door, [Line("older", "signed", False, START - 2 * hour)], "ann")
    assert (await known(door, journey))["signed"] == (True, START - hour, "crm", "ann")
    await record_lines(door, [Line("older", "signed", False)], "bob")
    await record_lines(door, [Line("older", "signed", True)], "bob")
    assert (await known(door, journey))["signed"] == (True, START, "bob", "bob")


async def test_an_old_fact_is_as_old_as_it_is(door: Door) -> None:
    text = TEXT.replace("fact: signed", "fact: signed, max_age: 1d").replace(
        "name: p\n", "name: r\n"
    )
    journey = (await start(door, load(text), "stale", "ann")).state.journey_id
    while await tick(door):
        pass
    lines = [Line("stale", "signed", True, START - timedelta(days=2)), Line("stale", "quality", 1)]
    await record_lines(door, lines, "ann")
    while await tick(door):
        pass
    query = "SELECT current_stage, gate->'failing' FROM journey_states WHERE journey_id = %s"
    assert await rows(door.db, query, journey) == [("sandbox", ["signed"])]
    [(data,)] = await rows(
        door.db,
        "SELECT data FROM journey_events WHERE journey_id = %s AND type = 'fact.recorded'",
        journey,
    )
    assert data["at"] == (START - timedelta(days=2)).isoformat()


async def test_a_dry_run_counts_and_writes_nothing(door: Door) -> None:
    await begin(door, "dry")
    lines = [Line("dry", "quality", 0.9), Line("dry", "signed", True), Line("dry", "new", "x")]
    before = await dump(door.db)
    done = await record_lines(door, lines, "ann", dry_run=True)
    assert (done.measurements, done.facts, len(done.notes)) == (1, 2, 1)
    assert await dump(door.db) == before


async def test_held_and_ended_journeys_learn_and_stay_where_they_are(door: Door) -> None:
    journey = await begin(door, "still")
    await change(door, journey, HoldJourney(actor="ann", reason="look"))
    lines = [Line("still", "quality", 0.9), Line("still", "signed", True)]
    await record_lines(door, lines, "ann")
    while await tick(door):
        pass
    stage = "SELECT current_stage FROM journey_states WHERE journey_id = %s"
    assert await rows(door.db, stage, journey) == [("sandbox",)]
    await change(door, journey, Cancel(actor="ann", reason="over"))
    await record_lines(
        door,
        [Line("still", "done", True), Line("still", "quality", 0.1, later(door, hours=1))],
        "ann",
    )
    while await tick(door):
        pass
    assert await rows(door.db, stage, journey) == [("cancelled",)]
    assert set(await known(door, journey)) == {"signed", "done"}


async def test_many_lines_of_many_clients_are_one_transaction(db: Database) -> None:
    door = still_door(db)
    clients = [f"client-{n}" for n in range(5)]
    for client in clients:
        await begin(door, client)
    times = [START - timedelta(minutes=n) for n in range(2_000)]
    lines = [
        Line(client, "quality", 0.5, at, place=f"f:{n}")
        for client in clients
        for n, at in enumerate(times)
    ]
    done = await record_lines(door, lines, "ann")
    assert (done.measurements, done.known) == (10_000, 0)
    assert await rows(db, "SELECT count(*) FROM measurements") == [(10_000,)]
    assert await record_lines(door, [], "ann") is not None


async def test_a_list_that_is_none_is_refused_where_tasks_are_made_of_it(db: Database) -> None:
    door = still_door(db)
    path = load_file(builtin()["standard"])
    with pytest.raises(RefusedError, match="data_sources must be a list with at least one item"):
        await start(door, path, "acme", "ann", facts={"data_sources": "confluence"})
    assert await rows(db, "SELECT count(*) FROM journey_states") == [(0,)]
    await start(door, path, "acme", "ann")
    values: tuple[Any, ...] = ("confluence", [])
    for value in values:
        line = Line("acme", "data_sources", value, place="facts.csv:3")
        with pytest.raises(RefusedError, match=r"facts.csv:3: data_sources must be a list"):
            await record_lines(door, [line], "ann")
    told = await record_lines(door, [Line("acme", "data_sources", ["a", "b"])], "ann")
    assert (told.facts, told.notes) == (1, ())
