"""Running journeys move to another version of their path; what they have done stays done."""

from textwrap import dedent
from uuid import UUID

import pytest

from sojourn.control import RefusedError, preview
from sojourn.core.commands import Migrate
from sojourn.core.paths import Path
from sojourn.paths import load
from tests.doors import dump, rows
from tests.journeys.conftest import Told
from tests.journeys.small import SMALL
from tests.journeys.story import Story

FACTS = {"contract_signed": True, "cohort": 20}


def version(text: str) -> Path:
    return load(dedent(text))


STRICTER = SMALL.replace('is: ">= 0.8"', 'is: ">= 0.95"')
LONGER = SMALL.replace(
    "  - name: pilot\n",
    "  - name: review\n    exit: { criteria: [{ fact: reviewed }] }\n  - name: pilot\n",
)


async def test_a_changed_file_is_a_new_version_and_running_journeys_keep_theirs(
    told: Told,
) -> None:
    story, _ = told
    one = await story.start(SMALL, facts=FACTS)
    two = await story.start(STRICTER, "other", facts=FACTS)
    three = await story.start(SMALL, "third", facts=FACTS)
    shots = [await story.shot(j) for j in (one, two, three)]
    assert [(s.path.name, s.path.version) for s in shots] == [
        ("small", 1),
        ("small", 2),
        ("small", 1),
    ]
    for client in ("acme", "other"):
        await story.tell(client, quality=0.9)
    assert [await story.stage(j) for j in (one, two)] == ["pilot", "sandbox"]


async def test_a_journey_migrates_and_goes_on_by_the_new_rules(told: Told) -> None:
    story, agents = told
    journey = await story.start(SMALL, facts=FACTS)
    await story.start(STRICTER, "other")
    called = len(agents.calls)
    done = await story.do(journey, Migrate(actor="ann", path=version(STRICTER)))
    assert len(agents.calls) == called, "what is done stays done"
    shot = await story.shot(journey)
    assert (shot.path.version, shot.state.visit) == (2, 1)
    [event] = await story.events(journey, "path.migrated")
    assert (event["data"]["from"], event["data"]["to"]) == ("small@1", "small@2")
    assert done.before.path.version == 2
    await story.tell(quality=0.9)
    assert await story.stage(journey) == "sandbox"
    await story.tell(quality=0.96)
    assert await story.stage(journey) == "pilot"
    await story.verify(journey)


async def test_a_new_stage_ahead_is_gone_through(told: Told) -> None:
    story, _ = told
    journey = await story.start(SMALL, facts=FACTS)
    await story.do(journey, Migrate(actor="ann", path=version(LONGER)))
    await story.tell(quality=0.9)
    assert await story.stage(journey) == "review"
    await story.tell(reviewed=True)
    assert await story.stage(journey) == "pilot"
    assert await story.moves(journey) == ["start_journey", "promote_to_review", "promote_to_pilot"]


async def test_a_dry_run_says_the_same_and_writes_nothing(told: Told) -> None:
    story, _ = told
    journey = await story.start(SMALL, facts=FACTS)
    before = await dump(story.door.db)
    shown = await preview(story.door, journey, Migrate(actor="ann", path=version(STRICTER)))
    assert await dump(story.door.db) == before
    done = await story.do(journey, Migrate(actor="ann", path=version(STRICTER)))
    assert done.events == shown.events


async def refused(story: Story, journey: UUID, text: str, why: str) -> None:
    before = await dump(story.door.db)
    with pytest.raises(RefusedError, match=why):
        await story.do(journey, Migrate(actor="ann", path=version(text)))
    assert await dump(story.door.db) == before, "not even the path is left behind"


async def test_what_cannot_be_is_refused_and_leaves_nothing(told: Told) -> None:
    story, _ = told
    journey = await story.start(SMALL, facts=FACTS)
    await story.tell(quality=0.9)
    assert await story.stage(journey) == "pilot"
    await refused(story, journey, LONGER, "'review'")
    only = "name: small\nstages: [{ name: sandbox, exit: { criteria: [{ fact: x }] } }]"
    await refused(story, journey, only, "no stage 'pilot'")


async def test_a_client_has_one_active_journey_on_a_path_also_after_a_migration(
    told: Told,
) -> None:
    story, _ = told
    other = SMALL.replace("name: small", "name: big", 1)
    journey = await story.start(SMALL, facts=FACTS)
    await story.start(other)
    before = await dump(story.door.db)
    with pytest.raises(RefusedError) as caught:
        await story.do(journey, Migrate(actor="ann", path=version(other)))
    assert caught.value.refusal.code == "conflict"
    assert await dump(story.door.db) == before
    assert await rows(story.door.db, "SELECT count(*) FROM paths") == [(2,)]
