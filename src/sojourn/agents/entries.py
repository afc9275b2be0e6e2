"""Reading the directory's YAML: faults name the file and the line, and what was meant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from sojourn.agents.protocols import faults
from sojourn.agents.spec import AgentSpec, BreakerSpec, Entry, OAuth2, SpecAuth

LARGEST: Final = 1 << 20
Place = tuple[str | int, ...]
KEYS: Final[Mapping[str, type[Entry]]] = {
    "auth": SpecAuth,
    "oauth2": OAuth2,
    "breaker": BreakerSpec,
}


class BadDirectory(ValueError):
    """A directory file that cannot be used; the message names file and line of every fault."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file: its data, and the line of each place in it."""

    name: str
    data: Any
    lines: Mapping[Place, int]

    def fault(self, place: Place, message: str) -> str:
        """Return a fault with the file and line of its place, or of the nearest one around it."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        dotted = ".".join(map(str, place))
        return f"{self.name}:{self.lines.get(known, 1)}: {dotted}: {message}"


def parse(text: str, name: str) -> Mapping[str, AgentSpec]:
    """Return the agents of a directory's text; raises :class:`BadDirectory`."""
    source = _source(text, name)
    data = {} if source.data is None else source.data
    if not isinstance(data, dict) or set(data) - {"agents"}:
        raise BadDirectory(f"{name}:1: the file must hold one key, agents:")
    agents = {} if data.get("agents") is None else data["agents"]
    if not isinstance(agents, dict):
        raise BadDirectory(source.fault(("agents",), "must map an agent's id to its entry"))
    found: dict[str, AgentSpec] = {}
    bad: list[str] = []
    for agent_id, entry in agents.items():
        place = ("agents", str(agent_id))
        try:
            found[str(agent_id)] = AgentSpec.model_validate(entry)
        except ValidationError as error:
            bad += _faults(source, place, error)
        else:
            bad += [source.fault((*place, k), m) for k, m in faults(found[str(agent_id)])]
    if bad:
        raise BadDirectory("\n".join(bad))
    return found


def read(path: Path) -> Mapping[str, AgentSpec]:
    """Return the agents of a file; raises :class:`BadDirectory`, also where it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadDirectory(f"{path}: cannot be read: {error}") from None
    if len(raw) > LARGEST:
        raise BadDirectory(f"{path}: larger than {LARGEST:,} bytes")
    return parse(text, str(path))


def _source(text: str, name: str) -> Source:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = dict(_lines(node, (), set()))
        return Source(name, yaml.safe_load(text), lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadDirectory(f"{name}:{line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadDirectory(f"{name}:1: not YAML: {error}") from None
    except _Twice as error:
        raise BadDirectory(f"{name}:{error.line}: {error}") from None


class _Twice(Exception):
    def __init__(self, key: str, line: int, first: int) -> None:
        super().__init__(f"the key {key!r} stands there twice (first on line {first})")
        self.line = line


def _lines(node: yaml.Node | None, place: Place, seen: set[int]) -> Iterator[tuple[Place, int]]:
    """Yield the line of each place; a node that anchors refer to is walked once."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*place, index), seen)
    if isinstance(node, yaml.MappingNode):
        yield from _pairs(node, place, seen)


def _pairs(node: yaml.MappingNode, place: Place, seen: set[int]) -> Iterator[tuple[Place, int]]:
    first: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in first:
            raise _Twice(str(key.value), line, first[key.value])
        first[str(key.value)] = line
        inner = (*place, str(key.value))
        yield from _lines(value, inner, seen)
        yield inner, line


def _faults(source: Source, place: Place, error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        where = (*place, *fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = _unknown(where)
        yield source.fault(where, message[:1].lower() + message[1:])


def _unknown(place: Place) -> str:
    entry = KEYS.get(str(place[-2]), AgentSpec)
    allowed = sorted(entry.model_fields)
    close = get_close_matches(str(place[-1]), allowed, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there is: {', '.join(allowed)}"
    return f"unknown key; {hint}"
