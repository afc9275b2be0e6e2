"""A table of a page as CSV: the very rows that are shown, times and numbers as machines read them."""

import csv
import io
from html.parser import HTMLParser
from typing import Final

from starlette.responses import Response

from sojourn.dashboard.fleet import safe

SKIPPED: Final = ("svg", "form", "button", "caption")
NUMBER: Final = str.maketrans({"\N{NARROW NO-BREAK SPACE}": None})
NOTHING: Final = "\N{EN DASH}"
Attrs = list[tuple[str, str | None]]


class _Reader(HTMLParser):
    """Reads the cells of the table of an id; what is hidden or drawn is left out."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.found = False
        self._name = name
        self._inside = False
        self._cell: list[str] | None = None
        self._skipped = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: Attrs) -> None:
        given = dict(attrs)
        if self._skipped:
            self._depth += tag == self._skipped
        elif tag == "table" and given.get("id") == self._name:
            self._inside = self.found = True
        elif self._inside:
            self._begin(tag, given)

    def _begin(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self._cell = []
        elif tag == "time" and self._cell is not None:
            self._cell.append(given.get("datetime") or "")
            self._skip(tag)
        elif tag in SKIPPED or "hidden" in (given.get("class") or "").split():
            self._skip(tag)

    def _skip(self, tag: str) -> None:
        self._skipped, self._depth = tag, 1

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._depth -= tag == self._skipped
            self._skipped = self._skipped if self._depth else ""
        elif tag == "table":
            self._inside = False
        elif tag in ("td", "th") and self._cell is not None:
            self.rows[-1].append(" ".join(" ".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._skipped:
            self._cell.append(data.translate(NUMBER))


def rows_of(page: str, name: str) -> list[list[str]] | None:
    """Return the rows of the table of an id, its heads first; None where there is none."""
    reader = _Reader(name)
    reader.feed(page)
    wide = max(map(len, reader.rows), default=0)
    # A row of a single cell across says that there is nothing.
    return [row for row in reader.rows if len(row) == wide] if reader.found else None


def sheet(page: str, name: str) -> Response | None:
    """Return the table of an id as a file; None where the page has none."""
    rows = rows_of(page, name)
    if rows is None:
        return None
    out = io.StringIO()
    csv.writer(out).writerows([plain(cell) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def plain(cell: str) -> str:
    """Return a cell that no spreadsheet runs; a dash that stands for nothing is nothing."""
    text = "" if cell == NOTHING else cell
    try:
        float(text)
    except ValueError:
        return str(safe(text))
    return text
