"""Boxes and arrows as SVG: things that depend on one another, in layers from left to right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup, escape

from sojourn.dashboard.icons import PATHS

WIDE: Final = 216
GAP_X: Final = 56
GAP_Y: Final = 18
HEAD: Final = 34
ROW: Final = 20
EDGE: Final = 8
LETTERS: Final = 27


@dataclass(frozen=True, slots=True)
class Item:
    """A line in a box."""

    text: str
    icon: str = "dot"
    tone: str = "unknown"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A thing with lines in it; ``needs`` are the keys of the boxes before it."""

    key: str
    text: str
    icon: str = "dot"
    tone: str = "unknown"
    items: Sequence[Item] = ()
    needs: Sequence[str] = ()
    note: str = ""

    @property
    def height(self) -> int:
        """Return how high the box is drawn."""
        return HEAD + ROW * len(self.items) + (6 if self.items else 0)


@dataclass(slots=True)
class Layout:
    """Where every box stands."""

    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    width: int = 0
    height: int = 0


def layers(boxes: Sequence[Box]) -> list[list[Box]]:
    """Return boxes by layers: each stands after everything that it needs."""
    by = {box.key: box for box in boxes}
    depth: dict[str, int] = {}
    for box in boxes:
        _depth(box.key, by, depth)
    found: list[list[Box]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for box in boxes:
        found[depth[box.key]].append(box)
    return found


def _depth(key: str, by: Mapping[str, Box], depth: dict[str, int]) -> int:
    if key not in depth:
        depth[key] = 0  # stands if the data goes in a circle, which nothing here should
        needs = [n for n in by[key].needs if n in by]
        depth[key] = max((_depth(n, by, depth) + 1 for n in needs), default=0)
    return depth[key]


def layout(boxes: Sequence[Box]) -> Layout:
    """Return the place of every box, layers from left to right, each from the top."""
    made = Layout()
    x = EDGE
    for layer in layers(boxes):
        y = EDGE
        for box in layer:
            made.places[box.key] = (x, y)
            y += box.height + GAP_Y
        made.height = max(made.height, y - GAP_Y + EDGE)
        x += WIDE + GAP_X
    made.width = max(x - GAP_X + EDGE, 2 * EDGE)
    return made


def draw(boxes: Sequence[Box], label: str) -> Markup:
    """Return boxes and arrows; ``label`` is what a screen reader says of them."""
    made = layout(boxes)
    parts = [*_arrows(boxes, made), *(p for box in boxes for p in _box(box, *made.places[box.key]))]
    size = f'viewBox="0 0 {made.width} {made.height}" width="{made.width}" height="{made.height}"'
    head = f'<svg class="graph" {size} role="img" aria-label="{escape(label)}">'
    return Markup(f"{head}{''.join(parts)}</svg>")  # noqa: S704 -- every text in it is escaped


def _arrows(boxes: Sequence[Box], made: Layout) -> Iterator[str]:
    by = {box.key: box for box in boxes}
    for box in boxes:
        for need in box.needs:
            if need in by:
                yield _arrow(made.places[need], made.places[box.key])


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + WIDE, start[1] + HEAD // 2
    x2, y2 = end[0] - 5, end[1] + HEAD // 2
    bend = max((x2 - x1) // 2, 20)
    curve = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    tip = f"M{x2 - 4} {y2 - 4}l5 4-5 4"
    return f'<path class="edge" d="{curve}"/><path class="edge" d="{tip}"/>'


def _box(box: Box, x: int, y: int) -> Iterator[str]:
    frame = f'x="{x}" y="{y}" width="{WIDE}" height="{box.height}" rx="6"'
    yield f'<g class="box tone-{box.tone}"><title>{escape(box.note or box.text)}</title>'
    yield f'<rect class="frame" {frame}/>{_icon(box.icon, x + 10, y + 9)}'
    yield f'<text class="head" x="{x + 32}" y="{y + 22}">{escape(cut(box.text))}</text></g>'
    for number, item in enumerate(box.items):
        top = y + HEAD + number * ROW
        yield f'<g class="item tone-{item.tone}"><title>{escape(item.title or item.text)}</title>'
        yield f"{_icon(item.icon, x + 12, top - 1, 13)}"
        yield f'<text x="{x + 32}" y="{top + 10}">{escape(cut(item.text))}</text></g>'


def _icon(name: str, x: int, y: int, size: int = 16) -> str:
    place = f'transform="translate({x} {y}) scale({size / 16:.3g})"'
    return f'<path class="icon" {place} d="{PATHS.get(name, PATHS["dot"])}"/>'


def cut(text: str, letters: int = LETTERS) -> str:
    """Return a text that fits into a box."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
