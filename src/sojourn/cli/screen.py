"""The terminal: consoles, tables and JSON. Nothing from outside can send it control characters."""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod, RenderableType
from rich.json import JSON
from rich.table import Table
from rich.text import Text

WIDE: Final = 200
"""Columns where the output is no terminal and COLUMNS says nothing."""
ROOMY: Final = 120
"""Columns that a table with sentences in it needs."""
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_TAG: Final[Mapping[str, str]] = {
    "good": "green",
    "bad": "red",
    "warn": "yellow",
    "dim": "dim",
    "bold": "bold",
}


def out() -> Console:
    """Return the console of stdout: no colour where it is no terminal, or where NO_COLOR is set."""
    return _console(sys.stdout)


def err() -> Console:
    """Return the console of stderr."""
    return _console(sys.stderr)


def _console(file: TextIO) -> Console:
    wished = os.environ.get("COLUMNS", "")
    width = None if file.isatty() else int(wished) if wished.isdecimal() else WIDE
    return Console(file=file, highlight=False, markup=False, emoji=False, width=width)


def narrow() -> bool:
    """Say whether stdout has too few columns for wide tables."""
    return out().width < ROOMY


def interactive() -> bool:
    """Say whether stdout is a terminal."""
    return sys.stdout.isatty()


def clean(value: object) -> str:
    """Return a value as text without the characters that steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))


def text(value: object, style: str = "") -> Text:
    """Return a value as text in one of our styles: good, bad, warn, dim, bold."""
    return Text(clean(value), _TAG.get(style, style))


def say(*parts: object) -> None:
    """Print lines; texts from outside are made harmless."""
    console = out()
    for part in parts:
        shown: Any = part if isinstance(part, Text | Table) else text(part)
        console.print(shown, soft_wrap=isinstance(shown, Text))


def note(message: object) -> None:
    """Print a line on stderr, beside the answer."""
    err().print(text(message, "dim"), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; ``#`` before a column's name means numbers, ``!`` that it stays whole.

    Where the terminal is narrow, the other columns are wrapped.
    """
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name in columns:
        number, whole = name.startswith("#"), name[:1] in ("#", "!")
        justify: JustifyMethod = "right" if number else "left"
        made.add_column(name.lstrip("#!"), justify=justify, no_wrap=whole)
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return made


def answer(
    document: Any,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    nothing: str,
    *,
    as_json: bool,
) -> None:
    """Print a list: as its JSON document, as a table, or what is said where there is nothing."""
    if as_json:
        return print_json(document)
    every = list(rows)
    return say(table(columns, every) if every else nothing)


def _cell(value: object) -> RenderableType:
    if isinstance(value, Text):
        return value
    return text("" if value is None else value)


def print_json(value: Any, file: TextIO | None = None, *, compact: bool = False) -> None:
    """Print a value as JSON: indented, or with ``compact`` on one line."""
    print(json(value, compact=compact), file=file or sys.stdout, flush=True)


def print_document(value: Any, *, plain: bool) -> None:
    """Print a value whose answer is JSON in any case: in colour on a terminal, unless plain."""
    if plain or not interactive():
        return print_json(value)
    return out().print(JSON(json(value)), soft_wrap=True)


def json(value: Any, *, compact: bool = False) -> str:
    """Return a value as JSON; times as RFC 3339 in UTC, durations in seconds."""
    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
    if not compact:
        option |= orjson.OPT_INDENT_2
    return orjson.dumps(value, default=_plain, option=option).decode(errors="replace")


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    if is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Path | bytes):
        return value.hex() if isinstance(value, bytes) else str(value)
    return str(value)
