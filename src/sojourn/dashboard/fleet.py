"""The table of journeys: what it is narrowed by, its lines, and the same as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from sojourn.core.journeys import JourneyState, active_time
from sojourn.core.paths import Path
from sojourn.core.stages import JourneyStage
from sojourn.store.dashboard import SETS, SORTS
from sojourn.store.journeys import state as state_of
from sojourn.store.sets import Row

PER_PAGE: Final = 50
PAGES: Final = 10_000
TEXTS: Final = (
    "stage", "ball", "schedule", "path", "owner", "failing", "search", "set", "visited",
    "rolled_from", "trigger", "first_failed",
)  # fmt: skip
BEHIND: Final = (
    "owner", "failing", "set", "visited", "rolled_from", "trigger", "first_failed", "version",
)  # fmt: skip
"""What no field of the form asks for: links to the rows behind a number do."""
WORDS: Final = {
    "visited": "was in {}",
    "rolled_from": "rolled back from {}",
    "trigger": "rolled back for {}",
    "first_failed": "failed {} at a first attempt",
}
SET_WORDS: Final = {
    "reached": "reached production",
    "decided": "reached production or ended",
    "rolled_back": "rolled back at least once",
    "pilot_rolled_back": "rolled back from the pilot",
    "first_pass_failed": "failed a gate's first attempt",
    "attempted": "attempted an exit gate",
    "helped": "a person stepped in",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which journeys are asked for, in which order, and which page of them."""

    filters: dict[str, Any]
    sort: str
    page: int

    @property
    def plain(self) -> bool:
        """Say whether it is the first page of all journeys, as they come."""
        narrowed = any(value is not None for value in self.filters.values())
        return not narrowed and self.page == 1 and self.sort == SORTS[0]

    @property
    def offset(self) -> int:
        """Return how many journeys stand before the page."""
        return (self.page - 1) * PER_PAGE

    def href(self, path: str = "/journeys", **changed: Any) -> str:
        """Return the address of the same list with something changed; None takes it away."""
        sort = None if self.sort == SORTS[0] else self.sort
        page = self.page if self.page > 1 and not changed else None
        every = {**self.filters, "sort": sort, "page": page, **changed}
        told = {k: _word(v) for k, v in every.items() if v is not None and v != ""}
        return f"{path}?{urlencode(told)}" if told else path

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Return what the list is narrowed by, in words, each with the list without it."""
        return [(told(k, v), self.without(k)) for k, v in self._narrowing()]

    def without(self, name: str) -> str:
        """Return the address of the list without one of its filters."""
        changed: dict[str, Any] = {name: None, "page": None}
        return self.href(**changed)

    def _narrowing(self) -> Iterator[tuple[str, Any]]:
        return ((k, v) for k, v in self.filters.items() if v is not None)


def told(name: str, value: Any) -> str:
    """Return one filter in words."""
    if name == "set":
        return SET_WORDS.get(str(value), str(value))
    if isinstance(value, bool):
        return name if value else {"active": "ended", "held": "not held"}[name]
    words = str(value).replace("_", " ")
    return WORDS[name].format(words) if name in WORDS else f"{name}: {words}"


def _word(value: Any) -> Any:
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def wanted(query: QueryParams) -> Wanted:
    """Return what an address asks for; what it does not understand is left out."""
    texts: dict[str, Any] = {name: _text(query.get(name)) for name in TEXTS}
    if texts["set"] not in SETS:
        texts["set"] = None
    texts["version"] = _number(query.get("version", ""))
    flags = {name: {"yes": True, "no": False}.get(query.get(name, "")) for name in FLAGS}
    sort = query.get("sort", SORTS[0])
    page = _number(query.get("page", "")) or 1
    return Wanted(texts | flags, sort if sort in SORTS else SORTS[0], min(max(page, 1), PAGES))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


FLAGS: Final = ("held", "active")


def _text(value: str | None) -> str | None:
    return (value or "")[:200].replace("\x00", "").strip() or None


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the stepper: ``standing`` is done, current, ahead or target (of a rollback)."""

    name: str
    title: str
    standing: str


@dataclass(frozen=True, slots=True)
class Line:
    """One journey as the table shows it; ``share`` is time in stage by its limit, 0 to 1."""

    row: Row
    state: JourneyState
    steps: list[Step]
    in_stage: timedelta
    target: timedelta | None
    limit: timedelta | None
    schedule: str

    @property
    def key(self) -> str:
        """Return the journey's own name."""
        return str(self.row["journey_key"])

    @property
    def share(self) -> float:
        """Return the time in the stage by its limit, at most 1."""
        return min(self.in_stage / self.limit, 1.0) if self.limit else 0.0

    @property
    def mark(self) -> float:
        """Return where the target stands between 0 and the limit."""
        return self.target / self.limit if self.target and self.limit else 1.0


def line_of(row: Row, path: Path, now: datetime) -> Line:
    """Return a journey's row as a line."""
    state = state_of(row)
    stage = path.stage(state.current_stage) if path.has(state.current_stage) else None
    spent = active_time(state, state.stage_started_at, state.ended_at or now)
    limit, target = (stage.limit, stage.target) if stage else (None, None)
    return Line(row, state, steps_of(state, path), spent, target, limit, schedule_of(row))


def schedule_of(row: Row) -> str:
    """Return what stands for a journey's schedule: its end, its rollback or its hold come first."""
    if row["ended_at"] is not None or row["current_stage"] == JourneyStage.ROLLBACK:
        return str(row["current_stage"])
    return "held" if row["held_since"] else str(row["schedule"])


def steps_of(state: JourneyState, path: Path) -> list[Step]:
    """Return the stages of a path as a journey stands to them."""
    return [Step(s.name, s.title or s.name.title(), standing(state, s.name)) for s in path.stages]


def standing(state: JourneyState, stage: str) -> str:
    """Say how a journey stands to a stage."""
    if stage == state.current_stage:
        return "current"
    if stage == state.target_stage:
        return "target"
    return "done" if stage in state.completed_stages else "ahead"


COLUMNS: Final = (
    "journey_key", "client_id", "path_name", "path_version", "current_stage", "schedule", "held",
    "days_in_stage", "target_days", "limit_days", "gate_passed", "gate_total", "failing",
    "ball_with", "waiting_for", "owner", "started_at", "stage_started_at", "ended_at",
    "rollbacks", "newest_at",
)  # fmt: skip


def as_csv(lines: Iterable[Line]) -> str:
    """Return lines as CSV; a text that a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in lines:
        values = line.row | _computed(line)
        writer.writerow(safe(values[name]) for name in COLUMNS)
    return out.getvalue()


def _computed(line: Line) -> dict[str, Any]:
    gate = line.row["gate"] or {}
    day = timedelta(days=1)
    return {
        "held": line.row["held_since"] is not None,
        "days_in_stage": round(line.in_stage / day, 3),
        "target_days": line.target / day if line.target else None,
        "limit_days": line.limit / day if line.limit else None,
        "gate_passed": gate.get("passed"),
        "gate_total": gate.get("total"),
        "failing": " ".join(gate.get("failing", ())),
    }


def safe(value: Any) -> Any:
    """Return a value that no spreadsheet runs."""
    if isinstance(value, datetime):
        return value.isoformat()
    risky = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if risky else value
