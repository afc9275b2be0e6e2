"""What goes wrong in a world, and when: spells of trouble on the journey's clock."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sojourn.core.outcomes import Call
from sojourn.sandbox.inputs import BadInput, Inputs, wrong


class Trouble(StrEnum):
    """The kinds of trouble; ``amount`` means something else for each."""

    LATENCY = "latency"
    """Every request takes ``amount`` times as long (1.5)."""
    ERRORS = "errors"
    """That share of all requests fails (0 to 1)."""
    RELEVANCE = "relevance"
    """The index holds old contents for that share of the documents (0 to 1)."""
    SYNC = "sync"
    """The connector has crawled only that share of its documents (0 to 1)."""
    LEAK = "leak"
    """The connector ignores permissions."""
    AUTH = "auth"
    """The connector was installed with basic authentication, over plain text."""
    BUG = "bug"
    """A critical bug is reported when the spell begins and fixed when it ends."""
    INCIDENT = "incident"
    """A P1 incident begins and ends with the spell."""
    MOOD = "mood"
    """Users score that many points lower than what they were served deserves (0 to 4)."""
    FLAKY = "flaky"
    """An agent fails that share of all attempts (0 to 1); another attempt may succeed."""
    DEAD = "dead"
    """An agent begins its work and is not heard of again."""
    LIE = "lie"
    """An agent does nothing and reports what would be if all were well."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One trouble from one day to another, in days since the scenario's start.

    ``connector`` limits it to one data source, ``agent`` to one agent (FLAKY, DEAD and LIE, which
    the agents reached over A2A have); ``until_day`` None means that it never ends by itself.
    ``mended_by`` names the agent whose next work ends it: to undo the cause, or to do it anew.
    """

    kind: Trouble
    from_day: float = 0.0
    until_day: float | None = None
    amount: float = 1.0
    connector: str | None = None
    agent: str | None = None
    mended_by: str | None = None

    def covers(self, day: float) -> bool:
        """Say whether the trouble lasts on that day."""
        return self.from_day <= day and (self.until_day is None or day < self.until_day)

    def ended(self, day: float) -> "Spell":
        """Return the trouble as one that ends on that day."""
        return replace(self, until_day=day)

    def concerns(self, connector: str | None) -> bool:
        """Say whether the trouble is one of that connector."""
        return self.connector is None or self.connector == connector


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that goes wrong in one client's world; nothing does when there are no spells."""

    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    spells: tuple[Spell, ...] = ()
    known_start: bool = False
    """Whether ``start`` was given, so that days since then mean something."""

    def day(self, now: datetime) -> float:
        """Return the days since the start."""
        return (now - self.start) / timedelta(days=1)

    def spell(self, kind: Trouble, now: datetime, connector: str | None = None) -> Spell | None:
        """Return the trouble of a kind that lasts now, the latest to begin if there are more."""
        day = self.day(now)
        found = [s for s in self.spells if s.kind == kind and s.covers(day)]
        return max(
            (s for s in found if s.concerns(connector)), key=lambda s: s.from_day, default=None
        )

    def fault(self, kind: Trouble, now: datetime, agent: str) -> Spell | None:
        """Return the trouble of a kind that an agent has now."""
        day = self.day(now)
        found = (s for s in self.spells if s.kind == kind and s.covers(day))
        return next((s for s in found if s.agent in (None, agent)), None)

    def mended(self, agent: str, now: datetime) -> "Scenario":
        """Return the scenario after an agent's work, which ends what it mends."""
        day = self.day(now)
        every = (
            s if s.mended_by != agent or not s.covers(day) else s.ended(day) for s in self.spells
        )
        return replace(self, spells=tuple(every))

    def amount(self, kind: Trouble, now: datetime, otherwise: float) -> float:
        """Return how bad a trouble is now, or what holds without it."""
        spell = self.spell(kind, now)
        return otherwise if spell is None else spell.amount

    def begun(self, kind: Trouble) -> list[tuple[datetime, datetime | None]]:
        """Return when each trouble of a kind begins and ends."""
        every = [s for s in self.spells if s.kind == kind]
        return [(self.at(s.from_day), self._end(s)) for s in every]

    def at(self, day: float) -> datetime:
        """Return the instant that many days after the start."""
        return self.start + timedelta(days=day)

    def written(self) -> dict[str, Any]:
        """Return the scenario as a ``world`` input."""
        spells = [
            {k: v for k, v in asdict(spell).items() if v is not None} for spell in self.spells
        ]
        return {"start": self.start.isoformat() if self.known_start else None, "spells": spells}

    def _end(self, spell: Spell) -> datetime | None:
        return None if spell.until_day is None else self.at(spell.until_day)


def scenario_of(call: Call) -> Scenario:
    """Return what troubles the world of a call: what its own ``world`` input says."""
    world = call.input_data.get("world")
    return Scenario() if world is None else read(world)


def read(world: Any) -> Scenario:
    """Return the scenario of a ``world`` input.

    Its shape: ``{"start": "2026-01-05T00:00:00Z", "spells": [{"kind": "latency", "from_day": 12,
    "until_day": 15, "amount": 1.5}]}``. Raises :class:`BadInput`, naming the place.
    """
    if not isinstance(world, Mapping):
        raise wrong("world", world, "an object with start and spells")
    spells = world.get("spells") or []
    if not isinstance(spells, list | tuple):
        raise wrong("world.spells", spells, "a list")
    every = tuple(_spell(s, f"world.spells[{i}]") for i, s in enumerate(spells))
    if world.get("start") is None:
        return Scenario(spells=every)
    return Scenario(_start(world["start"]), every, known_start=True)


def _start(value: Any) -> datetime:
    try:
        start = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise wrong("world.start", value, "an ISO 8601 instant") from None
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def _spell(value: Any, place: str) -> Spell:
    if not isinstance(value, Mapping):
        raise wrong(
            place,
            value,
            "an object with kind, from_day, until_day, amount, connector, agent, mended_by",
        )
    fields = Inputs(value)
    try:
        return Spell(
            Trouble(fields.choice("kind", [*Trouble])),
            fields.number("from_day", 0.0, -1e6, 1e6),
            fields.number("until_day", 0.0, -1e6, 1e6) if fields.has("until_day") else None,
            fields.number("amount", 1.0, 0.0, 1e6),
            fields.text("connector") if fields.has("connector") else None,
            fields.text("agent") if fields.has("agent") else None,
            fields.text("mended_by") if fields.has("mended_by") else None,
        )
    except BadInput as error:
        raise BadInput(f"{place}.{error}") from None
