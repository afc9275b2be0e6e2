"""The shape of an answer: plain JSON of bounded size and depth that PostgreSQL can hold."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

import orjson

LIMIT: Final = 1 << 20
"""Bytes of an answer, unless the agent's entry says otherwise."""
DEPTH: Final = 32
INTEGERS: Final = range(-(2**63), 2**64)


class BadAnswer(ValueError):
    """An answer that cannot be used; the message names the place and is for a person."""


def decode(raw: bytes, limit: int = LIMIT) -> Any:
    """Return the JSON of an answer's bytes; raises :class:`BadAnswer` for anything else."""
    try:
        return plain(orjson.loads(raw), limit)
    except orjson.JSONDecodeError as error:
        raise BadAnswer(f"not JSON: {error}") from None


def plain(value: Any, limit: int = LIMIT) -> Any:
    """Return a value as plain JSON; raises :class:`BadAnswer` with the place of what is not."""
    found = _plain(value, "answer", DEPTH)
    size = len(orjson.dumps(found))
    if size > limit:
        raise too_large(size, limit)
    return found


def too_large(size: int, limit: int) -> BadAnswer:
    """Return the fault of an answer that is, or would be, larger than the limit (bytes)."""
    return BadAnswer(f"larger than {limit:,} bytes ({size:,} so far)")


def _plain(value: Any, place: str, depth: int) -> Any:
    if not depth:
        raise BadAnswer(f"nested deeper than {DEPTH} levels")
    if isinstance(value, Mapping):
        return {_key(k, place): _plain(v, f"{place}.{k}", depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, f"{place}[{i}]", depth - 1) for i, v in enumerate(value)]
    for fault in _faults(value):
        raise BadAnswer(f"{place:.120}: {fault}")
    return value


def _key(key: Any, place: str) -> str:
    if not isinstance(key, str):
        raise BadAnswer(f"{place:.120}: the key {key!r:.40} must be a string")
    for fault in _faults(key):
        raise BadAnswer(f"{place:.120}: the key {key!r:.40}: {fault}")
    return key


def _faults(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _text_faults(value)
    elif isinstance(value, float):
        if not isfinite(value):
            yield f"{value} is not a JSON number"
    elif isinstance(value, int):
        if value not in INTEGERS:
            yield "the number does not fit into 64 bits"
    elif value is not None:
        yield f"{type(value).__name__} is not JSON; convert it first"


def _text_faults(text: str) -> Iterator[str]:
    if "\x00" in text:
        yield "text must not contain NUL characters"
    try:
        text.encode()
    except UnicodeEncodeError:
        yield "text must not contain lone surrogates"
