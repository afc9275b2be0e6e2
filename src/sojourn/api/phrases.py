"""Errands in plain words: ``explain medtronic``, ``roll back acme to sandbox because ...``."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

Asked = tuple[str, dict[str, Any]]
"""An errand's name and its arguments."""

NAME: Final = r"(?P<client>\"[^\"]+\"|\S+)"
ALIASES: Final[Mapping[str, str]] = {
    "status": "get_journey",
    "stuck": "list_stuck",
    "start": "start_journey",
    "roll_back": "initiate_rollback",
    "rollback": "initiate_rollback",
}
"""Other names of errands."""
BECAUSE: Final = re.compile(r"\s+(?:because|reason:)\s+(?P<reason>.+)$", re.IGNORECASE | re.DOTALL)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace("NAME", NAME), re.IGNORECASE)


PHRASES: Final = (
    (
        "list_stuck",
        _pattern(r"(?:(?:list|show|which|who)\b.*\bstuck\b.*|stuck)(?:,? and why)?"),
    ),
    ("list_stuck", _pattern(r"(?P<everything>who needs (?:me|somebody|attention))")),
    ("explain", _pattern(r"(?:explain|why is) NAME(?: .*)?")),
    ("get_journey", _pattern(r"(?:status(?: of)?|show|how is) NAME(?: doing)?")),
    (
        "start_journey",
        _pattern(r"start(?: a journey for)? NAME(?: on (?P<path>\S+))?(?: until (?P<until>\S+))?"),
    ),
    ("approve", _pattern(r"approve NAME(?:'s)? (?P<criterion>\S+)")),
    ("promote", _pattern(r"promote NAME")),
    ("initiate_rollback", _pattern(r"roll ?back NAME(?: to (?P<target>\S+))?")),
    ("hold", _pattern(r"hold NAME")),
    ("resume", _pattern(r"resume NAME")),
    ("record", _pattern(r"record NAME (?P<name>[\w.-]+)\s*=\s*(?P<value>.+)")),
)


def understood(text: str) -> Asked | None:
    """Return the errand that a text asks for, None where it asks for nothing we know."""
    plain = " ".join(text.split()).rstrip("?!. ")
    why = BECAUSE.search(plain)
    if why:
        plain = plain[: why.start()]
    for name, pattern in PHRASES:
        if found := pattern.fullmatch(plain):
            given = {k: _value(k, v) for k, v in found.groupdict().items() if v is not None}
            return name, given | ({"reason": why["reason"]} if why else {})
    return None


def _value(key: str, text: str) -> Any:
    if key == "everything":
        return True
    if key == "value":
        return spoken(text)
    return text.strip('"')


def spoken(text: str) -> Any:
    """Return a value as it is written: a number, true, null or JSON as that, else a text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text.strip('"')


def errand_named(name: str) -> str:
    """Return an errand's own name for one of its names."""
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    return ALIASES.get(plain, plain)
