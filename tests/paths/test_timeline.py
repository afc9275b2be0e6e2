"""The paths that come with Sojourn, from contract to completed, done by the reference agents."""

import importlib
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
import yaml

from sojourn.core.commands import Approve, Promote
from sojourn.core.criteria import Observe
from sojourn.core.outcomes import Call, Outcome
from sojourn.core.paths import Path
from sojourn.paths import builtin, load_file
from sojourn.store.postgres import Database
from tests.doors import START, still_door
from tests.journeys.story import Story
from tests.paths.test_builtin import agents_file

TARGETS = {name: a["target"] for name, a in yaml.safe_load(agents_file())["agents"].items()}
VALUES = {
    "data_sources": ["confluence", "sharepoint", "slack"],
    "pilot_cohort_size": 25,
    "data_residency": "eu",
}
"""Facts that are more than true."""
DAY = timedelta(days=1)
ROLES = ("approver", "compliance_officer", "risk_officer")


class ReferenceAgents:
    """The reference agents, called as functions."""

    async def send(self, call: Call) -> Outcome:
        module, _, function = TARGETS[call.agent_id].partition(":")
        outcome: Outcome = await getattr(importlib.import_module(module), function)(call)
        return outcome

    async def poll(self, call: Call) -> Outcome:
        return await self.send(call)

    async def cancel(self, call: Call) -> None:
        """Nothing of theirs outlasts a call."""


@pytest.fixture
async def story(db: Database) -> AsyncIterator[Story]:
    story = Story(still_door(db), ReferenceAgents())
    yield story
    await story.worker.close()
    await story.lease.close()


def facts(path: Path) -> dict[str, object]:
    """Return all facts that a path's gates ask for."""
    asked = [c for s in path.stages for c in (*s.entry.criteria, *s.exit.criteria)]
    return {c.subject: VALUES.get(c.subject, True) for c in asked if c.observe == Observe.FACT}


async def say_yes(story: Story, journey: UUID) -> None:
    """Let two people approve what is to be approved, and pass a gate that waits for a person."""
    for actor in ("zoe", "yan"):
        for name in await open_approvals(story, journey):
            await story.do(journey, Approve(actor=actor, roles=ROLES, criterion=name))
    if (await story.explain(journey)).result.passed:
        await story.do(journey, Promote(actor="ann"))


async def open_approvals(story: Story, journey: UUID) -> list[str]:
    """Return the approvals that the journey waits for now."""
    path = (await story.shot(journey)).path
    every = [c for s in path.stages for c in (*s.entry.criteria, *s.exit.criteria)]
    approvals = {c.name for c in every if c.observe == Observe.APPROVAL}
    checks = (await story.explain(journey)).result.checks
    return [c.name for c in checks if c.name in approvals and not c.passed]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("standard", 15, 18), ("healthcare", 16, 20), ("financial_services", 26, 32)],
)
async def test_a_journey_takes_as_long_as_its_evidence_and_no_longer(
    story: Story, name: str, least: int, most: int
) -> None:
    path = load_file(builtin()[name])
    journey = await story.start(builtin()[name].read_text(), "medtronic", facts=facts(path))
    while await story.stage(journey) != "completed" and story.now < START + most * DAY:
        await say_yes(story, journey)
        await story.pass_time(days=1)
    promotions = [f"promote_to_{stage}" for stage in path.names[1:]]
    assert await story.moves(journey) == ["start_journey", *promotions, "mark_complete"]
    ended = (await story.shot(journey)).state.ended_at
    assert ended is not None
    assert START + least * DAY <= ended <= START + most * DAY
    await story.verify(journey)
