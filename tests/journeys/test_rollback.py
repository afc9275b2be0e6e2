"""Rollback: the six steps of the specification, from each stage, to the last row."""

from datetime import timedelta
from uuid import UUID

import pytest

from sojourn.control import RefusedError, preview
from sojourn.core.commands import Cancel, HoldJourney, Resume, RetryFailed, RollBack
from sojourn.core.outcomes import Failed, Outcome, Rejected, Working
from sojourn.store import dashboard
from tests.journeys.conftest import Told
from tests.journeys.small import SMALL
from tests.journeys.story import Agents, Story

FACTS = {"contract_signed": True, "cohort": 20}


async def at_stage(told: Told, stage: str, text: str = SMALL) -> UUID:
    """Start a journey and take it to a stage whose work is done."""
    story, _ = told
    journey = await story.start(text, facts=FACTS)
    if stage != "sandbox":
        await story.tell(quality=0.9)
    if stage == "production":
        await story.pass_time(minutes=1)
        await story.tell(satisfaction=4.5)
    assert await story.stage(journey) == stage
    await story.pass_time(minutes=1)
    return journey


def undone(agents: Agents) -> list[str]:
    """Return what the remover was asked to take back, in order."""
    return [c.input_data["undo_of"]["task_id"] for c in agents.calls if c.agent_id == "remover"]


async def finished(story: Story, journey: UUID, left: str, target: str, kind: str) -> None:
    """Check steps five and six, and the history's line."""
    await story.pass_time(minutes=1)
    assert await story.stage(journey) == target
    [line] = await story.rollbacks(journey)
    assert (line["from_stage"], line["target_stage"], line["status"]) == (left, target, "completed")
    assert line["trigger_type"] == kind
    assert line["completed_at"] is not None
    assert [c["name"] for c in line["checks"]] == ["undone"]
    types = [e["event"] or e["type"] for e in await story.events(journey)]
    steps = ["initiate_rollback", "rollback.initiated", "rollback.validated", "complete_rollback"]
    places = [types.index(step) for step in steps]
    assert places == sorted(places)
    await story.verify(journey)


async def test_from_sandbox_that_stage_begins_afresh(told: Told) -> None:
    story, agents = told
    journey = await at_stage(told, "sandbox")
    agents.calls.clear()
    await story.tell(findings=2)
    assert undone(agents) == ["load", "connect", "prepare"]
    await finished(story, journey, "sandbox", "sandbox", "security_vulnerability")
    state = (await story.shot(journey)).state
    assert state.completed_stages == ()
    assert state.rollbacks == 1
    assert sorted(agents.tasks("builder")) == ["connect", "load", "prepare"]
    units = await story.units(journey)
    assert {s for (_, visit), s in units.items() if visit == 1} == {"rolled_back"}
    assert {s for (_, visit), s in units.items() if visit > 1} == {"completed"}
    await story.tell(quality=0.9)
    assert await story.stage(journey) == "pilot"


async def test_from_pilot_to_the_stage_before(told: Told) -> None:
    story, agents = told
    journey = await at_stage(told, "pilot")
    agents.calls.clear()
    await story.tell(satisfaction=3.1)
    assert undone(agents) == ["invite", "deploy"]
    await finished(story, journey, "pilot", "sandbox", "user_satisfaction_low")
    units = await story.units(journey)
    assert units["deploy", 2] == "rolled_back"
    assert units["install", 1] == "completed"
    assert units["rollback-3", 3] == "completed"


async def test_from_production_to_the_stage_before(told: Told) -> None:
    story, agents = told
    journey = await at_stage(told, "production")
    agents.calls.clear()
    await story.tell(incidents=1)
    assert undone(agents) == ["release"]
    await finished(story, journey, "production", "pilot", "major_incident")
    assert (await story.shot(journey)).state.completed_stages == ("sandbox",)


async def test_from_production_to_sandbox_where_security_is_at_stake(told: Told) -> None:
    story, agents = told
    journey = await at_stage(told, "production")
    agents.calls.clear()
    await story.tell(findings=1)
    assert undone(agents) == ["release", "invite", "deploy"]
    await finished(story, journey, "production", "sandbox", "security_vulnerability")


async def test_a_person_rolls_back_and_the_preview_shows_what_then_runs(told: Told) -> None:
    story, agents = told
    journey = await at_stage(told, "production")
    command = RollBack(actor="ann", reason="the client asked", target="sandbox")
    shown = await preview(story.door, journey, command)
    [unit] = shown.plans
    agents.calls.clear()
    done = await story.do(journey, command)
    assert done.plans == shown.plans
    ran = [(c.task_id, c.agent_id, dict(c.input_data)) for c in agents.calls]
    planned = [(t.task_id, t.agent_id, dict(t.input_data)) for t in unit.tasks]
    assert [(t, a, i["undo_of"]["task_id"]) for t, a, i in ran if a == "remover"] == [
        (t, a, i["undo_of"]["task_id"]) for t, a, i in planned
    ]
    [line] = await story.rollbacks(journey)
    assert (line["actor"], line["reason"]) == ("ann", "the client asked")


