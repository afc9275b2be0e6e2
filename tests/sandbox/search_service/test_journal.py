import os
from errno import ENOSPC
from itertools import count
from pathlib import Path

import pytest

from sojourn.sandbox.search_service.journal import Journal


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "changes.jsonl"
    first = Journal(path)
    first.write({"n": 1})
    first.write({"n": 2})
    assert [*Journal(path).entries()] == [{"n": 1}, {"n": 2}]
    first.close()
    first.close()


def test_a_line_that_a_crash_cut_short_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":')
    journal = Journal(path)
    journal.write({"n": 2})
    assert [*journal.entries()] == [{"n": 1}, {"n": 2}]


def test_without_a_path_nothing_is_kept() -> None:
    journal = Journal(None)
    journal.write({"n": 1})
    assert [*journal.entries()] == []
    journal.close()


def test_what_cannot_be_written_leaves_no_part_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "changes.jsonl")
    journal.write({"n": 1})
    write = os.write
    calls = count()

    def full(file: int, data: bytes) -> int:
        if next(calls) > 1:
            raise OSError(ENOSPC, "no space left")
        return write(file, data[:3])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space left"):
        journal.write({"n": 2})
    monkeypatch.undo()
    journal.write({"n": 3})
    assert [*journal.entries()] == [{"n": 1}, {"n": 3}]
