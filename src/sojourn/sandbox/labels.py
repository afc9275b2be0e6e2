"""Labelled queries as data: what is asked, by whom, and which documents answer it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.world import Query, World, relevant

RECORD: Final = re.compile(r"^\.I (\d+)\s*\n\.W\s*\n(.*?)(?=^\.I |\Z)", re.DOTALL | re.MULTILINE)
NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Label:
    """A labelled query; ``department`` is that of the person who asks."""

    text: str
    department: str
    relevant: frozenset[str]

    def record(self) -> dict[str, Any]:
        """Return the label as JSON."""
        return {
            "text": self.text,
            "department": self.department,
            "relevant": sorted(self.relevant),
        }


@dataclass(frozen=True, slots=True)
class Collection:
    """Texts by id, and labelled queries on them."""

    documents: Mapping[str, str]
    labels: Sequence[Label]


def labels(world: World) -> list[Label]:
    """Return the labelled queries of a world; a judge knows which documents are on the topic."""
    return [_label(query, world) for query in world.queries]


def label(record: Mapping[str, Any]) -> Label:
    """Return a label from its JSON."""
    return Label(record["text"], record["department"], frozenset(record["relevant"]))


def find(root: Path | None, name: str) -> Path | None:
    """Return the folder of a real collection of that name under a root, if there is one."""
    if root is None or not NAME.fullmatch(name) or not (root / name).is_dir():
        return None
    return root / name


def collection(folder: Path, department: str = "sales") -> Collection:
    """Return a collection in the SMART format: files .ALL, .QRY and .REL (TREC judgements).

    Raises BadInput where a file is missing.
    """
    judged: dict[str, set[str]] = defaultdict(set)
    for row in _text(folder, "REL").splitlines():
        query, _, document, grade = row.split()
        if int(grade) > 0:
            judged[query].add(document)
    found = [
        Label(text, department, frozenset(judged[number]))
        for number, text in _records(_text(folder, "QRY"))
    ]
    return Collection(dict(_records(_text(folder, "ALL"))), found)


def _label(query: Query, world: World) -> Label:
    right = relevant(query, query.user, world.documents)
    return Label(" ".join(query.words), query.user.department, frozenset(right))


def _records(text: str) -> Iterator[tuple[str, str]]:
    for number, body in RECORD.findall(text):
        yield number, body.strip()


def _text(folder: Path, ending: str) -> str:
    files = sorted(folder.glob(f"*.{ending}"))
    if not files:
        raise BadInput(f"scenario: {folder.name} has no file ending in .{ending}")
    return files[0].read_text("latin-1")
