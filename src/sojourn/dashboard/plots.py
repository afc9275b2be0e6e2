"""Lines over time as SVG: small ones in tables, large ones with axes, thresholds and bands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup, escape

from sojourn.dashboard.telling import day, number, when

Point = tuple[datetime, float]
SPARK: Final = (96.0, 24.0)
WIDTH: Final = 560.0
HEIGHT: Final = 170.0
LEFT: Final = 46.0
BOTTOM: Final = 22.0
TOP: Final = 10.0


@dataclass(frozen=True, slots=True)
class Band:
    """A span of time that is marked, like a rollback or a hold."""

    since: datetime
    until: datetime
    tone: str
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """What one large plot shows; ``limits`` are thresholds with their labels."""

    title: str
    points: Sequence[Point]
    limits: Sequence[tuple[float, str]] = ()
    bands: Sequence[Band] = ()
    ranges: Sequence[tuple[float, float]] = field(default=())
    """The least and greatest value behind each point."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps a value from a range to a length of the drawing."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where a value stands."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.begin + share * (self.end - self.begin), 1)


def spark(points: Sequence[Point], limit: float | None = None, tone: str = "busy") -> Markup:
    """Return a small line with its threshold; nothing where there are fewer than two values."""
    if len(points) < 2:
        return Markup("")
    width, height = SPARK
    x, y = scales(points, [limit] if limit is not None else [], (2, width - 3), (height - 3, 3))
    at, last = points[-1]
    drawn = [f'<polyline class="line tone-{tone}" points="{_polyline(points, x, y)}"/>']
    if limit is not None:
        level = y(limit)
        drawn.insert(0, f'<line class="limit" x1="0" x2="{width:g}" y1="{level}" y2="{level}"/>')
    drawn.append(f'<circle class="tone-{tone}" cx="{x(at.timestamp())}" cy="{y(last)}" r="2"/>')
    label = f"{len(points)} values, from {number(points[0][1])} to {number(last)}"
    return _svg("spark", width, height, label, drawn)


def scales(
    points: Sequence[Point],
    others: Sequence[float],
    across: tuple[float, float],
    down: tuple[float, float],
) -> tuple[Scale, Scale]:
    """Return the scales of time and value that hold all points and all other values."""
    times = [at.timestamp() for at, _ in points]
    values = [value for _, value in points] + list(others)
    low, high = min(values), max(values)
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return Scale(min(times), max(times), *across), Scale(low - room, high + room, *down)


def plot(one: Plot) -> Markup:
    """Return a plot with axes."""
    spread = [v for pair in one.ranges for v in pair]
    others = [level for level, _ in one.limits] + spread
    x, y = scales(one.points, others, (LEFT, WIDTH - 8), (HEIGHT - BOTTOM, TOP))
    drawn = [*_bands(one, x), *_grid(y), *_range(one, x, y), *_limits(one, y), *_days(one, x)]
    drawn.append(f'<polyline class="line tone-busy" points="{_polyline(one.points, x, y)}"/>')
    drawn += _dots(one, x, y)
    at, last = one.points[-1]
    label = f"{one.title}: {len(one.points)} values, the newest {number(last)} at {when(at)}"
    return _svg("plot", WIDTH, HEIGHT, label, drawn)


def _polyline(points: Sequence[Point], x: Scale, y: Scale) -> str:
    return " ".join(f"{x(at.timestamp())},{y(value)}" for at, value in points)


def _dots(one: Plot, x: Scale, y: Scale) -> Iterator[str]:
    for at, value in one.points:
        title = f"<title>{escape(number(value))} at {when(at)}</title>"
        place = f'cx="{x(at.timestamp())}" cy="{y(value)}"'
        kind = "point" if len(one.points) > 1 else "point only"
        yield f'<circle class="{kind}" {place} r="2.5">{title}</circle>'


def _range(one: Plot, x: Scale, y: Scale) -> Iterator[str]:
    if not one.ranges:
        return
    pairs = list(zip(one.points, one.ranges, strict=True))
    upper = [f"{x(at.timestamp())},{y(high)}" for (at, _), (_, high) in pairs]
    lower = [f"{x(at.timestamp())},{y(low)}" for (at, _), (low, _) in reversed(pairs)]
    yield f'<polygon class="range" points="{" ".join(upper + lower)}"/>'


def _grid(y: Scale) -> Iterator[str]:
    for share in (0.1, 0.5, 0.9):
        value = y.low + (y.high - y.low) * share
        level = y(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 8}" y1="{level}" y2="{level}"/>'
        yield f'<text class="tick end" x="{LEFT - 6}" y="{level + 3.5}">{value:.3g}</text>'


def _limits(one: Plot, y: Scale) -> Iterator[str]:
    for level, label in one.limits:
        place = y(level)
        yield f'<line class="limit" x1="{LEFT}" x2="{WIDTH - 8}" y1="{place}" y2="{place}"/>'
        yield f'<text class="mark" x="{LEFT + 4}" y="{place - 4}">{escape(label)}</text>'


def _days(one: Plot, x: Scale) -> Iterator[str]:
    first, last = one.points[0][0], one.points[-1][0]
    for number_ in range(4 if last > first else 1):
        at = first + (last - first) * (number_ / 3)
        words = day(at) if last - first > timedelta(days=3) else f"{at:%-d %b %H:%M}"
        anchor = ("start", "middle", "middle", "end")[number_] if last > first else "middle"
        place = x(at.timestamp())
        yield f'<text class="tick {anchor}" x="{place}" y="{HEIGHT - 6}">{words}</text>'


def _bands(one: Plot, x: Scale) -> Iterator[str]:
    for band in one.bands:
        left, right = (min(max(t.timestamp(), x.low), x.high) for t in (band.since, band.until))
        if right <= x.low or left >= x.high:
            continue
        begin, end = x(left), x(right)
        title = f"<title>{escape(band.label)}</title>"
        place = f'x="{begin}" y="{TOP}" width="{max(end - begin, 2):.1f}"'
        yield (
            f'<rect class="band tone-{band.tone}" {place} height="{HEIGHT - BOTTOM - TOP}">'
            f"{title}</rect>"
        )


def _svg(kind: str, width: float, height: float, label: str, parts: Sequence[str]) -> Markup:
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    head = f'<svg class="{kind}" {size} role="img" aria-label="{escape(label)}">'
    return Markup(f"{head}{''.join(parts)}</svg>")  # noqa: S704 -- every text in it is escaped
