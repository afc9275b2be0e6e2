"""What is wrong with a path file: every problem with its line, ready for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

Place = tuple[str | int, ...]
"""Keys and list positions from the top of the file: ``("stages", 0, "exit")``."""

SHOWN: Final = 50


class Fault(NamedTuple):
    """Something wrong at a place of a document; ``at_key`` points at the key, not its value."""

    place: Place
    message: str
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a file; line and column count from 1, ``place`` is ``stages.pilot.exit``."""

    file: str
    line: int
    column: int
    place: str
    message: str

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{self.file}:{self.line}:{self.column}: {where}{self.message}"


class PathError(ValueError):
    """A path file that cannot be used; ``problems`` holds all that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(_report(self.problems))


def _report(problems: Sequence[Problem]) -> str:
    lines = [str(p) for p in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"... and {len(problems) - SHOWN} more problems")
    return "\n".join(lines)


def spell(place: Place, data: Any) -> str:
    """Return a place in words, list items by the name they bear: ``stages.pilot.exit``."""
    words = ""
    found = data
    for step in place:
        found = _inside(found, step)
        name = found.get("name") if isinstance(found, dict) else None
        if isinstance(step, str):
            words += f".{step}"
        else:
            words += f".{name}" if isinstance(name, str) and name else f"[{step}]"
    return words.lstrip(".")


def _inside(data: Any, step: str | int) -> Any:
    try:
        return data[step]
    except (LookupError, TypeError):
        return None
