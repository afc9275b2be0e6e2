import pytest

from sojourn.control import Line, RefusedError, change, record_lines, start, tick
from sojourn.core.commands import Promote, Reject, Waive
from sojourn.paths import load
from sojourn.store.gates import results, writes
from sojourn.store.postgres import Database
from tests.doors import START, rows, still_door

PATH = load(
    """
name: p
stages:
  - name: sandbox
    entry: { criteria: [{ fact: ready }] }
    exit: { criteria: [{ metric: quality, is: ">= 0.8" }, { approval: signed }] }
  - name: pilot
    exit: { criteria: [{ fact: done }] }
"""
)


async def test_every_attempt_is_kept_with_all_its_checks(db: Database) -> None:
    door = still_door(db)
    journey = (await start(door, PATH, "acme", "ann")).state.journey_id
    await record_lines(door, [Line("acme", "ready", True), Line("acme", "quality", 0.5)], "ann")
    while await tick(door):
        pass
    with pytest.raises(RefusedError):
        await change(door, journey, Promote(actor="ann"))
    async with db.connection() as connection:
        kept = await results(connection, journey)
        assert await results(connection, journey, 1) == kept[:1]
    told = [(r["gate"], r["kind"], r["actor"], r["visit"], r["verdict"]) for r in kept]
    assert told[0] == ("sandbox/entry", "entry", "engine", 1, "passed")
    assert told[-1] == ("sandbox/exit", "manual", "ann", 1, "failed")
    assert kept[-1]["evaluated_at"] == START
    quality, signed = kept[-1]["checks"]
    assert (quality["name"], quality["passed"], quality["actual_value"], quality["n"]) == (
        "quality",
        False,
        0.5,
        1,
    )
    assert (signed["name"], signed["verdict"]) == ("signed", "pending")
    assert quality["message"] in kept[-1]["checks"][0]["message"]


async def test_rulings_are_kept_with_what_they_saw(db: Database) -> None:
    door = still_door(db)
    journey = (await start(door, PATH, "acme", "ann", facts={"ready": True})).state.journey_id
    role = ("approver",)
    waiver = Waive(actor="max", roles=role, criterion="quality", reason="known")
    await change(door, journey, waiver)
    no = Reject(actor="eve", roles=role, criterion="signed", reason="not yet")
    await change(door, journey, no)
    kept = await rows(
        db,
        "SELECT criterion, answer, actor, roles, reason, visit, expires_at, evidence, evidence_hash"
        " FROM approvals ORDER BY approval_id",
    )
    assert kept[0][:6] == ("quality", "waive", "max", ["approver"], "known", 1)
    assert kept[0][6] == START + waiver.lasts
    assert kept[1][:4] == ("signed", "reject", "eve", ["approver"])
    assert kept[1][7] == {"quality": "waived"}
    assert len(kept[1][8]) == 64


async def test_a_fact_is_the_latest_word_and_may_be_null(db: Database) -> None:
    door = still_door(db)
    journey = (
        await start(door, PATH, "acme", "ann", facts={"x": {"a": [1]}, "y": None})
    ).state.journey_id
    assert await rows(db, "SELECT name, value::text FROM facts ORDER BY 1") == [
        ("x", '{"a": [1]}'),
        ("y", "null"),
    ]
    await record_lines(door, [Line("acme", "x", "new", source="crm")], "bob")
    kept = await rows(
        db, "SELECT value, source, actor FROM facts WHERE name = 'x' AND journey_id = %s", journey
    )
    assert kept == [("new", "crm", "bob")]


def test_nothing_to_keep_is_no_statement() -> None:
    assert writes([], START) == []
