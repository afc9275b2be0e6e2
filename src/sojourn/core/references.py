"""References in task inputs: ``${facts.region}`` stands for a value that is known only later."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sojourn.core.work import hint

JOURNEY_FIELDS: Final = ("id", "key", "path", "stage", "started_at", "metadata")
WAVE_FIELDS: Final = ("number", "percent", "previous")
FORMS: Final[Mapping[str, str]] = {
    "client": "client.id",
    "journey": "journey.id, journey.key, journey.path, journey.stage, journey.started_at "
    "or journey.metadata.<name>",
    "facts": "facts.<name>",
    "tasks": "tasks.<task>.output.<place>",
    "units": "units.<unit>.<task>.output.<place>",
    "item": "item or item.<place>",
    "wave": "wave.number, wave.percent or wave.previous",
}
"""Namespace -> how a reference into it is written."""

_TOKEN: Final = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
_DOLLAR: Final = "$"


class UnresolvedReference(LookupError):
    """A reference to what is not there; ``reference`` is it, the message says what there is."""

    def __init__(self, reference: "Reference", message: str) -> None:
        super().__init__(f"{reference}: {message}")
        self.reference = reference


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${text}``; ``closed`` is False where the brace at its end is missing."""

    text: str
    closed: bool = True

    def __str__(self) -> str:
        return f"${{{self.text}}}" if self.closed else f"${{{self.text}"

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the steps between the dots."""
        return tuple(self.text.split("."))

    @property
    def namespace(self) -> str:
        """Return the first step, which says where the value comes from."""
        return self.parts[0]


def find(value: Any) -> list[Reference]:
    """Return every reference in the strings of a JSON value, in order of appearance."""
    if isinstance(value, str):
        return [r for r in map(_reference, _TOKEN.finditer(value)) if r and r.text != _DOLLAR]
    return [found for part in _children(value) for found in find(part)]


def resolve(value: Any, scope: Mapping[str, Any]) -> Any:
    """Return a JSON value with its references replaced by what ``scope`` holds for them.

    ``scope`` maps namespaces to nested mappings, as in the references themselves. A string that is
    one reference becomes the value with its type; elsewhere the value is written into the string.
    A step into a list is an index, or is taken in each of its items (the outputs of a task with
    ``for_each`` are such a list). ``$${`` stands for ``${``, and ``${$}`` for a dollar sign.
    Raises :class:`UnresolvedReference`.
    """
    if not isinstance(value, str):
        return _mapped(value, lambda part: resolve(part, scope))
    if "$" not in value:
        return value
    whole = _TOKEN.fullmatch(value)
    only = _reference(whole) if whole else None
    if only:
        return _look_up(only, scope)
    return _TOKEN.sub(lambda match: _written(match, scope), value)


def bind(value: Any, scope: Mapping[str, Any]) -> Any:
    """Return a JSON value with only the references replaced whose namespace ``scope`` holds.

    The others stay for a later :func:`resolve`; nothing that came in from ``scope`` is read as a
    reference then. It is how ``item`` and ``wave`` are fixed when a task is planned.
    """
    if not isinstance(value, str):
        return _mapped(value, lambda part: bind(part, scope))
    if "$" not in value:
        return value
    whole = _TOKEN.fullmatch(value)
    only = _reference(whole) if whole else None
    if only and only.namespace in scope:
        return escape(_look_up(only, scope))
    return _TOKEN.sub(lambda match: _bound(match, scope), value)


def escape(value: Any) -> Any:
    """Return a JSON value that :func:`resolve` turns back into the given one."""
    if isinstance(value, str):
        return value.replace(_DOLLAR, "${$}")
    return _mapped(value, escape)


def fault(reference: Reference) -> str | None:
    """Say what is wrong with the way a reference is written; None when it is well formed."""
    if not reference.closed:
        return f"{reference} lacks its closing brace; write $${{ for a plain ${{"
    if not all(part and part == part.strip() for part in reference.parts):
        return f"{reference} has an empty step; write for example ${{facts.region}}"
    form = FORMS.get(reference.namespace)
    if form is None:
        return f"{reference} refers to {reference.namespace!r}{hint(reference.namespace, FORMS)}"
    return None if _well_formed(reference.parts) else f"{reference} is not complete; write {form}"


def _well_formed(parts: tuple[str, ...]) -> bool:
    match parts:
        case ("client", name):
            return name == "id"
        case ("journey", "metadata", *names):
            return bool(names)
        case ("journey", name):
            return name in JOURNEY_FIELDS
        case ("wave", name):
            return name in WAVE_FIELDS
        case ("facts", _, *_) | ("tasks", _, "output", *_) | ("units", _, _, "output", *_):
            return True
    return parts[0] == "item"


def _reference(match: re.Match[str]) -> Reference | None:
    return None if match[1] is None else Reference(match[1], bool(match[2]))


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: change(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [change(part) for part in value]
    return value


def _written(match: re.Match[str], scope: Mapping[str, Any]) -> str:
    reference = _reference(match)
    return _text(_look_up(reference, scope)) if reference else "${"


def _bound(match: re.Match[str], scope: Mapping[str, Any]) -> str:
    reference = _reference(match)
    if reference is None or reference.namespace not in scope:
        return match[0]
    return str(escape(_text(_look_up(reference, scope))))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value, default=str)


def _look_up(reference: Reference, scope: Mapping[str, Any]) -> Any:
    if reference.text == _DOLLAR:
        return _DOLLAR
    if not reference.closed:
        raise UnresolvedReference(reference, "the closing brace is missing")
    found: Any = scope
    for index, step in enumerate(reference.parts):
        try:
            found = _step(found, step)
        except LookupError as error:
            before = ".".join(reference.parts[:index])
            where = f"{before} has no {step!r}" if before else f"{step!r} is not known here"
            raise UnresolvedReference(reference, f"{where}{error.args[0]}") from None
    return found


def _step(found: Any, step: str) -> Any:
    if isinstance(found, Mapping):
        if step in found:
            return found[step]
        raise LookupError(hint(step, map(str, found)))
    if not isinstance(found, list | tuple):
        raise LookupError(f"; it is {_text(found):.60}")
    if not step.isdigit():
        return [_step(item, step) for item in found]
    if int(step) < len(found):
        return found[int(step)]
    raise LookupError(f"; it has {len(found)} items, counted from 0")
