from collections.abc import AsyncIterator

import pytest

from sojourn.store.postgres import Database
from tests.journeys.story import Agents, Story, open_story

Told = tuple[Story, Agents]


@pytest.fixture
async def told(db: Database) -> AsyncIterator[Told]:
    """A story to tell, and its agents."""
    story, agents = open_story(db)
    yield story, agents
    await story.worker.close()
    await story.lease.close()
