"""Durations as people write them: ``30s``, ``15m``, ``6h``, ``7d``, ``2w``, ``1d12h``."""

import re
from datetime import timedelta
from typing import Final

UNITS: Final = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
PATTERN: Final = "^(?=[0-9])" + "".join(rf"(?:[0-9]+(?:\.[0-9]+)?{u})?" for u in UNITS) + "$"
LONGEST: Final = timedelta(days=3650)
ALLOWED: Final = "a duration is needed, such as 30s, 15m, 6h, 7d or 2w"

_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([wdhms])")
_SPOKEN: Final = re.compile(r"([0-9.]+)\s*(sec|min|hour|hr|day|week|[smhdw])[a-z]*", re.IGNORECASE)


def parse(text: object) -> timedelta:
    """Return a duration; ValueError says what is wrong and what is allowed.

    Units stand largest first, each at most once; nothing may be negative or over ten years.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        raise ValueError(_bare(text))
    length = parse_any(text)
    if length > LONGEST:
        raise ValueError(f"{text!r} is over ten years")
    return length


def parse_any(text: object) -> timedelta:
    """Return a duration of any length; ValueError as in :func:`parse`."""
    if not isinstance(text, str):
        raise ValueError(ALLOWED)
    if not re.fullmatch(PATTERN, text):
        raise ValueError(_wrong(text))
    return _sum(text)


def _sum(text: str) -> timedelta:
    try:
        return sum((float(n) * UNITS[u] for n, u in _PART.findall(text)), timedelta(0))
    except OverflowError:
        return timedelta.max


def write(length: timedelta) -> str:
    """Return a duration that :func:`parse` reads back exactly; ValueError for a negative one."""
    if length < timedelta(0):
        raise ValueError(f"a duration cannot be negative: {length}")
    days, rest = divmod(length, UNITS["d"])
    hours, rest = divmod(rest, UNITS["h"])
    minutes, rest = divmod(rest, UNITS["m"])
    seconds = f"{rest.seconds}.{rest.microseconds:06d}".rstrip("0").rstrip(".")
    parts = ((str(days), "d"), (str(hours), "h"), (str(minutes), "m"), (seconds, "s"))
    return "".join(number + unit for number, unit in parts if number != "0") or "0s"


def parse_range(text: object) -> tuple[timedelta, timedelta]:
    """Return both ends of ``10d..15d``; a single duration is a range from zero to it."""
    if not isinstance(text, str) or ".." not in text:
        return timedelta(0), parse(text)
    first, _, last = text.partition("..")
    ends = parse(first.strip()), parse(last.strip())
    if ends[0] > ends[1]:
        raise ValueError(f"{text!r} ends before it begins; write the shorter duration first")
    return ends


def _bare(number: float) -> str:
    if number < 0:
        return f"{number} is negative; {ALLOWED}"
    return f"{number} has no unit; write for example {number}s, {number}h or {number}d"


def _wrong(text: str) -> str:
    if text.strip().startswith("-"):
        return f"{text!r} is negative; {ALLOWED}"
    if re.fullmatch(r"[0-9.]+", text):
        return f"{text!r} has no unit; write for example {text}s, {text}h or {text}d"
    said = _SPOKEN.fullmatch(text.strip())
    close = said and f"{said[1]}{said[2][0].lower()}"
    if close and re.match(PATTERN, close):
        return f"{text!r} is not a duration; did you mean {close!r}?"
    return f"{text!r} is not a duration; {ALLOWED}"
