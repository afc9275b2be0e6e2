"""The stages as a flow: who is where, how many go on, how long it takes, and the arcs back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final
from urllib.parse import quote

from markupsafe import Markup, escape

from sojourn.analytics.stages import StageFigures
from sojourn.control.portfolio import Portfolio
from sojourn.core.paths import Path
from sojourn.dashboard.telling import days, number, percent, plain
from sojourn.store.sets import Row

WIDE: Final = 186
HIGH: Final = 84
GAP: Final = 92
EDGE: Final = 6
TOP: Final = 8
LOWER: Final = 34
"""Room below the boxes for the first arc; each further one needs another of STEP."""
STEP: Final = 22


@dataclass(frozen=True, slots=True)
class Station:
    """A stage of the flow. ``share`` is of the visits that have ended: how many went on."""

    stage: str
    here: int
    share: float | None
    ended: int
    median: float | None
    n: int
    href: str
    about: str


@dataclass(frozen=True, slots=True)
class Arc:
    """Rollbacks from one stage to another, or to the same one afresh."""

    begin: int
    end: int
    count: int
    href: str
    about: str


@dataclass(frozen=True, slots=True)
class Flow:
    """The stages in order, what leads back, and how many have completed."""

    stations: list[Station]
    arcs: list[Arc]
    completed: int


def order(stages: Iterable[str], paths: Iterable[Path]) -> list[str]:
    """Return stages as the paths have them one after another."""
    places: dict[str, list[float]] = {}
    for path in paths:
        for place, name in enumerate(path.names):
            places.setdefault(name, []).append(place / len(path.names))
    return sorted(stages, key=lambda s: (fmean(places.get(s, [1.0])), s))


def flow(found: Portfolio, back: Sequence[Row], paths: Iterable[Path]) -> Flow:
    """Return the flow of all journeys."""
    figures = {one.stage: one for one in found.stages}
    names = order(figures, paths)
    places = {name: place for place, name in enumerate(names)}
    known = [row for row in back if {row["from_stage"], row["target_stage"]} <= places.keys()]
    return Flow(
        [_station(figures[name], found.by_stage) for name in names],
        [_arc(row, places) for row in known],
        found.by_stage.get("completed", 0),
    )


def _station(one: StageFigures, here: Mapping[str, int]) -> Station:
    ended = one.visits - one.open
    share = one.promoted / ended if ended else None
    about = (
        f"{plain(one.stage)}: {number(here.get(one.stage, 0))} journeys now. Of {number(ended)} "
        f"visits that ended, {percent(share)} went on to the next stage; these took "
        f"{days(one.taken.median)} in the median, held time left out."
    )
    href = f"/journeys?stage={quote(one.stage)}"
    n, median = one.taken.n, one.taken.median
    return Station(one.stage, here.get(one.stage, 0), share, ended, median, n, href, about)


def _arc(row: Row, places: Mapping[str, int]) -> Arc:
    begin, end = row["from_stage"], row["target_stage"]
    about = f"{number(row['count'])} rollbacks from {plain(begin)} to {plain(end)}"
    href = f"/journeys?rolled_from={quote(begin)}"
    return Arc(places[begin], places[end], row["count"], href, about)


def draw(one: Flow) -> Markup:
    """Return the flow as SVG; every number in it is a link to its journeys."""
    last = len(one.stations)
    wide = EDGE * 2 + last * (WIDE + GAP) + 96
    high = TOP + HIGH + (LOWER + STEP * len(one.arcs) - STEP + 4 if one.arcs else EDGE)
    parts = [p for place, station in enumerate(one.stations) for p in _drawn(station, place)]
    parts += _end(one.completed, last)
    for level, arc in enumerate(sorted(one.arcs, key=lambda a: a.begin - a.end)):
        parts += _back(arc, level)
    size = f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
    head = f'<svg class="flow" {size} role="group" aria-label="Flow of stages">'
    return Markup(f"{head}{''.join(parts)}</svg>")  # noqa: S704 -- every text in it is escaped


def _x(place: int) -> int:
    return EDGE + place * (WIDE + GAP)


def _drawn(one: Station, place: int) -> Iterator[str]:
    x, tone = _x(place), f"tone-s{place % 5 + 1}"
    name = plain(one.stage).capitalize()
    yield f'<a href="{escape(one.href)}" class="station {tone}"><title>{escape(one.about)}</title>'
    yield f'<rect x="{x}" y="{TOP}" width="{WIDE}" height="{HIGH}" rx="8"/>'
    yield f'<rect class="edge-of" x="{x}" y="{TOP + 12}" width="4" height="{HIGH - 24}" rx="2"/>'
    yield f'<text class="head" x="{x + 18}" y="{TOP + 24}">{escape(name)}</text>'
    yield f'<text class="big" x="{x + 18}" y="{TOP + 52}">{number(one.here)}</text>'
    told = f"median {days(one.median)}" if one.n else "none has gone on yet"
    yield f'<text class="tick" x="{x + 18}" y="{TOP + 71}">{told}</text></a>'
    yield from _on(one, x + WIDE)


def _on(one: Station, x: int) -> Iterator[str]:
    y, end = TOP + HIGH // 2, x + GAP - 8
    yield f'<path class="edge" d="M{x + 8} {y}H{end}m-6 -5l6 5l-6 5"/>'
    yield f'<text class="share-of middle" x="{x + GAP // 2}" y="{y - 8}">{percent(one.share)}</text>'
    yield f'<text class="tick middle" x="{x + GAP // 2}" y="{y + 17}">of {number(one.ended)}</text>'


def _end(completed: int, place: int) -> Iterator[str]:
    x, y = _x(place), TOP + HIGH // 2
    yield '<a href="/journeys?stage=completed" class="station tone-ok">'
    yield f"<title>{number(completed)} journeys have completed</title>"
    yield f'<rect x="{x}" y="{TOP + 12}" width="90" height="{HIGH - 24}" rx="8"/>'
    yield f'<text class="big middle" x="{x + 45}" y="{y + 2}">{number(completed)}</text>'
    yield f'<text class="tick middle" x="{x + 45}" y="{y + 20}">completed</text></a>'


def _back(arc: Arc, level: int) -> Iterator[str]:
    """Yield an arc below the boxes; one to the same stage leads back into it."""
    same = arc.begin == arc.end
    begin = _x(arc.begin) + WIDE // 2 + (34 if same else -18 * level % 54)
    end = _x(arc.end) + WIDE // 2 - 34 + (0 if same else 18 * level % 54)
    top, low = TOP + HIGH, TOP + HIGH + LOWER + STEP * level - 12
    curve = f"M{begin} {top + 3}C{begin} {low} {begin} {low} {begin - 14} {low}"
    rest = f"H{end + 14}C{end} {low} {end} {low} {end} {top + 5}"
    middle = (begin + end) // 2
    yield f'<a href="{escape(arc.href)}" class="back"><title>{escape(arc.about)}</title>'
    yield f'<path class="edge" d="{curve}{rest}"/>'
    yield f'<path class="edge" d="M{end - 5} {top + 11}l5 -7l5 7"/>'
    yield f'<rect x="{middle - 22}" y="{low - 9}" width="44" height="18" rx="9"/>'
    yield f'<text class="middle" x="{middle}" y="{low + 4}">{number(arc.count)}</text></a>'
