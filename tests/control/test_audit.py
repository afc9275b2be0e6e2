from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sojourn.control import audit, change, start
from sojourn.control.door import Door
from sojourn.core.commands import Cancel, HoldJourney, Resume, RollBack
from sojourn.core.journal import GENESIS as BEGINNING
from sojourn.core.journal import Entry, Event, append
from sojourn.core.stages import TRANSITIONS
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import later, rows, still_door
from tests.journeys.small import SMALL
from tests.journeys.story import open_story

NOW = datetime(2026, 5, 3, tzinfo=UTC)
KEY = UUID(int=7)


async def journey(door: Door, client: str = "acme") -> UUID:
    facts = {"contract_signed": True, "data": {"a": [1, 2.0]}, "cohort": 20}
    decision = await start(door, load(SMALL), client, "ann", facts=facts)
    return decision.state.journey_id


async def faults(door: Door, key: UUID | None = None) -> list[str]:
    found = [one async for batch in audit.verify(door, key) for one in batch]
    return [fault for one in found for fault in one.faults]


async def test_a_journey_with_everything_in_it_is_proved(db: Database) -> None:
    story, _ = open_story(db)
    key = await story.start(SMALL, facts={"contract_signed": True, "cohort": 20})
    await story.tell(quality=0.9)
    assert await story.stage(key) == "pilot"
    later(story.door, hours=5)
    await story.do(key, HoldJourney(actor="ann", reason="summer"))
    later(story.door, days=3)
    await story.do(key, Resume(actor="ann"))
    later(story.door, hours=1)
    await story.do(key, RollBack(actor="ann", reason="client asks"))
    await story.settle()
    assert await story.stage(key) == "sandbox"
    await story.do(key, HoldJourney(actor="ann", reason="again"))
    await story.do(key, Cancel(actor="ann", reason="over"))
    assert await faults(story.door) == []
    [found] = [one async for batch in audit.verify(story.door, key) for one in batch]
    assert found.events > 15
    assert (found.client_id, found.journey_id) == ("acme", key)
    await story.worker.close()


async def test_a_whole_journey_to_its_end_is_proved(db: Database) -> None:
    story, _ = open_story(db)
    key = await story.start(SMALL, facts={"contract_signed": True, "cohort": 20})
    await story.tell(quality=0.9)
    await story.tell(satisfaction=4.5)
    await story.tell(adoption=0.9)
    assert await story.stage(key) == "completed"
    assert await faults(story.door) == []
    await story.worker.close()


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE journey_states SET visit = 5", "the row says visit is 5, the journal says 1"),
        ("UPDATE journey_states SET rollbacks = 2", "rollbacks is 2, the journal says 0"),
        ("UPDATE journey_states SET completed_stages = '{pilot}'", "completed_stages is"),
        ("UPDATE journey_states SET admitted_at = NULL", "admitted_at is None"),
        ("UPDATE journey_states SET stage_started_at = now()", "stage_started_at is"),
        ("UPDATE journey_states SET held_since = now(), held_by = 'x'", "hold is"),
        ("UPDATE journey_states SET rollout_percent = 50", "rollout_percent is 50"),
        ("UPDATE journey_states SET seq = 99", "the row says 99 events, the journal has"),
        ("UPDATE journey_states SET hash = ''", "the row's hash is not that of the last event"),
        ("UPDATE facts SET value = '21' WHERE name = 'cohort'", "fact cohort is 21"),
        ("DELETE FROM facts WHERE name = 'cohort'", "fact cohort is None"),
        ("UPDATE journey_events SET reason = 'x' WHERE seq = 2", "its content was changed"),
        ("UPDATE journey_events SET actor = 'eve' WHERE seq = 1", "its content was changed"),
        ("UPDATE journey_events SET data = '{}' WHERE seq = 3", "its content was changed"),
        ("DELETE FROM journey_events WHERE seq = 3", "number 3 is missing"),
        (
            "DELETE FROM journey_events WHERE seq = (SELECT max(seq) FROM journey_events)",
            "the row says 5 events, the journal has 4",
        ),
    ],
)
async def test_each_kind_of_tampering_is_found(db: Database, tampering: str, fault: str) -> None:
    door = still_door(db)
    key = await journey(door)
    await journey(door, "beta")
    assert await faults(door) == []
    await rows(db, "ALTER TABLE journey_events DISABLE TRIGGER USER")
    await rows(db, "DELETE FROM journey_events WHERE journey_id <> %s AND false", key)
    where = " AND " if "WHERE" in tampering else " WHERE "
    await rows(db, f"{tampering}{where}journey_id = '{key}'")
    found = await faults(door)
    assert any(fault in one for one in found), found
    assert await faults(door, key) == found


