"""Parts of the live view: headings, grids that keep to their lines, lines that may be left out."""

from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from sojourn.cli import screen

Rows = Sequence[tuple[bool, Sequence[Text]]]
"""Rows of cells, each with whether it may be left out where there is no room."""


def heading(words: str, width: int) -> Text:
    """Return a title with a line behind it."""
    return screen.text(f"{words} ", "bold").append("─" * max(width - len(words) - 1, 0), "dim")


def spread(left: Text, right: Text, width: int, style: str = "") -> Table:
    """Return a line with something at either end."""
    made = Table.grid(expand=True)
    made.width = width
    made.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    made.add_column(justify="right", no_wrap=True)
    made.add_row(left, right, style=style)
    return made


def grid(widths: Sequence[int], rows: Iterable[Sequence[Text]]) -> Table:
    """Return rows in columns, each one line tall; columns of width 0 share what is left."""
    made = Table.grid(expand=True, padding=(0, 1))
    for width in widths:
        ratio = None if width else 1
        made.add_column(width=width or None, ratio=ratio, no_wrap=True, overflow="ellipsis")
    for row in rows:
        made.add_row(*row)
    return made


def fitted(rows: Rows, room: int, word: str) -> Iterator[Sequence[Text]]:
    """Yield as many rows as there is room; those that may be left out go first, and are counted."""
    over = len(rows) - room
    spare = [number for number, (may_go, _) in enumerate(rows) if may_go]
    gone = set(spare[: over + 1]) if over > 0 else set()
    kept = [row for number, (_, row) in enumerate(rows) if number not in gone]
    if gone:
        yield [screen.text("✓", "good"), screen.text(f"{len(gone)} more {word}", "dim")]
    yield from kept[: room - bool(gone)]


def shares(room: int, first: int, second: int) -> tuple[int, int]:
    """Share lines between two parts: what one does not need, the other may have."""
    half = room - room // 2
    return min(first, max(half, room - second)), min(second, max(room - half, room - first))