async def test_a_rollback_of_a_stage_where_nothing_was_done_yet(told: Told) -> None:
    story, agents = told
    agents.answers["builder"] = Rejected("not today")
    journey = await story.start(SMALL, facts=FACTS)
    await story.do(journey, RollBack(actor="ann", reason="begin anew"))
    await story.pass_time(minutes=1)
    assert await story.stage(journey) == "sandbox"
    [line] = await story.rollbacks(journey)
    assert line["status"] == "completed"
    assert (await story.shot(journey)).state.visit == 3
    await story.do(journey, RollBack(actor="ann", reason="once more"))
    await story.pass_time(minutes=1)
    assert [r["status"] for r in await story.rollbacks(journey)] == ["completed", "completed"]
    await story.verify(journey)


async def test_a_rollback_begun_by_a_trigger_where_nothing_was_done(told: Told) -> None:
    story, agents = told
    agents.answers["builder"] = Rejected("not today")
    journey = await story.start(SMALL, facts=FACTS)
    await story.tell(findings=1)
    await finished(story, journey, "sandbox", "sandbox", "security_vulnerability")


async def test_an_undo_that_fails_holds_the_journey_and_a_retry_completes_it(told: Told) -> None:
    story, agents = told
    journey = await at_stage(told, "pilot")
    agents.answers["remover/undo-002"] = Failed("the disk is full", retryable=False)
    agents.calls.clear()
    await story.tell(satisfaction=3.1)
    shot = await story.shot(journey)
    assert (shot.state.current_stage, shot.state.hold is not None) == ("rollback", True)
    told_ = await story.explain(journey)
    assert told_.view.ball == "operator"
    assert "the disk is full" in told_.view.waiting_for
    [line] = await story.rollbacks(journey)
    assert (line["status"], line["completed_at"]) == ("failed", None)
    with pytest.raises(RefusedError, match="the undo has failed"):
        await story.do(journey, Resume(actor="ann"))
    await story.pass_time(days=1)
    assert await story.stage(journey) == "rollback"
    agents.answers.clear()
    await story.do(journey, RetryFailed(actor="ann"))
    assert agents.tasks("remover") == ["undo-001", "undo-002", "undo-002"]
    await finished(story, journey, "pilot", "sandbox", "user_satisfaction_low")


CHECKED = SMALL.replace(
    "rollback: { after: resume, max_rollbacks: 3, timeout: 2d }",
    "rollback: { timeout: 2d, checks: { criteria: [{ fact: stable }] } }",
)


async def test_a_validation_that_fails_holds_the_journey_until_it_is_resumed(told: Told) -> None:
    story, _ = told
    journey = await at_stage(told, "pilot", CHECKED)
    await story.tell(stable=False)
    await story.tell(satisfaction=3.1)
    shot = await story.shot(journey)
    assert (shot.state.current_stage, shot.state.hold is not None) == ("rollback", True)
    [line] = await story.rollbacks(journey)
    assert line["status"] == "failed"
    assert {c["name"]: c["passed"] for c in line["checks"]} == {"undone": True, "stable": False}
    await story.do(journey, Resume(actor="ann"))
    assert (await story.shot(journey)).state.hold is not None
    await story.tell(stable=True)
    assert await story.stage(journey) == "rollback"
    await story.do(journey, Resume(actor="ann"))
    await story.pass_time(minutes=1)
    assert await story.stage(journey) == "sandbox"
    [line] = await story.rollbacks(journey)
    assert line["status"] == "completed"
    assert {c["passed"] for c in line["checks"]} == {True}


async def test_a_rollback_that_is_not_done_in_time_asks_a_person(told: Told) -> None:
    story, _ = told
    journey = await at_stage(told, "pilot", CHECKED)
    await story.tell(satisfaction=3.1)
    await story.pass_time(days=1, hours=23)
    assert (await story.shot(journey)).state.hold is None
    await story.pass_time(hours=2)
    hold = (await story.shot(journey)).state.hold
    assert hold is not None
    assert "not done in time" in hold.reason
    await story.tell(stable=True)
    await story.do(journey, Resume(actor="ann"))
    await story.pass_time(minutes=1)
    assert await story.stage(journey) == "sandbox"


