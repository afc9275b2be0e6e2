"""Many journeys in one picture: how many are where, as many of them as there is room for."""

from io import StringIO
from typing import Any

from rich.console import Console

from sojourn.cli.fleet_board import FleetBoard, counted
from sojourn.store.sets import Row


def row(client: str, stage: str = "pilot", **changes: Any) -> Row:
    usual = {
        "client_id": client, "current_stage": stage, "held_since": None, "rollbacks": 0,
        "rollout_percent": 0, "stage_started_at": 1, "ended_at": None,
    }  # fmt: skip
    return usual | changes


ROWS = [
    row("acme-1"),
    row("acme-2", held_since=1),
    row("acme-3", "production", rollout_percent=50),
    row("bank-1", "completed", ended_at=1),
    row("bank-2", "compliance", rollbacks=2),
    row("bank-3", "cancelled", ended_at=1),
]


def drawn(rows: list[Row], width: int, height: int) -> list[str]:
    console = Console(file=StringIO(), width=width, height=height, highlight=False)
    options = console.options.update(max_width=width, height=height)
    lines = console.render_lines(FleetBoard(rows, "Mon 05 Jan", "foot"), options)
    return ["".join(segment.text for segment in line) for line in lines]


def test_it_is_counted_how_many_are_where() -> None:
    assert counted(ROWS).plain == (
        "pilot 2 · production 1 · completed 1 · compliance 1 · cancelled 1 · held 1 · rollbacks 2"
    )


def test_every_journey_is_shown_where_there_is_room_and_the_ended_come_last() -> None:
    lines = drawn(ROWS, 80, 24)
    text = "\n".join(lines)
    for part in (
        "6 clients",
        "Mon 05 Jan",
        "▶ acme-1 pilot",
        "‖ acme-2",
        "50 %",
        "✓ bank-1",
        "foot",
    ):
        assert part in text
    assert text.index("bank-2") < text.index("bank-1")
    assert len(lines) <= 24


def test_a_hundred_journeys_leave_no_line_too_many() -> None:
    many = [row(f"client-{n:03d}") for n in range(100)]
    for width, height in ((80, 24), (40, 10), (200, 50)):
        lines = drawn(many, width, height)
        assert len(lines) <= height
        assert max(map(len, lines)) <= width
