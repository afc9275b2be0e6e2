import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sojourn.store.postgres import Database
from tests.faults.scene import Scene, open_scene


@pytest.fixture
async def scene(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A database, and a nursery of processes to torment."""
    scene = await open_scene(db, database_url, tmp_path)
    yield scene
    scene.nursery.close()


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be repeated: SOJOURN_TEST_SEED is the seed that a failed run has printed."""
    seed = int(os.environ.get("SOJOURN_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"SOJOURN_TEST_SEED={seed}")
    return random.Random(seed)
