import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from rich.text import Text

from sojourn.cli import screen
from sojourn.core.work import Undo


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\x1b[2Jb", "a\N{REPLACEMENT CHARACTER}[2Jb"),
        ("a\x00\x9b\x7f", "a\N{REPLACEMENT CHARACTER}" * 1 + "\N{REPLACEMENT CHARACTER}" * 2),
        ("\u202eevil", "\N{REPLACEMENT CHARACTER}evil"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("Zürich ✓ 東京", "Zürich ✓ 東京"),
        (5, "5"),
    ],
)
def test_what_steers_a_terminal_is_taken_out(given: object, shown: str) -> None:
    assert screen.clean(given) == shown


def test_markup_of_others_is_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    screen.say("[red]x[/red]", Text("[b]y"))
    screen.say(screen.table(("[i]a",), [["[link=x]z"]]))
    out = capsys.readouterr().out
    assert "[red]x[/red]\n[b]y\n" in out
    assert "[link=x]z" in out


def test_a_long_line_is_not_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    screen.say("x" * 500)
    assert capsys.readouterr().out == "x" * 500 + "\n"


def test_json_has_plain_times_durations_and_ids() -> None:
    value = {
        "at": datetime(2026, 5, 3, tzinfo=UTC),
        "span": timedelta(minutes=1.5),
        "id": UUID(int=1),
        "path": Path("/x"),
        "sum": Decimal("1.5"),
        "hash": b"\x01",
        "names": {"b", "a"},
        "undo": Undo("x"),
        5: "five",
    }
    assert json.loads(screen.json(value)) == {
        "at": "2026-05-03T00:00:00+00:00",
        "span": 90.0,
        "id": "00000000-0000-0000-0000-000000000001",
        "path": "/x",
        "sum": 1.5,
        "hash": "01",
        "names": ["a", "b"],
        "undo": {"agent_id": "x", "input_data": {}},
        "5": "five",
    }


def test_compact_json_is_one_line() -> None:
    file = io.StringIO()
    screen.print_json({"a": [1, {"b": 2}]}, file, compact=True)
    assert file.getvalue() == '{"a":[1,{"b":2}]}\n'


def test_columns_of_numbers_stand_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    screen.say(screen.table(("name", "#n"), [["a", 5], ["b", 123]]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].rstrip().endswith("  5")
    assert lines[-1].rstrip().endswith("123")


def test_the_width_of_a_pipe_follows_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert screen.out().width == 40
    monkeypatch.delenv("COLUMNS")
    assert screen.out().width == screen.WIDE
    monkeypatch.setenv("COLUMNS", "wide")
    assert screen.out().width == screen.WIDE


def test_a_document_is_json_with_and_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.print_document({"a": 1}, plain=False)
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    monkeypatch.setattr(screen, "interactive", lambda: True)
    screen.print_document({"a": 1}, plain=False)
    assert json.loads(capsys.readouterr().out) == {"a": 1}
