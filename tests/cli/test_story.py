"""The story at the end agrees with the rows, and says so when the scenario was not kept to."""

from dataclasses import replace
from datetime import timedelta

from sojourn.cli.documents import Document
from sojourn.cli.screen import json
from sojourn.cli.story import tell
from sojourn.cli.tales import Turn
from tests.cli.plays import SHORT, opened, played


def points(story: Document) -> dict[str, bool]:
    return {point["what"]: point["ok"] for point in story["expected"]}


async def test_the_story_of_a_journey_that_ended_as_it_should(database_url: str) -> None:
    async with opened(database_url) as app:
        done = await played(app)
        story = await tell(app.door, done)
    assert story["ok"]
    assert story["explanation"] == []
    assert (story["client"], story["path"], story["stage"]) == (
        "medtronic",
        "healthcare@1",
        "cancelled",
    )
    took = (story["ended_at"] - story["started_at"]) / timedelta(days=1)
    assert abs(story["total"]["days"] - took) < 0.01
    assert (story["total"]["aim_days"], story["total"]["baseline_days"]) == (30, 90)
    sandbox = story["stages"][0]
    assert (sandbox["target_days"], sandbox["baseline_days"]) == (15, 30)
    assert sandbox["days"] == story["total"]["days"]
    [entry] = story["gates"]
    assert (entry["gate"], entry["kind"], entry["attempt"]) == ("sandbox/entry", "entry", 1)
    assert [check["title"] for check in entry["checks"]] == [
        "Client contract signed",
        "Infrastructure provisioned",
        "Initial data sources identified",
    ]
    assert {check["verdict"] for check in entry["checks"]} == {"passed"}
    agents = {agent["agent"]: agent for agent in story["agents"]}
    assert agents["connector-installation-agent"]["completed"] == 3
    assert story["audit"]["intact"]
    assert story["audit"]["events"] > 8
    assert json(story).startswith("{")


async def test_what_a_scenario_promises_and_the_journey_did_not_do_is_named(
    database_url: str,
) -> None:
    turn = Turn("critical_bug", "pilot", "compliance")
    other = replace(SHORT, end="completed", turns=(turn,), holds=1, retries=True)
    async with opened(database_url) as app:
        done = await played(app)
        story = await tell(app.door, replace(done, part=replace(done.part, tale=other)))
    assert not story["ok"]
    assert points(story) == {
        "the journey ends completed": False,
        "a rollback from pilot to compliance (critical_bug)": False,
        "1 hold": False,
        "attempts are repeated": False,
        "the audit proves the journal and the row": True,
    }
    found = [point["found"] for point in story["expected"]]
    assert found[:4] == ["cancelled", "no rollback", "no hold", "0 repeated"]
    [sentence] = story["explanation"]
    assert sentence.startswith("medtronic (healthcare@1) is cancelled after ")


async def test_a_journal_that_was_tampered_with_fails_the_story(database_url: str) -> None:
    async with opened(database_url) as app:
        done = await played(app)
        async with app.door.db.connection() as connection:
            await connection.execute("SET session_replication_role = replica")
            await connection.execute("UPDATE journey_events SET reason = 'x' WHERE seq = 3")
        story = await tell(app.door, done)
    assert not story["ok"]
    assert not points(story)["the audit proves the journal and the row"]
    assert "event 3" in story["audit"]["faults"][0]
