import json
from typing import Any
from uuid import UUID

import pytest

from sojourn.control import change, start
from sojourn.control.door import Door, RefusedError
from sojourn.control.submit import BadUnit, parse, submit
from sojourn.core.commands import RollBack
from sojourn.core.decision import Decision, derived_id
from sojourn.core.work import InvalidWork
from sojourn.paths import load
from sojourn.store.postgres import Database
from sojourn.store.work import documents
from tests.doors import dump, still_door
from tests.journeys.small import SMALL

AGENTS = ("builder", "remover", "teller")


def unit(*tasks: dict[str, Any], **changes: Any) -> bytes:
    plain = {"task_id": "a", "agent_id": "builder"}
    every = [plain | t for t in tasks] or [plain]
    return json.dumps({"uow_id": "u", "stage": "sandbox", "tasks": every} | changes).encode()


async def begun(db: Database) -> tuple[Door, UUID]:
    door = still_door(db)
    facts = {"contract_signed": True, "region": "eu"}
    decision = await start(door, load(SMALL), "acme", "ann", facts=facts)
    return door, decision.state.journey_id


async def hand_in(door: Door, key: UUID, text: bytes, **more: Any) -> Decision:
    return await submit(door, key, parse(text), AGENTS, actor="ann", **more)


async def test_ids_are_kept_and_ours_are_derived_from_them(db: Database) -> None:
    door, key = await begun(db)
    decision = await hand_in(door, key, unit(uow_id="uow-1", journey_id="journey-x"))
    [planned] = decision.plans
    assert planned.uow_id == str(derived_id(key, 1, "uow-1"))
    async with door.db.connection() as connection:
        [row] = await documents(connection, key, "uow-1")
    assert (row["uow_id"], row["journey_id"]) == ("uow-1", "journey-x")


async def test_a_dry_run_says_the_same_and_writes_nothing(db: Database) -> None:
    door, key = await begun(db)
    before = await dump(db)
    told = await hand_in(door, key, unit(), dry_run=True)
    assert await dump(db) == before
    done = await hand_in(door, key, unit())
    assert done.plans == told.plans
    assert await dump(db) != before


async def test_what_is_known_of_the_client_is_fixed_and_the_rest_stays_for_later(
    db: Database,
) -> None:
    door, key = await begun(db)
    wanted = {"who": "${client.id}", "where": "${facts.region}", "from": "${tasks.a.output.x}",
              "price": "$${5}"}  # fmt: skip
    tasks: tuple[dict[str, Any], ...] = (
        {},
        {"task_id": "b", "depends_on": ["a"], "input_data": wanted},
    )
    decision = await hand_in(door, key, unit(*tasks))
    assert decision.plans[0].tasks[1].input_data == {
        "who": "acme", "where": "eu", "from": "${tasks.a.output.x}", "price": "$${5}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"x": "${facts.none}"}, "tasks[1].input_data: ${facts.none}"),
        ({"x": "${tasks.c.output.x}"}, "the task does not depend on 'c'"),
        ({"x": "${tasks.b.output.x}"}, "the task does not depend on 'b'"),
        ({"x": "${units.install.prepare.output.x}"}, "the unit does not depend on 'install'"),
        ({"x": "${item}"}, "has a meaning in path files only"),
        ({"x": "${wave.percent}"}, "has a meaning in path files only"),
        ({"x": "${client}"}, "is not complete"),
        ({"x": ["${tasks"]}, "lacks its closing brace"),
    ],
)
async def test_a_reference_that_could_never_be_resolved_is_refused(
    db: Database, inputs: dict[str, Any], message: str
) -> None:
    door, key = await begun(db)
    before = await dump(db)
    tasks: tuple[dict[str, Any], ...] = (
        {},
        {"task_id": "b", "depends_on": ["a"], "input_data": inputs},
        {"task_id": "c"},
    )
    with pytest.raises(InvalidWork) as caught:
        await hand_in(door, key, unit(*tasks))
    assert caught.value.place == "tasks[1].input_data"
    assert message in str(caught.value)
    assert await dump(db) == before


async def test_what_a_task_depends_on_through_others_counts(db: Database) -> None:
    door, key = await begun(db)
    tasks = (
        {"task_id": "c", "depends_on": ["b"], "input_data": {"x": "${tasks.a.output.x}"}},
        {"task_id": "b", "depends_on": ["a"]},
        {"task_id": "a"},
    )
    assert (await hand_in(door, key, unit(*tasks))).plans


async def test_an_undo_may_speak_of_its_own_task(db: Database) -> None:
    door, key = await begun(db)
    undo = {
        "agent_id": "remover",
        "input_data": {"id": "${tasks.a.output.id}", "w": "${client.id}"},
    }
    decision = await hand_in(door, key, unit({"undo": undo}))
    found = decision.plans[0].tasks[0].undo
    assert found is not None
    assert found.input_data == {"id": "${tasks.a.output.id}", "w": "acme"}


@pytest.mark.parametrize("name", ["install", "u"])
async def test_a_taken_id_or_name_is_a_conflict(db: Database, name: str) -> None:
    door, key = await begun(db)
    await hand_in(door, key, unit())
    for text in (unit(uow_id=name), unit(uow_id="other", name=name)):
        with pytest.raises(RefusedError) as caught:
            await hand_in(door, key, text)
        assert caught.value.refusal.code == "conflict"


async def test_units_of_an_earlier_visit_cannot_be_waited_for(db: Database) -> None:
    door, key = await begun(db)
    await hand_in(door, key, unit())
    await change(door, key, RollBack(actor="ann", reason="again"))
    with pytest.raises(InvalidWork, match="belongs to an earlier visit"):
        await hand_in(door, key, unit(uow_id="v", dependencies=["u"]))


async def test_a_unit_for_another_stage_or_with_bad_json_is_refused(db: Database) -> None:
    door, key = await begun(db)
    with pytest.raises(RefusedError) as caught:
        await hand_in(door, key, unit(stage="pilot"))
    assert caught.value.refusal.code == "illegal"
    with pytest.raises(BadUnit):
        parse(b"{}")