async def test_a_rollback_that_cannot_be_finished_can_be_cancelled(told: Told) -> None:
    story, agents = told
    journey = await at_stage(told, "pilot")
    agents.answers["remover"] = Rejected("never")
    await story.tell(satisfaction=3.1)
    await story.do(journey, Cancel(actor="ann", reason="the client left"))
    assert await story.stage(journey) == "cancelled"
    [line] = await story.rollbacks(journey)
    assert line["status"] == "cancelled"
    assert line["completed_at"] is not None
    await story.verify(journey)


async def test_after_as_many_rollbacks_as_the_path_allows_a_person_is_asked(told: Told) -> None:
    story, _ = told
    text = SMALL.replace("max_rollbacks: 3", "max_rollbacks: 2")
    journey = await story.start(text, facts=FACTS)
    for _ in range(2):
        assert (await story.shot(journey)).state.hold is None
        await story.pass_time(minutes=5)
        await story.tell(findings=1)
        await story.pass_time(minutes=5)
    state = (await story.shot(journey)).state
    assert (state.current_stage, state.rollbacks) == ("sandbox", 2)
    assert state.hold is not None
    assert "2 times" in state.hold.reason
    await story.do(journey, Resume(actor="ann"))
    await story.pass_time(minutes=5)
    await story.tell(quality=0.9)
    assert await story.stage(journey) == "pilot"


@pytest.mark.parametrize(("after", "stage"), [("hold", "sandbox"), ("cancel", "cancelled")])
async def test_what_follows_a_rollback_is_the_paths_to_say(
    told: Told, after: str, stage: str
) -> None:
    story, _ = told
    journey = await at_stage(told, "pilot", SMALL.replace("after: resume", f"after: {after}"))
    await story.tell(satisfaction=3.1)
    await story.pass_time(minutes=1)
    state = (await story.shot(journey)).state
    assert state.current_stage == stage
    assert (state.hold is not None) == (after == "hold")
    [line] = await story.rollbacks(journey)
    assert line["status"] == "completed"
    await story.verify(journey)


async def test_open_work_is_withdrawn_and_its_late_outcome_refused(told: Told) -> None:
    story, _ = told
    journey = await at_stage(told, "pilot")
    await story.do(journey, HoldJourney(actor="ann", reason="look"))
    await story.do(journey, RollBack(actor="ann", reason="it is broken"))
    await story.pass_time(minutes=1)
    state = (await story.shot(journey)).state
    assert (state.current_stage, state.hold) == ("sandbox", None)
    assert set((await story.units(journey)).values()) <= {"completed", "rolled_back"}


EXTRA = SMALL.replace(
    "      - name: deploy\n        tasks:",
    """      - name: extra
        required: false
        tasks:
          - name: offer
            agent: builder
            undo: { agent: remover, input: { what: offer } }
          - name: book
            depends_on: [offer]
            agent: clerk
            undo: { agent: remover, input: { what: book } }
      - name: deploy
        tasks:""",
)


@pytest.mark.parametrize(
    "answer", [Rejected("no room"), Working({"id": 1}, timedelta(days=9))], ids=["failed", "open"]
)
async def test_what_a_promotion_left_unfinished_is_undone_once(told: Told, answer: Outcome) -> None:
    story, agents = told
    agents.answers["clerk"] = answer
    journey = await at_stage(told, "production", EXTRA)
    assert (await story.units(journey))["extra", 2] == "failed"
    async with story.door.db.connection() as connection:
        assert await dashboard.troubles(connection, 9) == []
    agents.calls.clear()
    await story.tell(findings=1)
    assert sorted(undone(agents)) == ["deploy", "invite", "offer", "release"]
    await finished(story, journey, "production", "sandbox", "security_vulnerability")
    assert (await story.units(journey))["extra", 2] == "rolled_back"
    agents.calls.clear()
    await story.do(journey, RollBack(actor="ann", reason="once more"))
    await story.pass_time(minutes=1)
    assert "offer" not in undone(agents)


FACT_TRIGGER = SMALL.replace(
    "- kind: client_request\n        when: { fact: pause_requested }\n        action: hold",
    "- kind: client_request\n        when: { fact: pause_requested }",
)


async def test_a_fact_that_a_person_records_rolls_back_with_all_its_undo(told: Told) -> None:
    story, agents = told
    assert FACT_TRIGGER != SMALL
    journey = await at_stage(told, "sandbox", FACT_TRIGGER)
    await story.tell(pause_requested=True)
    assert undone(agents) == ["load", "connect", "prepare"]
    await story.tell(pause_requested=False)
    await finished(story, journey, "sandbox", "sandbox", "client_request")
