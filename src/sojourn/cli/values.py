"""Values as people type them: ``name=value``; JSON, a bracketed list, or text."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from sojourn.cli.failures import bad
from sojourn.core.journal import keepable

RULE: Final = (
    "A value that is JSON is read as JSON (true, 25, 0.87, null, {...}); [a, b] is a list, of "
    "texts where its items are bare words; anything else is text."
)
LARGEST: Final = 1_000_000


def pairs(words: Iterable[str], what: str) -> dict[str, Any]:
    """Return ``name=value`` words as a mapping; ``what`` says what they are, for messages."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise bad(
                f"{what} {word[:60]!r} is not NAME=VALUE", "for example search_precision=0.87"
            )
        if name in found:
            raise bad(f"{what} {name} is given twice", "give each name once")
        found[name] = value(text, f"{what} {name}")
    return found


def value(text: str, place: str = "the value") -> Any:
    """Return what a typed value means; raises for what no database could keep."""
    found = _read(text)
    try:
        keepable(found, place)
    except ValueError as error:
        raise bad(str(error)) from None
    return found


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        pass
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        words = [word.strip() for word in inner[1:-1].split(",")]
        return [_item(word) for word in words if word]
    return text


def _item(word: str) -> Any:
    try:
        return json.loads(word, parse_constant=_refuse)
    except ValueError:
        return word


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def json_object(file: Path, option: str) -> dict[str, Any]:
    """Return the JSON object that a file holds."""
    try:
        text = file.read_bytes()
        if len(text) > LARGEST:
            raise bad(f"{option}: {file} is larger than {LARGEST:,} bytes")
        found = json.loads(text.decode("utf-8-sig"), parse_constant=_refuse)
    except OSError as error:
        raise bad(f"{option}: {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise bad(f"{option}: {file} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise bad(f"{option}: {file} must hold one JSON object, such as {{}}")
    try:
        keepable(found, option)
    except ValueError as error:
        raise bad(str(error)) from None
    return found
