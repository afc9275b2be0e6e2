"""The live view of many journeys: how many are where, and what happened last."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from time import monotonic
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.text import Text

from sojourn.cli import screen, watching
from sojourn.cli.layout import grid, heading, spread
from sojourn.cli.play import rows_of
from sojourn.control.door import Door
from sojourn.core.stages import JourneyStage
from sojourn.store.sets import Row

Watcher = Callable[[Door, asyncio.Event, str], Awaitable[None]]
PERIOD: Final = 0.5
SAID: Final = 10.0
"""Seconds between two lines where nothing is drawn."""
LINGERS: Final = 1.0
FIXED: Final = 5
WIDE: Final = 26
LOOK: Final[Mapping[str, str]] = {
    JourneyStage.COMPLETED: "good",
    JourneyStage.CANCELLED: "bad",
    JourneyStage.ROLLBACK: "warn",
}


class FleetBoard:
    """All journeys as something that the terminal can show, as tall as the terminal."""

    def __init__(self, rows: Sequence[Row], now: str, footer: str) -> None:
        """Draw rows as lists show them."""
        self._rows = rows
        self._now = now
        self._footer = footer

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the counts, and as many journeys as there is room for."""
        height, width = options.max_height, options.max_width
        footer = screen.text(self._footer, "dim")
        footer.truncate(width, overflow="ellipsis")
        yield Group(*self._parts(height, width), footer)

    def _parts(self, height: int, width: int) -> Iterator[RenderableType]:
        left = screen.text(f" {len(self._rows)} clients", "bold reverse")
        yield spread(left, screen.text(f"{self._now} ", "bold reverse"), width, "reverse")
        yield counted(self._rows)
        yield heading("Journeys", width)
        columns = max(width // WIDE, 1)
        room = max(height - FIXED, 1)
        shown = sorted(self._rows, key=lambda row: (row["ended_at"] is not None, row["client_id"]))
        cells = [_cell(row) for row in shown[: room * columns]]
        lines = [cells[n : n + columns] for n in range(0, len(cells), columns)]
        full = [[*line, *([Text()] * (columns - len(line)))] for line in lines]
        yield grid([WIDE] * columns, full)
        yield from (Text() for _ in range(room - len(full)))


def counted(rows: Sequence[Row]) -> Text:
    """Return in one line how many journeys are where, and held or rolled back."""
    stages = Counter(row["current_stage"] for row in rows)
    held = sum(bool(row["held_since"]) for row in rows)
    back = sum(row["rollbacks"] for row in rows)
    told = Text(" · ").join(
        screen.text(f"{stage} {count}", LOOK.get(stage, ""))
        for stage, count in stages.most_common()
    )
    return told.append(f" · held {held} · rollbacks {back}")


def _cell(row: Row) -> Text:
    stage = row["current_stage"]
    icon = "‖" if row["held_since"] else {"completed": "✓", "cancelled": "✗"}.get(stage, "▶")
    style = "warn" if row["held_since"] else LOOK.get(stage, "")
    served = row["rollout_percent"] if row["stage_started_at"] else 0
    share = f" {served} %" if served else ""
    cell = screen.text(f"{icon} {row['client_id']} {stage}{share}", style)
    cell.truncate(WIDE - 1, overflow="ellipsis")
    return cell


async def live(door: Door, stop: asyncio.Event, foot: str) -> None:
    """Draw the fleet on the whole terminal, which looks as before when it is over."""
    since = monotonic()
    with Live(console=screen.out(), screen=True, auto_refresh=False) as view:
        while True:
            last = stop.is_set()
            now = f"{door.now():%a %d %b %Y %H:%M}"
            board = FleetBoard(await rows_of(door), now, f"{foot} · {monotonic() - since:.0f} s")
            view.update(board, refresh=True)
            if last:
                break
            await watching.rest(stop, PERIOD)
        await asyncio.sleep(LINGERS)


async def plain(door: Door, stop: asyncio.Event, foot: str) -> None:
    """Tell now and then how many are where."""
    screen.note(foot)
    while not stop.is_set():
        await watching.rest(stop, SAID)
        rows = await rows_of(door)
        screen.say(screen.text(f"{door.now():%a %d %b %H:%M}  ", "dim").append(counted(rows)))


async def silent(_door: Door, _stop: asyncio.Event, _foot: str) -> None:
    """Show nothing."""
    return
