"""Every command through the one door: done with all its rows, or refused with none."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from textwrap import dedent
from typing import Any
from uuid import UUID, uuid4

import pytest

from sojourn.control import NotFoundError, RefusedError, change, preview, start, tick
from sojourn.control.door import Door
from sojourn.core.commands import (
    AnswerQuestion,
    Approve,
    Cancel,
    Command,
    HoldJourney,
    Migrate,
    Promote,
    RecordFacts,
    Reject,
    Resume,
    RetryFailed,
    RollBack,
    SubmitWork,
    Waive,
)
from sojourn.core.work import Task, UnitOfWork
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import dump, rows, still_door

PATH = """
name: small
stages:
  - name: sandbox
    exit:
      criteria:
        - { fact: ready }
        - { approval: signed, roles: [approver] }
    work: [{ name: w, tasks: [{ name: t, agent: a }] }]
  - name: pilot
    exit: { criteria: [{ fact: done }] }
"""
UNIT = UnitOfWork("6f9f1cf2-6f0b-4f0c-9d6c-d4c9f0a5b8f1", "", "sandbox", (Task("x", "X", "a"),))
LATER = load(dedent(PATH).replace("fact: done", "fact: really_done"))


async def begin(door: Door, client: str) -> UUID:
    return (await start(door, load(dedent(PATH)), client, "ann")).state.journey_id


REFUSED: list[tuple[Command, str]] = [
    (Approve(actor="ann", roles=("approver",), criterion="sined"), "not_found"),
    (Approve(actor="ann", roles=("approver",), criterion="ready"), "invalid"),
    (Approve(actor="ann", criterion="signed"), "role"),
    (Approve(actor="a", roles=("approver",), criterion="signed", evidence_hash="x"), "conflict"),
    (Reject(actor="ann", roles=("approver",), criterion="signed"), "invalid"),
    (Waive(actor="ann", criterion="ready", reason="so"), "role"),
    (Waive(actor="ann", roles=("approver",), criterion="ready"), "invalid"),
    (RollBack(actor="ann"), "invalid"),
    (RollBack(actor="ann", reason="x", trigger="bad_mood"), "illegal"),
    (RollBack(actor="ann", reason="x", target="pilot"), "illegal"),
    (Resume(actor="ann"), "illegal"),
    (Cancel(actor="ann"), "invalid"),
    (RetryFailed(actor="ann"), "not_found"),
    (AnswerQuestion(actor="ann", answer=1), "not_found"),
    (SubmitWork(actor="ann", unit=replace(UNIT, stage="pilot")), "illegal"),
    (SubmitWork(actor="ann", unit=replace(UNIT, dependencies=("no",))), "invalid"),
    (SubmitWork(actor="ann", unit=replace(UNIT, tasks=())), "invalid"),
    (Migrate(actor="ann", path=replace(LATER, stages=LATER.stages[1:])), "illegal"),
    (RecordFacts(actor="ann", facts={"": 1}), "invalid"),
    (RecordFacts(actor="ann", facts={"a b": 1}), "invalid"),
    (RecordFacts(actor="ann", facts={"x": float("nan")}), "invalid"),
    (RecordFacts(actor="ann", facts={"x": 2**70}), "invalid"),
    (RecordFacts(actor="ann", facts={"x": "\ud800"}), "invalid"),
    (RecordFacts(actor="ann", facts={"x": ["y"] * 400_000}), "invalid"),
    (HoldJourney(actor="ann", reason="\x00"), "invalid"),
    (HoldJourney(actor="\x00", reason="x"), "invalid"),
    (Cancel(actor="ann", reason="x" * 20_000), "invalid"),
    (AnswerQuestion(actor="ann", answer={"a": b"bytes"}), "invalid"),
]


@pytest.fixture
async def kept(door: Door) -> tuple[Door, UUID]:
    """A door, and a journey that nothing below can change."""
    known = await rows(door.db, "SELECT journey_id FROM journey_states WHERE client_id = 'kept'")
    return door, known[0][0] if known else await begin(door, "kept")


@pytest.mark.parametrize(("command", "code"), REFUSED, ids=lambda v: type(v).__name__)
async def test_what_is_refused_changes_nothing(
    kept: tuple[Door, UUID], command: Command, code: str
) -> None:
    door, journey = kept
    before = await dump(door.db)
    for way in (change, preview):
        with pytest.raises(RefusedError) as caught:
            await way(door, journey, command)
        assert caught.value.refusal.code == code, caught.value.refusal
        assert await dump(door.db) == before


async def test_a_task_with_input_that_cannot_be_kept_is_refused_with_its_place(
    kept: tuple[Door, UUID],
) -> None:
    door, journey = kept
    bad: list[tuple[Task, str]] = [
        (Task("x", "X", "a", {"k": ["\x00"]}), r"tasks\[0\].input_data.k\[0\]"),
        (Task("x", "\x00", "a"), r"tasks\[0\]"),
    ]
    for task, place in bad:
        command = SubmitWork(actor="ann", unit=replace(UNIT, tasks=(task,)))
        with pytest.raises(RefusedError, match=place):
            await change(door, journey, command)


async def test_a_journey_that_is_not_there(door: Door) -> None:
    for way in (change, preview):
        with pytest.raises(NotFoundError, match="no journey has the id"):
            await way(door, uuid4(), Resume(actor="ann"))


async def test_an_ended_journey_takes_no_command_but_facts(door: Door) -> None:
    journey = await begin(door, "ended")
    await change(door, journey, Cancel(actor="ann", reason="no budget"))
    before = await dump(door.db)
    given: dict[type, Any] = {Promote: Promote(actor="ann"), HoldJourney: HoldJourney(actor="ann")}
    for command in [c for c, _ in REFUSED] + list(given.values()):
        if not isinstance(command, RecordFacts):
            with pytest.raises(RefusedError):
                await change(door, journey, command)
    assert await dump(door.db) == before
    await change(door, journey, RecordFacts(actor="ann", facts={"adoption_after": 0.9}))
    assert (await rows(door.db, "SELECT value FROM facts WHERE journey_id = %s", journey)) == [
        (0.9,)
    ]


async def test_a_failed_attempt_is_refused_and_kept(door: Door) -> None:
    journey = await begin(door, "attempt")
    for attempt in (1, 2):
        with pytest.raises(RefusedError) as caught:
            await change(door, journey, Promote(actor="ann"))
        assert caught.value.refusal.code == "gate"
        assert caught.value.refusal.result is not None
        kept = await rows(
            door.db,
            "SELECT gate, kind, attempt, passed, actor, jsonb_array_length(checks)"
            " FROM validation_results WHERE journey_id = %s ORDER BY attempt DESC LIMIT 1",
            journey,
        )
        assert kept == [("sandbox/exit", "manual", attempt, False, "ann", 2)]
    [(stage, who)] = await rows(
        door.db,
        "SELECT current_stage, requested_by FROM journey_states WHERE journey_id = %s",
        journey,
    )
    assert (stage, who) == ("sandbox", "ann")


async def test_a_preview_of_an_attempt_keeps_nothing(kept: tuple[Door, UUID]) -> None:
    door, journey = kept
    before = await dump(door.db)
    with pytest.raises(RefusedError) as caught:
        await preview(door, journey, Promote(actor="ann"))
    assert caught.value.decision is not None
    assert [g.kind for g in caught.value.decision.gates] == ["manual"]
    assert await dump(door.db) == before


DONE: list[Command] = [
    HoldJourney(actor="ann", reason="look"),
    Resume(actor="ann", reason="seen"),
    RecordFacts(actor="ann", facts={"ready": False, "n": None, "list": [1, {"a": "ü"}]}),
    SubmitWork(actor="ann", unit=UNIT),
    Waive(actor="ann", roles=("admin",), criterion="signed", reason="r", lasts=timedelta(days=1)),
    Approve(actor="bob", roles=("approver",), criterion="signed"),
    Reject(actor="bob", roles=("approver",), criterion="signed", reason="no"),
    Migrate(actor="ann", path=LATER),
    RollBack(actor="ann", reason="again"),
]


async def test_a_preview_says_what_is_then_done_and_does_nothing_itself(db: Database) -> None:
    door = still_door(db)
    journey = await begin(door, "acme")
    for command in DONE:
        before = await dump(db)
        shown = await preview(door, journey, command)
        assert await dump(db) == before, command
        done = await change(door, journey, command)
        assert await dump(db) != before
        for field in ("state", "events", "plans", "changes", "release", "requeue", "rulings"):
            assert getattr(done, field) == getattr(shown, field), (command, field)


async def test_commands_that_come_at_once_are_carried_out_one_after_another(door: Door) -> None:
    journey = await begin(door, "rush")
    holds = [change(door, journey, HoldJourney(actor=f"p{n}", reason="x")) for n in range(6)]
    done = await asyncio.gather(*holds, return_exceptions=True)
    assert sum(isinstance(d, RefusedError) for d in done) == 5
    facts = [change(door, journey, RecordFacts(actor="ann", facts={f"f{n}": n})) for n in range(6)]
    await asyncio.gather(*facts)
    numbers = await rows(
        door.db, "SELECT seq FROM journey_events WHERE journey_id = %s ORDER BY seq", journey
    )
    assert [n for (n,) in numbers] == list(range(1, len(numbers) + 1))


async def test_a_unit_of_an_earlier_visit_is_a_conflict_not_a_crash(door: Door) -> None:
    journey = await begin(door, "twice")
    await change(door, journey, SubmitWork(actor="ann", unit=UNIT))
    await change(door, journey, RollBack(actor="ann", reason="again"))
    while await tick(door):
        pass
    with pytest.raises(RefusedError) as caught:
        await change(door, journey, SubmitWork(actor="ann", unit=UNIT))
    assert caught.value.refusal.code == "conflict"
