"""The forms' errors in words for people: what is wrong, what is allowed, what was meant."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sojourn.core.work import hint
from sojourn.paths import schema
from sojourn.paths.criteria import KINDS
from sojourn.paths.forms import PATTERN_WORDS
from sojourn.paths.problems import Fault, Place

ONE_OF: Final = f"one of {', '.join(KINDS[:-1])} or {KINDS[-1]}"
KIND_NEEDED: Final = f"a criterion is a mapping with {ONE_OF}"
NO_EXIT: Final = "a gate without criteria never opens, so no journey could ever leave the stage"
_EMPTY: Final[Mapping[str, str]] = {
    "criteria": "a gate without criteria never opens; give it at least one, or leave the gate out",
    "exit": f"{NO_EXIT}; give it at least one",
    "tasks": "a unit of work needs at least one task",
    "stages": "a path needs at least one stage",
    "waves": "a rollout needs at least one wave, the last with percent: 100",
}
_NEEDED: Final[Mapping[str, str]] = {
    "string_type": "a text is needed",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_type": "a number is needed",
    "bool_type": "true or false is needed",
    "list_type": "a list is needed (each item begins with a dash)",
    "dict_type": "a mapping is needed (lines of key: value)",
    "model_type": "a mapping is needed (lines of key: value)",
    "model_attributes_type": "a mapping is needed (lines of key: value)",
}
_BOUNDS: Final[Mapping[str, str]] = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "is too long: at most {max_length} characters",
    "string_too_short": "must not be empty",
    "too_long": "has too many items: at most {max_length}",
}


def faults(error: ValidationError, most: int) -> list[Fault]:
    """Return the first errors of a form as faults of the document it was read from.

    Where nothing is written at all, the checks have said so already.
    """
    every = error.errors(include_url=False)
    told = (e for e in every if e["input"] is not None)
    return [_fault(e) for e in islice(told, most)]


def _fault(error: ErrorDetails) -> Fault:
    loc = error["loc"]
    at_key = error["type"] == "extra_forbidden" or (bool(loc) and loc[-1] == "[key]")
    place = tuple(s for s in loc if not (isinstance(s, str) and (s[:1] + s[-1:]) in ("<>", "[]")))
    if error["type"] == "missing":
        return Fault(place[:-1], _missing(loc))
    return Fault(place, _message(error, loc), at_key)


def _message(error: ErrorDetails, loc: Place) -> str:
    kind, given, bounds = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(loc)
    if kind == "union_tag_not_found":
        return _no_kind(given)
    if kind in ("enum", "literal_error"):
        allowed = re.findall(r"'([^']*)'", str(bounds.get("expected", "")))
        return f"{_show(given)} is not allowed here{_meant(str(given), allowed)}"
    if kind == "too_short":
        return _empty(loc)
    if kind == "string_pattern_mismatch":
        return f"{_show(given)} is not allowed here: {PATTERN_WORDS[bounds['pattern']]}"
    if kind in _BOUNDS:
        return f"{_show(given)} {_BOUNDS[kind].format(**bounds)}"
    if kind in _NEEDED:
        return _needed(_NEEDED[kind], given)
    return str(bounds.get("why", error["msg"]))


def _empty(loc: Place) -> str:
    own = str(loc[-1])
    if loc[-2:] == ("exit", "criteria"):
        own = "exit"
    return _EMPTY.get(own, "needs at least one item, or leave the key out")


def _unknown(loc: Place) -> str:
    own, allowed = str(loc[-1]), schema.part_at(loc[:-1]).get("properties", {})
    kind = loc[-2] if len(loc) > 1 and str(loc[-2]).startswith("<") else None
    if kind and own in KINDS:
        return f"a criterion looks at one thing only; this one has {str(kind)[1:-1]!r} already"
    if own == "<<":
        return "merge keys (<<) are not supported; write the keys out"
    return f"unknown key {own!r}{_meant(own, allowed)}"


def _meant(own: str, allowed: Iterable[str]) -> str:
    names = list(allowed)
    guess = hint(own, names)
    listed = f" (allowed: {', '.join(names)})"
    return guess + listed if "did you mean" in guess else listed


def _missing(loc: Place) -> str:
    part = schema.part_at(loc[:-1]).get("properties", {}).get(loc[-1], {})
    told = str(part.get("description", "")).split("\n")[0].rstrip(".")
    if loc[-1] == "exit":
        told = NO_EXIT
    return f"{str(loc[-1])!r} is missing" + (f": {_lower(told)}" if told else "")


def _no_kind(given: Any) -> str:
    if not isinstance(given, dict):
        return f"{KIND_NEEDED}, not {_show(given)}"
    for key in given:
        guess = hint(key, KINDS)
        if "did you mean" in guess:
            return f"unknown key {key!r}{guess} A criterion has {ONE_OF}"
    return f"a criterion needs {ONE_OF}"


def _needed(words: str, given: Any) -> str:
    quoted = words == _NEEDED["string_type"] and isinstance(given, bool | int | float)
    return f"{words}, not {_show(given)}" + (": put it in quotes" if quoted else "")


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else f"{value!r:.80}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
