"""A journey's time as SVG: what was planned above what became of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup, escape

from sojourn.core.journeys import JourneyState, closed_holds
from sojourn.core.paths import Path
from sojourn.core.stages import RESERVED
from sojourn.dashboard.plots import Scale
from sojourn.dashboard.telling import day, days, when
from sojourn.store.sets import Row

WIDTH: Final = 900.0
LEFT: Final = 64.0
LETTER: Final = 6.6
PLANNED: Final = 8.0
ACTUAL: Final = 42.0
HIGH: Final = 24.0
TICKS: Final = 92.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of the timeline; ``tone`` is a stage's (s1, s2 ...), plan, bad or wait."""

    since: datetime
    until: datetime
    text: str
    tone: str
    note: str


def actual(moves: Sequence[Row], state: JourneyState, path: Path, now: datetime) -> list[Bar]:
    """Return the visits of stages, one after another, and what is rolled back between them."""
    ends = [move["at"] for move in moves[1:]] + [state.ended_at or now]
    bars = []
    for move, end in zip(moves, ends, strict=True):
        stage = move["to_stage"]
        if stage in RESERVED and stage != "rollback":
            continue
        note = f"{stage}: {when(move['at'])} to {when(end)}, {days(end - move['at'])}"
        bars.append(Bar(move["at"], end, stage, tone_of(stage, path), note))
    return bars


def tone_of(stage: str, path: Path) -> str:
    """Return the tone of a stage: its place on the path; a rollback is bad."""
    return f"s{path.names.index(stage) % 5 + 1}" if path.has(stage) else "bad"


def planned(state: JourneyState, path: Path) -> list[Bar]:
    """Return the stages with their target times, from the journey's start on."""
    bars, begin = [], state.started_at
    for stage in path.stages:
        end = begin + stage.target
        note = f"planned {stage.name}: {day(begin)} to {day(end)}, {days(stage.target)}"
        bars.append(Bar(begin, end, stage.name, "plan", note))
        begin = end
    return bars


def holds(state: JourneyState, now: datetime) -> list[Bar]:
    """Return the times in which the journey was held."""
    spans = [(h.since, h.until or now) for h in closed_holds(state, now)]
    return [Bar(a, b, "", "wait", f"held: {when(a)} to {when(b)}") for a, b in spans]


def draw(moves: Sequence[Row], state: JourneyState, path: Path, now: datetime) -> Markup:
    """Return the timeline."""
    plan, done = planned(state, path), actual(moves, state, path, now)
    last = max(plan[-1].until, state.ended_at or now) + timedelta(hours=6)
    x = Scale(state.started_at.timestamp(), last.timestamp(), LEFT, WIDTH - 4)
    parts = [
        *_words("Planned", PLANNED),
        *_words("Actual", ACTUAL),
        *(p for bar in plan for p in _bar(bar, x, PLANNED)),
        *(p for bar in done for p in _bar(bar, x, ACTUAL)),
        *(p for bar in holds(state, now) for p in _bar(bar, x, ACTUAL)),
        *_ticks(x, state.started_at, last),
    ]
    if state.ended_at is None:
        place = x(now.timestamp())
        parts.append(f'<line class="now" x1="{place}" x2="{place}" y1="2" y2="{TICKS - 16}"/>')
    label = "; ".join(bar.note for bar in done)
    size = f'viewBox="0 0 {WIDTH:g} 100" width="{WIDTH:g}" height="100"'
    head = f'<svg class="timeline" {size} role="img" aria-label="{escape(label)}">'
    return Markup(f"{head}{''.join(parts)}</svg>")  # noqa: S704 -- every text in it is escaped


def _words(text: str, y: float) -> Iterator[str]:
    yield f'<text class="tick" x="0" y="{y + 16}">{text}</text>'


def _bar(bar: Bar, x: Scale, y: float) -> Iterator[str]:
    begin, end = x(bar.since.timestamp()), x(bar.until.timestamp())
    wide = max(end - begin - 1, 2)
    frame = f'x="{begin}" y="{y}" width="{wide:.1f}" height="{HIGH}" rx="3"'
    yield f'<g class="bar tone-{bar.tone}"><title>{escape(bar.note)}</title><rect {frame}/>'
    if wide > LETTER * len(bar.text) + 10:
        yield f'<text x="{begin + 6}" y="{y + 16}">{escape(bar.text)}</text>'
    yield "</g>"


def _ticks(x: Scale, first: datetime, last: datetime) -> Iterator[str]:
    span = (last - first) / timedelta(days=1)
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if span / s <= 12), 200)
    for number in range(0, int(span) + 1, step):
        at = first + timedelta(days=number)
        words = f"day {number}" if number % (step * 2) == 0 else ""
        place = x(at.timestamp())
        yield f'<line class="grid" x1="{place}" x2="{place}" y1="{TICKS - 22}" y2="{TICKS - 16}"/>'
        yield f'<text class="tick middle" x="{max(place, LEFT + 12)}" y="{TICKS}">{words}</text>'
