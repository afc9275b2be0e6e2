import pytest

from sojourn.control.door import Door
from sojourn.store.postgres import Database
from tests.doors import still_door


@pytest.fixture
def door(shared: Database) -> Door:
    """A door to the database that the tests of a module share; each names clients of its own."""
    return still_door(shared)
