"""A path as a JSON document and back, without loss; the store keeps paths in this form.

The document says everything, defaults too, so that a journey's pinned path never changes under it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from enum import Enum
from functools import cache
from hashlib import sha256
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from sojourn.core.criteria import Criterion
from sojourn.core.paths import Path, StagePlan, Trigger
from sojourn.core.stages import as_stage
from sojourn.paths import durations


def to_document(path: Path) -> dict[str, Any]:
    """Return a path as a JSON value; durations are texts such as ``2d12h``."""
    return {f.name: _encode(getattr(path, f.name)) for f in fields(path)}


def from_document(document: Mapping[str, Any]) -> Path:
    """Return the path of a document; ValueError names the place that is not as it was written."""
    path: Path = _decode(Path, document, "path")
    return path


def digest(path: Path) -> str:
    """Return what identifies a path's content: the same for any formatting, order or comments."""
    document = to_document(replace(path, digest="", version=0))
    return sha256(_canonical(document).encode()).hexdigest()


def signed(path: Path) -> Path:
    """Return the path with its digest."""
    return replace(path, digest=digest(path))


def _canonical(document: Any) -> str:
    plain = _same_numbers(document)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _same_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _same_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_same_numbers(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _encode_field(value, f.name) for f in fields(value)}
    if isinstance(value, timedelta):
        return durations.write(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: _encode(part) for name, part in value.items()}
    return [_encode(part) for part in value] if isinstance(value, list | tuple) else value


def _encode_field(owner: Any, name: str) -> Any:
    value = getattr(owner, name)
    if name == "threshold" and isinstance(value, timedelta):
        return {"duration": durations.write(value)}
    return _encode(value)


def _decode(kind: Any, data: Any, place: str) -> Any:
    if get_origin(kind) is UnionType:
        kind = next(k for k in get_args(kind) if k is not NoneType)
        return None if data is None else _decode(kind, data, place)
    if get_origin(kind) is tuple:
        items = _expect(list, data, place)
        return tuple(
            _decode(get_args(kind)[0], item, f"{place}[{i}]") for i, item in enumerate(items)
        )
    if is_dataclass(kind):
        return _decode_fields(kind, _expect(dict, data, place), place)
    return _decode_value(kind, data, place)


def _decode_fields(kind: Any, data: Mapping[str, Any], place: str) -> Any:
    hints = _hints(kind)
    if unknown := data.keys() - hints.keys():
        raise ValueError(f"{place}: unknown {', '.join(sorted(unknown))}")
    found = {name: _decode(hints[name], part, f"{place}.{name}") for name, part in data.items()}
    for name in found:
        found[name] = _RESTORED.get((kind, name), _same)(found[name])
    try:
        return kind(**found)
    except TypeError as error:
        raise ValueError(f"{place}: {error}") from None


def _decode_value(kind: Any, data: Any, place: str) -> Any:
    if kind is Any:
        return data
    if kind is timedelta:
        return _parsed(durations.parse_any, data, place)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _parsed(kind, data, place)
    if kind is float:
        return _expect(int | float, data, place)
    return _expect(dict if get_origin(kind) else kind, data, place)


def _expect(kind: Any, data: Any, place: str) -> Any:
    wrong_bool = isinstance(data, bool) and kind is not bool
    if isinstance(data, kind) and not wrong_bool:
        return data
    raise ValueError(f"{place}: {kind.__name__ if isinstance(kind, type) else kind} expected")


def _parsed(read: Callable[[Any], Any], data: Any, place: str) -> Any:
    try:
        return read(data)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _same(value: Any) -> Any:
    return value


def _stage(name: str | None) -> str | None:
    return None if name is None else as_stage(name)


def _threshold(value: Any) -> Any:
    return durations.parse_any(value["duration"]) if isinstance(value, dict) else value


_RESTORED: Final[Mapping[tuple[type, str], Callable[[Any], Any]]] = {
    (StagePlan, "name"): _stage,
    (Trigger, "target"): _stage,
    (Criterion, "threshold"): _threshold,
}
"""Fields whose type alone does not say what they were."""
