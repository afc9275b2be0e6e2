from sojourn.core.commands import Promote
from tests.journeys.conftest import Told
from tests.journeys.small import SMALL


async def test_a_client_goes_from_contract_to_completed(told: Told) -> None:
    story, agents = told
    journey = await story.start(SMALL)
    assert agents.calls == []
    assert (await story.explain(journey)).view.waiting_for == "contract_signed is not recorded"
    await story.tell(contract_signed=True)
    assert agents.tasks()[:2] == ["prepare", "connect"]
    assert sorted(agents.tasks()[2:]) == ["load", "tell"]
    assert await story.stage(journey) == "sandbox"
    await story.tell(quality=0.9)
    assert await story.stage(journey) == "sandbox"
    await story.tell(cohort=20)
    assert await story.stage(journey) == "pilot"
    assert agents.tasks()[4:] == ["deploy", "invite"]
    await story.tell(satisfaction=4.2)
    assert await story.stage(journey) == "production"
    await story.tell(adoption=0.75)
    assert await story.stage(journey) == "completed"
    assert await story.moves(journey) == [
        "start_journey",
        "promote_to_pilot",
        "promote_to_production",
        "mark_complete",
    ]
    state = (await story.shot(journey)).state
    assert state.completed_stages == ("sandbox", "pilot", "production")
    assert state.ended_at == story.now
    assert set((await story.units(journey)).values()) == {"completed"}
    await story.verify(journey)


async def test_inputs_are_resolved_from_the_client_and_from_what_was_done_before(
    told: Told,
) -> None:
    story, agents = told
    await story.start(SMALL, facts={"contract_signed": True})
    inputs = {c.task_id: c.input_data for c in agents.calls}
    assert inputs["prepare"] == {"client": "acme"}
    assert inputs["connect"] == {"before": "prepare"}
    assert inputs["load"] == {"from": "connect"}


async def test_evidence_of_the_stage_before_does_not_open_the_next_gate(told: Told) -> None:
    story, _ = told
    facts = {"contract_signed": True, "cohort": 12}
    journey = await story.start(SMALL, facts=facts)
    await story.tell(satisfaction=4.9)
    await story.pass_time(minutes=1)
    await story.tell(quality=0.9)
    assert await story.stage(journey) == "pilot"
    check = next(
        c for c in (await story.explain(journey)).result.checks if c.name == "satisfaction"
    )
    assert check.verdict == "insufficient_data"


GATES_OF_FACTS = """
name: facts
stages:
  - name: sandbox
    exit: { criteria: [{ fact: ready }] }
  - name: pilot
    exit: { criteria: [{ fact: ready }] }
  - name: production
    exit: { criteria: [{ fact: ready }] }
"""


async def test_a_gate_that_holds_is_passed_within_seconds_not_at_the_next_heartbeat(
    told: Told,
) -> None:
    story, _ = told
    journey = await story.start(GATES_OF_FACTS, facts={"ready": True})
    await story.pass_time(seconds=10)
    assert await story.stage(journey) == "completed"


async def test_a_manual_gate_waits_for_a_person(told: Told) -> None:
    story, _ = told
    manual = GATES_OF_FACTS.replace("exit: { c", "exit: { mode: manual, c", 1)
    journey = await story.start(manual, facts={"ready": True})
    await story.pass_time(hours=3)
    assert await story.stage(journey) == "sandbox"
    assert (await story.explain(journey)).view.ball == "operator"
    await story.do(journey, Promote(actor="ann"))
    await story.pass_time(seconds=10)
    assert await story.stage(journey) == "completed"
