"""Checks of a gate as people see them: icon, word and colour, with value, count and age."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from rich.table import Table
from rich.text import Text

from sojourn.cli import screen
from sojourn.core.criteria import CriteriaCheck, Verdict, verdict_of, words
from sojourn.core.judge import show
from sojourn.core.snapshot import span

MARKS: Final = {
    Verdict.PASSED: ("✓", "good"),
    Verdict.FAILED: ("✗", "bad"),
    Verdict.ERROR: ("!", "bad"),
    Verdict.INSUFFICIENT_DATA: ("?", "dim"),
    Verdict.PENDING: ("…", "warn"),
    Verdict.WAIVED: ("~", "warn"),
}
COLUMNS: Final = ("!verdict", "!check", "#value", "!needed", "#n", "#age", "what is said of it")
NARROW: Final = 6
"""How many of the columns a narrow terminal shows; explain says the rest."""


def mark(verdict: str) -> Text:
    """Return a verdict with its icon."""
    found = Verdict(verdict)
    icon, style = MARKS[found]
    return screen.text(f"{icon} {words(found)}", style)


def listed(checks: Iterable[CriteriaCheck], now: datetime) -> Table:
    """Return checks as a table."""
    shown = NARROW if screen.narrow() else len(COLUMNS)
    return screen.table(COLUMNS[:shown], (_row(c, now)[:shown] for c in checks))


def _row(check: CriteriaCheck, now: datetime) -> list[object]:
    seen = check.observed_at
    return [
        mark(verdict_of(check)),
        check.name,
        _value(check),
        show(check.expected_value),
        check.n,
        span(now - seen) if seen else "",
        check.message,
    ]


def _value(check: CriteriaCheck) -> str:
    """Return the value, unless the message says the same in words."""
    value = check.actual_value
    told = value is None or (isinstance(value, str) and value in check.message)
    return "" if told else show(value)


def headline(summary: str) -> str:
    """Return how many checks hold; the table beside it says which."""
    return summary.partition(":")[0]


WATCHED: Final = ("!trigger", "!trips when", "#value", "#n", "#age", "says")


def watched(checks: Iterable[CriteriaCheck], now: datetime) -> Table:
    """Return triggers as a table: a check that passes means that what must not be is so."""
    shown = len(WATCHED) - screen.narrow()
    rows = ([_armed(c), show(c.expected_value), _value(c), *_row(c, now)[4:]] for c in checks)
    return screen.table(WATCHED[:shown], (row[:shown] for row in rows))


def _armed(check: CriteriaCheck) -> Text:
    if check.passed:
        return screen.text(f"✗ {check.name} tripped", "bad")
    unknown = check.holds is None
    return screen.text(f"{'?' if unknown else '✓'} {check.name}", "dim" if unknown else "good")
