from collections.abc import AsyncIterator

import pytest

from sojourn.store.postgres import Database
from tests.api.served import Api, serving


@pytest.fixture
async def api(db: Database) -> AsyncIterator[Api]:
    """The API on a database of its own."""
    async with serving(db) as api:
        yield api
