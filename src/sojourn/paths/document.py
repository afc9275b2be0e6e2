"""YAML text to plain data, with the line and column of every key and value.

Only what JSON can hold is let through: no tags, no dates, no ``yes`` for true, no endless numbers.
Depth, size and the expansion of aliases are bounded, so that no file can exhaust the machine.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from sojourn.paths.problems import Fault, Place

DEPTH: Final = 40
NODES: Final = 20_000
LARGEST: Final = 2**53

_TAG: Final = "tag:yaml.org,2002:"
_TYPES: Final = {_TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map")}
_BAD_CHARACTER: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)

Mark = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document as data; ``values`` and ``keys`` hold where each stands in the text."""

    data: Any = None
    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def mark(self, fault: Fault) -> Mark:
        """Return where a fault stands, or the nearest thing around it that stands anywhere."""
        place = fault.place
        if fault.at_key and place in self.keys:
            return self.keys[place]
        while place not in self.values and place:
            place = place[:-1]
        return self.values.get(place, (1, 1))


class Unreadable(Exception):
    """The text is no YAML document that may be read; ``mark`` is where it stops being one."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark = mark


def read(text: str) -> Document:
    """Return the document of a text; raises :class:`Unreadable` at the first syntax error.

    Duplicate keys, tags and values that JSON cannot hold are faults of the document, all of them.
    """
    bad = _BAD_CHARACTER.search(text)
    if bad:
        named = "a NUL byte" if bad[0] == "\0" else f"the character U+{ord(bad[0]):04X}"
        raise Unreadable(mark_of(text, bad.start()), f"{named} stands here; remove it")
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise Unreadable(*_explained(error, text)) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise Unreadable(_mark(loader.get_mark()), f"this is not YAML: {error}") from None
    finally:
        loader.dispose()
    if root is None or (isinstance(root, yaml.ScalarNode) and root.tag == _TAG + "null"):
        raise Unreadable((1, 1), "the file is empty; a path begins with name: and stages:")
    return _Converter().document(root)


def mark_of(text: str, offset: int) -> Mark:
    """Return line and column of a character of a text."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


class _Loader(yaml.SafeLoader):
    """PyYAML's reader with the few plain values of YAML 1.2, and bounds."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - PyYAML's own protocol

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node unless the document has grown too deep or too large."""
        self.depth += 1
        self.count += 1
        if self.depth > DEPTH or self.count > NODES:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise Unreadable(_mark(mark), _too_much(self.depth > DEPTH))
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _name, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", "[-+]?[0-9]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), list(_first))


def _too_much(deep: bool) -> str:
    if deep:
        return f"this is nested more than {DEPTH} levels deep, or an alias holds itself"
    return f"the file holds more than {NODES} values, aliases written out; no path needs that many"


class _Converter:
    """Turns nodes into data, aliases written out, and remembers where everything stands."""

    def __init__(self) -> None:
        self.found = Document()
        self.count = 0

    def document(self, root: yaml.Node) -> Document:
        data = self.convert(root, ())
        return Document(data, self.found.values, self.found.keys, self.found.faults)

    def convert(self, node: yaml.Node, place: Place) -> Any:
        self.count += 1
        if self.count > NODES or len(place) > DEPTH:
            raise Unreadable(_mark(node.start_mark), _too_much(len(place) > DEPTH))
        self.found.values[place] = _mark(node.start_mark)
        if node.tag not in _TYPES:
            tag = node.tag.replace(_TAG, "!!")
            return self.fault(
                place, f"the tag {tag} is not allowed; quote a text that begins with !"
            )
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.convert(item, (*place, i)) for i, item in enumerate(node.value)]
        return self.scalar(node.tag.removeprefix(_TAG), node.value, place)

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            name = self.key(key, place)
            if name is None:
                continue
            inner = (*place, name)
            if name in data:
                line = self.found.keys[inner][0]
                self.found.keys[inner] = _mark(key.start_mark)
                self.fault(inner, f"{name!r} stands twice, first in line {line}", at_key=True)
                continue
            self.found.keys[inner] = _mark(key.start_mark)
            data[name] = self.convert(value, inner)
        return data

    def key(self, node: yaml.Node, place: Place) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "str":
            name = str(node.value)
            return name if self.sound(name, place) else None
        mark = _mark(node.start_mark)
        shown = node.value if isinstance(node, yaml.ScalarNode) else "a list or mapping"
        self.found.values[(*place, str(mark))] = mark
        self.fault((*place, str(mark)), f"a key must be a text, not {shown or 'nothing'}")
        return None

    def scalar(self, kind: str, text: str, place: Place) -> Any:
        match kind:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" | "float":
                return self.number(text, place, whole=kind == "int")
        return text if self.sound(text, place) else None

    def number(self, text: str, place: Place, *, whole: bool) -> float | None:
        value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if not math.isfinite(value) or (whole and abs(value) > LARGEST):
            self.fault(place, f"{text:.40} is not a number that can be used here")
            return None
        return int(text) if whole else value

    def sound(self, text: str, place: Place) -> bool:
        bad = _BAD_CHARACTER.search(text)
        if bad:
            self.fault(place, f"the text holds the character U+{ord(bad[0]):04X}; remove it")
        return not bad

    def fault(self, place: Place, message: str, *, at_key: bool = False) -> None:
        self.found.faults.append(Fault(place, message, at_key))


def _mark(mark: Any) -> Mark:
    return mark.line + 1, mark.column + 1


_PLAIN_WORDS: Final = (
    ("while scanning a block scalar", 'a text that begins with > or | must be quoted: is: ">= 0.85"'),
    ("while scanning a directive", "a line that begins with % must be quoted"),
    ("mapping values are not allowed", "a colon does not fit here; check the indentation, or quote the text"),
    ("but found '<block mapping start>'", "the indentation does not fit the lines above"),
    ("but found '<block sequence start>'", "the indentation does not fit the lines above"),
    ("expected <block end>", "this does not fit the lines above; check indentation, quotes and brackets"),
    ("expected a single document", "a second document begins here (---); a path file holds one path"),
    ("could not find expected ':'", "a colon is missing here, or the indentation does not fit"),
    ("found undefined alias", "this alias (*name) has no anchor (&name) above it"),
    ("unexpected end of stream", "the file ends within a quoted text; a closing quote is missing"),
    ("expected ',' or", "a comma or a closing bracket is missing here"),
)  # fmt: skip


def _explained(error: yaml.MarkedYAMLError, text: str) -> tuple[Mark, str]:
    mark = error.problem_mark or error.context_mark
    said = f"{error.context or ''} {error.problem or ''}"
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return _mark(mark), "a tab stands here; YAML is indented with spaces only"
    words = next((plain for sign, plain in _PLAIN_WORDS if sign in said), None)
    return (_mark(mark) if mark else (1, 1)), words or f"this is not YAML: {said.strip()}"
