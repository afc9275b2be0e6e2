"""Walking a path file's plain data, whatever is wrong with it: what has the wrong shape is passed by.

The checks use it, so that they find every problem of a file at once, beside those of the forms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sojourn.core.stages import as_stage
from sojourn.paths.criteria import KINDS
from sojourn.paths.document import Document
from sojourn.paths.problems import Fault, Place


@dataclass(frozen=True, slots=True)
class Node:
    """A mapping of the document and the place where it stands."""

    place: Place
    data: dict[str, Any]

    def child(self, key: str) -> "Node | None":
        """Return the mapping under a key; None where there is none."""
        found = self.data.get(key)
        return Node((*self.place, key), found) if isinstance(found, dict) else None

    def items(self, key: str) -> list["Node"]:
        """Return the mappings in the list under a key."""
        found = self.data.get(key)
        every = enumerate(found if isinstance(found, list) else ())
        return [Node((*self.place, key, i), item) for i, item in every if isinstance(item, dict)]

    def texts(self, key: str) -> list[tuple[int, str]]:
        """Return the texts in the list under a key, with their positions."""
        found = self.data.get(key)
        every = enumerate(found if isinstance(found, list) else ())
        return [(i, item) for i, item in every if isinstance(item, str)]

    def text(self, key: str) -> str | None:
        """Return the text under a key; None where there is none."""
        found = self.data.get(key)
        return found if isinstance(found, str) else None

    def fault(self, message: str, *steps: str | int, at_key: bool = False) -> Fault:
        """Return a fault of this mapping, or of what stands at some steps below it."""
        return Fault((*self.place, *steps), message, at_key)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of criteria, or a trigger's single one: what it is for, and in which stage."""

    use: str
    """``entry``, ``exit``, ``wave``, ``trigger``, ``success`` or ``checks``."""
    stage: str | None
    criteria: list[Node]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document with its top mapping; ``line`` says where something stands."""

    document: Document
    top: Node

    def line(self, *place: str | int) -> int:
        """Return the line of a place."""
        return self.document.mark(Fault(place, ""))[0]

    @property
    def stages(self) -> list[Node]:
        """Return the stages."""
        return self.top.items("stages")

    @property
    def stage_names(self) -> list[str]:
        """Return the stages' names in order."""
        return [name for s in self.stages if (name := s.text("name"))]


def units_of(stage: Node) -> list[Node]:
    """Return the units of a stage, the rollout's last."""
    rollout = stage.child("rollout")
    unit = rollout.child("unit") if rollout else None
    return [*stage.items("work"), *([unit] if unit else [])]


def criteria_of(sheet: Sheet) -> Iterator[Listed]:
    """Return every list of criteria of a document."""
    for stage in sheet.stages:
        yield from _of_stage(stage)
    rollback = sheet.top.child("rollback")
    checks = rollback.child("checks") if rollback else None
    if checks:
        yield Listed("checks", None, checks.items("criteria"))


def _of_stage(stage: Node) -> Iterator[Listed]:
    name = stage.text("name")
    own = as_stage(name) if name else None
    for gate in ("entry", "exit"):
        if inner := stage.child(gate):
            yield Listed(gate, own, inner.items("criteria"))
    if rollout := stage.child("rollout"):
        for wave in rollout.items("waves"):
            yield Listed("wave", own, wave.items("criteria"))
    when = [found for t in stage.items("triggers") if (found := t.child("when"))]
    yield Listed("trigger", own, when)
    yield Listed("success", own, stage.items("success"))


def kind_of(criterion: Node) -> str | None:
    """Return the key that says what a criterion looks at."""
    return next((k for k in KINDS if k in criterion.data), None)


def name_of(criterion: Node, kind: object = None) -> str | None:
    """Return a criterion's name, written or usual; ``kind`` is that of its trigger."""
    looks_at = kind_of(criterion)
    if looks_at is None:
        return None
    named = looks_at in ("metric", "fact", "approval")
    usual = criterion.data[looks_at] if named else looks_at
    name = criterion.data.get("name") or kind or usual
    return name if isinstance(name, str) else None
