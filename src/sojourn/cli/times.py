"""Moments and durations for people: local time, and how long ago or ahead that is."""

from datetime import datetime, timedelta

from sojourn.cli.failures import bad
from sojourn.core.snapshot import span
from sojourn.paths import durations


def local(moment: datetime | None) -> str:
    """Return a moment in local time, to the minute; an empty text for none."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else ""


def ago(moment: datetime, now: datetime) -> str:
    """Return how far a moment is from now: ``3d 2h ago``, ``in 40min``, ``now``."""
    gap = now - moment
    if abs(gap) < timedelta(seconds=1):
        return "now"
    return f"{span(gap)} ago" if gap > timedelta(0) else f"in {span(-gap)}"


def when(moment: datetime | None, now: datetime) -> str:
    """Return a moment both ways: ``2026-11-22 10:00 (3d ago)``."""
    return f"{local(moment)} ({ago(moment, now)})" if moment else ""


def days(value: timedelta) -> float:
    """Return a duration in days, to the hundredth."""
    return round(value / timedelta(days=1), 2)


def moment(text: str, option: str = "--at") -> datetime:
    """Return a moment that a person wrote in ISO 8601; it needs its time zone."""
    example = "write it as 2026-11-22T10:00:00Z"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise bad(f"{option}: {text!r} is no time", example) from None
    if found.tzinfo is None:
        raise bad(f"{option}: {text} has no time zone", example)
    return found


def duration(text: str, option: str) -> timedelta:
    """Return a duration that a person wrote: ``7d``, ``90s``, ``1d12h``."""
    try:
        return durations.parse(text)
    except ValueError as error:
        raise bad(f"{option}: {error}") from None
