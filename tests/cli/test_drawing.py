from uuid import UUID

import pytest

from sojourn.app import App
from sojourn.cli import drawing, screen, session
from sojourn.cli.portrait import take
from tests.cli.terminal import Terminal


def drawn(acme: Terminal, capsys: pytest.CaptureFixture[str]) -> str:
    key = UUID(acme("list", "--all", "--json").json["journeys"][0]["journey_id"])

    async def work(app: App) -> None:
        screen.out().print(drawing.drawn(await take(app, key)))

    session.run(work)
    return capsys.readouterr().out


def test_empty_parts_are_left_out(acme: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    said = drawn(acme, capsys)
    assert "Gate sandbox/exit" in said
    assert "Triggers" in said
    assert "Work" in said
    assert "Open alerts" not in said
    assert "Rollbacks" not in said


def test_a_rollback_in_progress_is_seen(acme: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    acme.settle()
    acme("rollback", "acme", "--reason", "client asks", "--as", "bob")
    said = drawn(acme, capsys)
    assert "↩ rolling back to sandbox" in said
    assert "notify: client asks" in said
    assert "sojourn explain acme" in said
    assert "Rollbacks" in said
    assert "client_request" in said
    assert "Undo load" in said


def test_a_hold_and_an_end_are_seen(acme: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    acme("hold", "acme", "--reason", "summer", "--as", "ann")
    assert "HELD by ann since" in drawn(acme, capsys)
    acme("cancel", "acme", "--reason", "over")
    said = drawn(acme, capsys)
    assert "✗ cancelled" in said
    assert "ended " in said
    assert "ball:" not in said


def test_what_others_wrote_cannot_steer_the_terminal(
    acme: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    acme("hold", "acme", "--reason", "[bold]x[/bold] \\u001b[31m")
    acme.sql("UPDATE journey_states SET hold_reason = E'\\x1b[2J[red]y'")
    said = drawn(acme, capsys)
    assert "\x1b" not in said
    assert "[red]y" in said


def test_in_brief_what_rests_is_left_out(
    acme: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    acme.settle()
    key = UUID(acme("list", "--json").json["journeys"][0]["journey_id"])

    async def work(app: App) -> None:
        screen.out().print(drawing.drawn(await take(app, key), brief=True))

    session.run(work)
    said = capsys.readouterr().out
    assert "install" in said
    assert "prepare" not in said
    assert "Triggers" not in said
