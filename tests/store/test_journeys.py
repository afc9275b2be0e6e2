"""What is written is what is loaded, whatever a journey has been through."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from sojourn.control import Line, change, record_lines, start, tick
from sojourn.control.change import snapshot
from sojourn.control.door import Door
from sojourn.core.commands import Approve, Cancel, Command, HoldJourney, Resume, RollBack, Waive
from sojourn.core.decision import Decision
from sojourn.core.snapshot import Snapshot
from sojourn.paths import load
from sojourn.store import journeys
from sojourn.store.paths import PathShelf
from sojourn.store.postgres import Database
from tests.doors import START, later, rows, still_door

TEXT = """
name: p
stages:
  - name: sandbox
    exit:
      criteria:
        - { fact: ready }
        - { approval: signed, quorum: 2 }
        - { soak: 3d }
        - { metric: quality, is: ">= 0.8" }
    work: [{ name: w, tasks: [{ name: t, agent: a }] }]
    triggers:
      - kind: critical_bug
        when: { metric: bugs, is: "> 0" }
        for: 2h
        action: alert
  - name: pilot
    exit: { criteria: [{ fact: done }] }
"""
PATH, OTHER = load(TEXT), load(TEXT.replace("name: p\n", "name: q\n"))


async def begin(door: Door, client: str, **given: Any) -> UUID:
    return (await start(door, PATH, client, "ann", **given)).state.journey_id


async def loaded(door: Door, journey: UUID) -> Snapshot:
    """Return the journey as a process sees it that has never seen it before."""
    fresh = Door(door.db, door.clock)
    async with door.db.connection() as connection:
        return await snapshot(connection, fresh, journey, fresh.now())


def same(decision: Decision, shot: Snapshot) -> None:
    """Check that a decision was written as it was made."""
    assert shot.state == decision.state
    assert shot.path == decision.before.path
    assert shot.gate == decision.view.gate
    assert shot.trips == decision.trips
    assert shot.facts == {**decision.before.facts, **decision.facts}
    ruled = (*decision.before.rulings, *decision.rulings)
    assert shot.rulings == tuple(r for r in ruled if r.visit == shot.state.visit)
    opened = (decision.before.alerts | {(a.kind, a.subject) for a in decision.raised}) - set(
        decision.resolved
    )
    assert shot.alerts == opened


async def test_a_journey_is_loaded_as_it_was_written(db: Database) -> None:
    door = still_door(db)
    facts = {"region": ["eu", {"x": None}], "n": 1.5}
    decision = await start(
        door, PATH, "Ärzte & Söhne", "ann", facts=facts, metadata={"a": [1]}, owner="eve"
    )
    journey = decision.state.journey_id
    same(decision, await loaded(door, journey))
    await record_lines(door, [Line("Ärzte & Söhne", "quality", 0.9)], "ann")
    await record_lines(door, [Line("Ärzte & Söhne", "bugs", 2)], "ann")
    commands: list[Command] = [
        HoldJourney(actor="ann", reason="näher ansehen"),
        Resume(actor="ann"),
        Approve(actor="bob", roles=("approver", "x"), criterion="signed", reason="gut"),
        Waive(actor="max", roles=("admin",), criterion="ready", reason="known"),
        HoldJourney(actor="ann", reason="again"),
        RollBack(actor="ann", reason="broken"),
    ]
    for command in commands:
        later(door, minutes=7, microseconds=1)
        same(await change(door, journey, command), await loaded(door, journey))
    shot = await loaded(door, journey)
    assert len(shot.state.holds) == 2
    assert shot.rollback is not None
    assert (shot.rollback.from_stage, shot.rollback.target) == ("sandbox", "sandbox")


async def test_soak_and_trips_survive_the_round_trip(db: Database) -> None:
    door = still_door(db)
    journey = await begin(door, "acme", facts={"ready": True})
    later(door, minutes=1)
    await record_lines(door, [Line("acme", "quality", 0.9), Line("acme", "bugs", 1)], "ann")
    while await tick(door):
        pass
    later(door, hours=1, microseconds=333)
    while await tick(door):
        pass
    shot = await loaded(door, journey)
    assert shot.state.soak is not None
    assert shot.state.soak.at == door.now()
    assert shot.state.soak.healthy.total_seconds() == 3600.000333
    assert [t.since for t in shot.trips.values()] == [START.replace(minute=1)]
    assert shot.gate is not None
    assert isinstance(shot.gate.failing, tuple)


async def test_many_are_loaded_at_once_and_unknown_ones_left_out(shared: Database) -> None:
    door = still_door(shared)
    ids = [await begin(door, f"many-{n}", facts={"n": n}) for n in range(3)]
    async with shared.connection() as connection:
        shots = await journeys.load(connection, [*ids, uuid4()], PathShelf())
        assert await journeys.load(connection, [], PathShelf()) == {}
    assert {key: shot.facts["n"].value for key, shot in shots.items()} == dict(
        zip(ids, range(3), strict=True)
    )
    assert {shot.state.client_id for shot in shots.values()} == {f"many-{n}" for n in range(3)}


async def test_journeys_are_found_listed_and_counted(shared: Database) -> None:
    door = still_door(shared)
    one = await begin(door, "zeta", owner="eve")
    await change(door, one, HoldJourney(actor="ann", reason="x"))
    two = (await start(door, OTHER, "zeta", "ann")).state.journey_id
    async with shared.connection() as connection:
        found = await journeys.find(connection, "zeta")
        assert {r["journey_id"] for r in found} == {one, two}
        assert [r["journey_id"] for r in await journeys.find(connection, str(one).upper())] == [one]
        assert await journeys.find(connection, "nobody") == []
        assert "zeta" in await journeys.client_names(connection)
        assert await journeys.taken_keys(connection, ["zeta"]) == {
            "journey-zeta-2026",
            "journey-zeta-2026-2",
        }
        assert set(await journeys.on_path(connection, "q", 1, 9)) == {two}
        assert await journeys.on_path(connection, "q", 2, 9) == []
        assert (await journeys.count_by_stage(connection))["sandbox"] >= 2


FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"held", "plain", "over"}),
    ({"held": True}, {"held"}),
    ({"held": False, "active": True}, {"plain"}),
    ({"active": False}, {"over"}),
    ({"stage": "cancelled"}, {"over"}),
    ({"ball": "operator"}, {"held"}),
    ({"owner": "eve"}, {"plain"}),
    ({"path": "q"}, set()),
    ({"schedule": "on_track"}, {"held", "plain"}),
    ({"search": "PL%"}, {"plain"}),
    ({"after": "journey-over-2026"}, {"plain"}),
]


async def test_a_list_is_narrowed_by_what_people_look_for(db: Database) -> None:
    door = still_door(db)
    await begin(door, "plain", owner="eve")
    held, over = await begin(door, "held"), await begin(door, "over")
    await change(door, held, HoldJourney(actor="ann", reason="x"))
    await change(door, over, Cancel(actor="ann", reason="x"))
    async with db.connection() as connection:
        for filters, wanted in FILTERS:
            found = await journeys.list_journeys(connection, 9, **filters)
            assert {r["client_id"] for r in found} == wanted, filters
        assert len(await journeys.list_journeys(connection, 2)) == 2


async def test_each_name_means_one_journey(shared: Database) -> None:
    door = still_door(shared)
    one = await begin(door, "mean")
    async with shared.connection() as connection:
        names = ["mean", "journey-mean-2026", str(one), str(one).upper(), "nobody", "{bad"]
        found = await journeys.resolve(connection, names)
    meant = {r["name"]: (r["journey_id"], r["active"]) for r in found}
    assert meant == dict.fromkeys(names[:4], (one, 1))


async def test_what_is_due_is_locked_and_its_wakeups_taken(db: Database) -> None:
    door = still_door(db)
    ids = [await begin(door, f"c{n}") for n in range(4)]
    while await tick(door):
        pass
    async with db.connection() as connection:
        await journeys.send_wake(connection, [ids[0], ids[0], ids[1]])
        assert await rows(db, "SELECT count(*) FROM wakeups") == [(2,)]
        async with connection.transaction():
            found = await journeys.due(connection, door.now(), 9)
            assert set(found) == set(ids[:2])
            async with db.connection() as other, other.transaction():
                again = await journeys.due(other, door.now(), 9)
                assert again == {}, "what another looks at is left to it"
        row = await journeys.next_due(connection)
    assert row is not None
    assert row["due"] == START.replace(hour=10)


@pytest.mark.parametrize("woken", [True, False])
async def test_two_who_look_at_once_find_different_journeys_that_are_due(
    db: Database, *, woken: bool
) -> None:
    door = still_door(db)
    ids = {await begin(door, f"c{n}") for n in range(4)}
    while await tick(door):
        pass
    now = door.now() if woken else START.replace(year=2030)
    if woken:
        async with db.connection() as connection:
            for key in ids:
                await journeys.send_wake(connection, [key])
                await journeys.send_wake(connection, [key])
    async with db.transaction() as one, db.transaction() as other:
        first = await journeys.due(one, now, 2)
        second = await journeys.due(other, now, 2)
        assert (len(first), len(second)) == (2, 2)
        assert set(first) | set(second) == ids
        async with db.transaction() as third:
            assert await journeys.due(third, now, 2) == {}
    assert await rows(db, "SELECT count(*) FROM wakeups") == [(0,)]


async def test_the_woken_and_those_whose_time_has_come_take_turns(db: Database) -> None:
    door = still_door(db)
    ids = [await begin(door, f"c{n}") for n in range(8)]
    while await tick(door):
        pass
    async with db.connection() as connection:
        await connection.execute(
            b"UPDATE journey_states SET due_at = NULL WHERE journey_id = ANY(%s)", [ids[:4]]
        )
        await journeys.send_wake(connection, ids[:4])
        async with connection.transaction():
            found = set(await journeys.due(connection, START.replace(year=2030), 4))
    assert len(found & set(ids[:4])) == len(found & set(ids[4:])) == 2


@pytest.mark.parametrize("ids", [[], [UUID(int=1)]])
def test_postponing_nothing_is_no_statement(ids: list[UUID]) -> None:
    assert len(journeys.postpone(ids, {}, START)) == len(ids)
