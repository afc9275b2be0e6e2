"""Parts of the live view keep to the lines and columns that they are given."""

import io

from rich.console import Console
from rich.text import Text

from sojourn.cli.layout import fitted, grid, heading, shares, spread


def drawn(part: object, width: int = 40) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(part)
    return file.getvalue().rstrip("\n").split("\n")


def rows(*may_go: bool) -> list[tuple[bool, list[Text]]]:
    return [(go, [Text(str(number))]) for number, go in enumerate(may_go)]


def shown(listed: list[tuple[bool, list[Text]]], room: int) -> list[str]:
    return [" ".join(cell.plain for cell in row) for row in fitted(listed, room, "hold")]


def test_all_rows_are_shown_where_there_is_room() -> None:
    assert shown(rows(True, False, True), 3) == ["0", "1", "2"]


def test_rows_that_may_be_left_out_go_first_and_are_counted() -> None:
    assert shown(rows(True, False, True, True, False), 4) == ["✓ 2 more hold", "1", "3", "4"]
    assert shown(rows(True, True, False, False), 3) == ["✓ 2 more hold", "2", "3"]


def test_what_nobody_may_leave_out_is_cut_off_where_there_is_no_room() -> None:
    assert shown(rows(False, False, False), 2) == ["0", "1"]


def test_lines_are_shared_by_need() -> None:
    assert shares(10, 3, 20) == (3, 7)
    assert shares(10, 20, 3) == (7, 3)
    assert shares(10, 20, 20) == (5, 5)
    assert shares(10, 2, 2) == (2, 2)


def test_a_heading_and_a_spread_line_fill_the_width() -> None:
    assert drawn(heading("Work", 40)) == ["Work " + "─" * 35]
    assert drawn(spread(Text("left"), Text("right"), 40)) == ["left" + " " * 31 + "right"]


def test_a_grid_cuts_what_is_too_long_and_never_wraps() -> None:
    [line] = drawn(grid((4, 0, 6), [[Text("icons"), Text("word " * 20), Text("n=1")]]))
    assert len(line) <= 40
    assert line.startswith("ico… word word")
    assert line.rstrip().endswith("n=1")
