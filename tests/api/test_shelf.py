from pathlib import Path

import pytest

from sojourn.api.problems import ProblemError
from sojourn.api.shelf import files, path_named
from sojourn.control import start
from sojourn.paths import PathError, load
from sojourn.store.postgres import Database
from tests.doors import still_door
from tests.journeys.small import SMALL


async def test_a_name_is_a_file_or_else_what_the_database_has(db: Database, tmp_path: Path) -> None:
    door = still_door(db)
    (tmp_path / "own.yaml").write_text(SMALL.replace("name: small", "name: own"))
    (tmp_path / "bad.yaml").write_text("name: bad\n")
    assert {"standard", "own"} <= files(tmp_path).keys()
    assert (await path_named(door, tmp_path, "own")).name == "own"
    assert (await path_named(door, None, "standard")).name == "standard"
    await start(door, load(SMALL), "acme", "ann")
    assert (await path_named(door, None, "small")).version == 1
    assert (await path_named(door, None, "small@1")).version == 1
    with pytest.raises(PathError):
        await path_named(door, tmp_path, "bad")


@pytest.mark.parametrize("name", ["smal", "small@2", "small@x", "small@0", "../small", "@", ""])
async def test_no_other_name_means_a_path(db: Database, name: str) -> None:
    door = still_door(db)
    await start(door, load(SMALL), "acme", "ann")
    with pytest.raises(ProblemError) as refused:
        await path_named(door, None, name)
    assert refused.value.status == 422
