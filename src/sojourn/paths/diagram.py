"""A path's transition table as a Mermaid state diagram."""

import re
from collections.abc import Iterator
from typing import Final

from sojourn.core.paths import Gate, Path, StagePlan
from sojourn.core.stages import TERMINAL, Stage, rows
from sojourn.paths.words import span

_KEYWORDS: Final = frozenset(
    {"as", "class", "click", "default", "direction", "end", "hide", "note", "scale", "state",
     "style"}
)  # fmt: skip


def diagram(path: Path) -> str:
    """Return the diagram; promotions say how many criteria the gates on their way have."""
    lines = ["stateDiagram-v2", *(f"    {line}" for line in _lines(path))]
    return "\n".join(lines) + "\n"


def _lines(path: Path) -> Iterator[str]:
    for stage in path.stages:
        yield f'state "{_label(stage)}" as {_id(stage.name)}'
    for left, event, entered in rows(path.table):
        counts = _counts(path, left, entered)
        label = f"{event}, {counts}" if counts else event
        yield f"{_id(left) if left else '[*]'} --> {_id(entered)} : {label}"
    yield from (f"{stage} --> [*]" for stage in sorted(TERMINAL))


def _label(stage: StagePlan) -> str:
    least = f"{span(stage.earliest)} to " if stage.earliest else ""
    return f"{_plain(stage.title) or stage.name} ({least}{span(stage.target)})"


def _counts(path: Path, left: Stage | None, entered: Stage) -> str:
    """Say how many criteria an event needs: those of the gates that it passes."""
    if left is None:
        return _count("entry", path.stage(entered).entry)
    if not path.has(left) or not (_forwards(path, left, entered)):
        return ""
    entry = _count("entry", path.stage(entered).entry) if path.has(entered) else ""
    return ", ".join(part for part in (_count("exit", path.stage(left).exit), entry) if part)


def _forwards(path: Path, left: Stage, entered: Stage) -> bool:
    following = path.following(left)
    return entered == (following.name if following else "completed")


def _count(kind: str, gate: Gate) -> str:
    return f"{kind} {len(gate.criteria)}" if gate.criteria else ""


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w ,.()%/+-]", " ", text).split())


def _id(stage: Stage) -> str:
    return f"{stage}_" if stage in _KEYWORDS else str(stage)
