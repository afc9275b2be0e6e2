"""The live view fits the terminal, whatever its size, and says what the rows say."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console
from rich.screen import Screen

from sojourn.cli.board import Board
from sojourn.cli.picture import Picture
from sojourn.core.explain import explain
from sojourn.core.journeys import Hold, JourneyState
from tests.cli.plays import photographed

SIZES = [(80, 24), (120, 40), (60, 16), (200, 60)]


def drawn(picture: Picture, width: int, height: int) -> list[str]:
    """Return what the terminal would show: everything beyond its last line is lost."""
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, highlight=False)
    console.print(Screen(Board(picture, "a day takes 2 s")), end="")
    return file.getvalue().split("\n")


@pytest.fixture
async def picture(database_url: str) -> Picture:
    """All work done, and the demo's approval missing."""

    def done(found: Picture) -> bool:
        return len(found.shot.units) == 5 and all(unit.done for unit in found.shot.units)

    return await photographed(database_url, done)


async def test_the_view_fits_and_says_what_there_is(picture: Picture) -> None:
    for width, height in SIZES:
        lines = drawn(picture, width, height)
        assert len(lines) == height
        assert max(map(len, lines)) <= width
        assert lines[0].startswith(" medtronic · Healthcare on")
        assert "▶ Sandbox" in lines[1]
        assert "1." in lines[2]
        assert any(line.startswith("Gate sandbox/exit: ") for line in lines)
        assert "a day takes 2 s" in "".join(lines)

    shown = "\n".join(drawn(picture, 120, 40))
    assert "Healthcare" in shown
    assert "… pending  Client stakeholder demo approved" in shown
    assert "✓ passed   Test queries return relevant results" in shown
    assert ">= 0.8" in shown
    assert "n=64" in shown
    assert "ball with the client" in shown
    assert "↻ Security audit" in shown
    assert "tom.keller records data_sources = confluence, sharepoint, salesforce" in shown
    assert "Tue 06 Jan 2026" in drawn(picture, 80, 24)[0]

    small = "\n".join(drawn(picture, 80, 24))
    # Nothing that keeps the gate shut is left out where lines are few.
    for check in picture.told.result.failing:
        assert check.verdict is not None
    assert small.count("? no data") + small.count("… pending") == len(picture.told.result.failing)


async def test_a_hold_a_rollback_and_the_end_are_said_in_the_status_line(picture: Picture) -> None:
    state = picture.shot.state
    held = replace(state, hold=Hold(picture.now, "the client is away", "dana"))
    assert "‖ Held by dana: the client is away" in status(picture, held)
    back = replace(state, current_stage="rollback", target_stage="sandbox")
    assert "↩ Rolling back to sandbox" in status(picture, back)
    ended = replace(state, current_stage="completed", ended_at=picture.now)
    assert "The journey is completed." in status(picture, ended)


def status(picture: Picture, state: JourneyState) -> str:
    shot = replace(picture.shot, state=state)
    moved = replace(picture, shot=shot, told=explain(shot, picture.now))
    return drawn(moved, 80, 24)[4]


async def test_time_over_the_target_is_seen(picture: Picture) -> None:
    first, *rest = picture.legs
    for spent, filled in ((timedelta(days=7.5), 9), (timedelta(days=60), 18)):
        late = replace(first, spent=spent)
        bars = drawn(replace(picture, legs=(late, *rest)), 80, 24)[3]
        assert bars.count("━") == filled