async def test_journeys_come_in_batches_and_each_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "BATCH", 2)
    door = still_door(db)
    for client in ("a", "b", "c", "d", "e"):
        await journey(door, client)
        later(door, seconds=1)
    batches = [[one.client_id for one in batch] async for batch in audit.verify(door)]
    assert batches == [["a", "b"], ["c", "d"], ["e"]]


async def test_an_audit_beside_changes_sees_no_fault(db: Database) -> None:
    door = still_door(db)
    key = await journey(door)
    stages = audit.read(door, key)
    async for batch in stages:
        await change(door, key, HoldJourney(actor="ann", reason="meanwhile"))
        assert [one.shot.seq for one in batch] == [len(batch[0].entries)]
    assert await faults(door) == []


def told(*events: Event) -> audit.Replay:
    entries: list[Entry] = append(KEY, 0, BEGINNING, events)
    return audit.replay(entries, {e.seq: TRANSITIONS for e in entries})


def move(left: str | None, event: str, entered: str) -> Event:
    return Event("transition", NOW, data={"client": "acme"}, transition=(left, event, entered))


BEGIN = move(None, "start_journey", "sandbox")


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ((BEGIN, move("sandbox", "promote_to_production", "production")), "event 2: promote_to_"),
        ((BEGIN, move("pilot", "promote_to_production", "production")), "event 2: leaves pilot"),
        ((BEGIN, move("sandbox", "promote_to_pilot", "production")), "leads to pilot, not to"),
        ((Event("journey.held", NOW),), "event 1: journey.held before the journey's start"),
        ((BEGIN, Event("rollout.reached", NOW)), "event 2:"),
    ],
)
def test_a_story_that_cannot_have_been_is_a_fault(events: tuple[Event, ...], fault: str) -> None:
    [said] = told(*events).faults
    assert fault in said


def test_a_replay_knows_waves_holds_and_facts() -> None:
    found = told(
        BEGIN,
        Event("stage.admitted", NOW),
        Event("rollout.wave_started", NOW, data={"wave": 2}),
        Event("rollout.reached", NOW, data={"percent": 50}),
        Event("fact.recorded", NOW, data={"name": "a", "value": 1}),
        Event("journey.held", NOW, "ann", "summer"),
        Event("journey.resumed", NOW + timedelta(days=1)),
    )
    assert found.faults == []
    assert found.state is not None
    assert (found.state.wave, found.state.rollout_percent) == (2, 50)
    assert found.state.holds[0].until == NOW + timedelta(days=1)
    assert found.facts == {"a": 1}


async def test_an_exported_event_has_all_that_its_hash_is_made_of(db: Database) -> None:
    door = still_door(db)
    key = await journey(door)
    [[found]] = [batch async for batch in audit.read(door, key)]
    exported = [audit.document(found, entry) for entry in found.entries]
    assert [e["seq"] for e in exported] == list(range(1, len(exported) + 1))
    assert exported[0]["prev_hash"] == "00" * 32
    assert exported[1]["prev_hash"] == exported[0]["hash"]
    assert exported[0]["transition"] == [None, "start_journey", "sandbox"]
