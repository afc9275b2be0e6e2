import os
import signal
from pathlib import Path

import pytest

from sojourn.cli import keeper
from sojourn.store.cluster import Cluster
from sojourn.store.errors import DatabaseError


def test_nobody_keeps_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert keeper.pid(tmp_path / "none") == 0
    keeper.stop(tmp_path / "none")


def test_a_stale_name_is_no_keeper(tmp_path: Path) -> None:
    """The number that a dead keeper left may be any other process by now."""
    (tmp_path / "keeper.lock").write_text(str(os.getpid()))
    assert keeper.pid(tmp_path) == 0


def test_a_keeper_starts_again_what_was_killed_and_stops_it_at_its_end(data_dir: Path) -> None:
    keeper.start(data_dir)
    try:
        assert keeper.pid(data_dir) > 0
        first = Cluster(data_dir).process()
        os.kill(first, signal.SIGKILL)
        keeper._until(lambda: Cluster(data_dir).process() not in (0, first), "is not revived")
        keeper._until(Cluster(data_dir).running, "does not run")
        with pytest.raises(DatabaseError, match=r"keeps .* already"):
            keeper.start(data_dir)
    finally:
        keeper.stop(data_dir)
    assert keeper.pid(data_dir) == 0
    assert not Cluster(data_dir).running()


def test_a_keeper_ends_when_its_directory_is_gone(copied_data_dir: Path) -> None:
    keeper.start(copied_data_dir)
    process = keeper._CHILDREN[-1]
    server = Cluster(copied_data_dir)
    number = server.process()
    try:
        (copied_data_dir / "keeper.lock").unlink()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
    assert number > 0
    assert not server.running()


def test_a_directory_that_cannot_be_used_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="Cannot write in"):
        keeper.start(tmp_path / "file")
