"""Numbers, times and spans as people read them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from sojourn.core.judge import show
from sojourn.core.snapshot import span

DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
NONE: Final = "\N{EN DASH}"
"""Stands where there is nothing to say."""


def page_of(key: str) -> str:
    """Return the address of a journey's page; its key may hold any letters but a slash."""
    return f"/journeys/{quote(key, safe='')}"


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago a moment was: ``3h 12min ago``, ``now``, ``in 2d``."""
    if at is None:
        return NONE
    passed = now - at
    if abs(passed) < MINUTE:
        return "now"
    told = span(timedelta(minutes=abs(passed) // MINUTE))
    return f"{told} ago" if passed > timedelta(0) else f"in {told}"


def when(at: datetime | None) -> str:
    """Return a moment: ``2026-03-02 09:00`` in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else NONE


def day(at: datetime | None) -> str:
    """Return a day: ``2 Mar``."""
    return f"{at.astimezone(UTC):%-d %b}" if at else NONE


def days(value: timedelta | float | None) -> str:
    """Return days with a unit: ``12.4 d``; less than a day in hours, less than that in minutes."""
    if value is None:
        return NONE
    length = value if isinstance(value, timedelta) else DAY * value
    if length < timedelta(hours=1):
        return f"{length / MINUTE:.0f} min"
    if length < DAY:
        return f"{_short(length / timedelta(hours=1))} h"
    return f"{_short(length / DAY)} d"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def seconds(value: float | None) -> str:
    """Return a span of seconds as a person reads it."""
    if value is None:
        return NONE
    return f"{float(value):.2f} s" if value < 10 else span(timedelta(seconds=float(value)))


def percent(value: float | None) -> str:
    """Return a share: ``93 %``."""
    return NONE if value is None else f"{value * 100:.0f} %"


def number(value: Any) -> str:
    """Return any value as people read it."""
    if value is None:
        return NONE
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return show(value)


def plain(name: object) -> str:
    """Return a machine's name as words: ``security_vulnerability`` is ``security vulnerability``."""
    return str(name).replace("_", " ").replace("/", " · ")


def listed(names: Iterable[object]) -> str:
    """Return names one after another."""
    return ", ".join(map(str, names)) or NONE
