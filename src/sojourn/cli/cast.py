"""The people around a simulated client: who they are, what they do, and when they get to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sojourn.control.change import change
from sojourn.control.door import Door, RefusedError
from sojourn.core.commands import Approve, Command, Promote, RecordFacts
from sojourn.core.stages import JourneyStage
from sojourn.store.sets import Row

DAY: Final = timedelta(days=1)
OPENS: Final = 8
CLOSES: Final = 18
FRIDAY: Final = 4


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts in a journey, with the roles that they act in."""

    name: str
    title: str
    roles: tuple[str, ...] = ("operator",)


@dataclass(slots=True)
class Seen:
    """What people know of the journey: its row, and when they first saw what they wait for."""

    now: datetime
    row: Row
    entered: dict[str, datetime] = field(default_factory=dict)
    """When each stage was entered for the first time."""
    complete: bool = False
    """Whether only approvals are missing."""
    ready: dict[int, datetime] = field(default_factory=dict)
    """When that was seen first, by visit."""
    failed: datetime | None = None
    """Since when a task that failed has waited for the operator."""

    @property
    def missing(self) -> set[str]:
        """Return the names of the checks that keep the gate shut."""
        gate = self.row["gate"]
        return set(gate["failing"]) if gate and gate["visit"] == self.row["visit"] else set()

    def look(self, row: Row, now: datetime, approvals: set[str]) -> None:
        """Take note of how the journey stands now."""
        self.now, self.row = now, row
        self.entered.setdefault(row["current_stage"], row["stage_started_at"])
        self.complete = bool(self.missing) and self.missing <= approvals
        if self.complete:
            self.ready.setdefault(row["visit"], now)
        stands = row["ball_with"] == "operator" and " failed: " in row["waiting_for"]
        self.failed = (self.failed or now) if stands else None


When = Callable[[Seen], datetime | None]
"""Says from when on something is to be done; None for not yet."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person does: once in the journey, or once a visit where it ``approves`` something.

    ``again``: whenever it is due. ``tries``: it is tried, and may be refused.
    """

    who: Person
    when: When
    make: Callable[[Person], Command]
    approves: str = ""
    again: bool = False
    tries: bool = False


class Cast:
    """The people of one journey, on its clock and in their working hours."""

    def __init__(self, door: Door, journey_id: UUID, deeds: Sequence[Deed]) -> None:
        self._door = door
        self._journey = journey_id
        self._deeds = deeds
        self._done: set[tuple[int, int]] = set()
        self._approvals = {deed.approves for deed in deeds if deed.approves}

    async def act(self, seen: Seen, row: Row) -> bool:
        """Let the first person who has something to do now do it; say whether it was done.

        What is refused has changed nothing: the clock has to go on before it is tried again.
        """
        seen.look(row, self._door.now(), self._approvals)
        for number, deed in enumerate(self._deeds):
            key = (number, row["visit"] if deed.approves else 0)
            due = deed.when(seen)
            if key not in self._done and due and at_work(due) <= seen.now == at_work(seen.now):
                self._done |= set() if deed.again else {key}
                if await self._do(deed):
                    return True
        return False

    async def _do(self, deed: Deed) -> bool:
        try:
            await change(self._door, self._journey, deed.make(deed.who))
        except RefusedError:
            if not deed.tries:
                raise
            return False
        return True


def entering(stage: str, days: float) -> When:
    """So many days after a stage was first entered."""
    return lambda seen: later(seen.entered.get(stage), days)


def held(days: float) -> When:
    """So many days after the journey was held."""
    return lambda seen: later(seen.row["held_since"], days)


def rolled_back(days: float) -> When:
    """So many days after a rollback has ended, at the visit that began with it."""
    return lambda seen: later(_begun(seen), days) if seen.row["rollbacks"] else None


def failed(days: float) -> When:
    """So many days after a task has failed for good."""
    return lambda seen: later(seen.failed, days)


def later(since: datetime | None, days: float) -> datetime | None:
    """Return the moment so many days later; None while it has not begun."""
    return since + DAY * days if since else None


def tells(who: Person, stage: str, days: float, **facts: Any) -> Deed:
    """Return the deed of recording facts, so many days into a stage."""

    def make(person: Person) -> Command:
        return RecordFacts(actor=person.name, roles=person.roles, facts=facts, source=person.title)

    return Deed(who, entering(stage, days), make)


def approves(who: Person, criterion: str, days: float, reason: str) -> Deed:
    """Return the deed of approving, so long after everything but approvals has been there.

    It is done at a moment when all of that is there, at every visit of the stage.
    """

    def when(seen: Seen) -> datetime | None:
        asked = seen.complete and criterion in seen.missing
        return later(seen.ready.get(seen.row["visit"]), days) if asked else None

    def make(person: Person) -> Command:
        return Approve(actor=person.name, roles=person.roles, criterion=criterion, reason=reason)

    return Deed(who, when, make, criterion)


def asks(who: Person, days: float) -> Deed:
    """Return the deed of asking for the promotion, where all of its gate holds for so long.

    It is for gates that people pass (mode manual), at every visit.
    """

    def when(seen: Seen) -> datetime | None:
        gate = seen.row["gate"]
        stands = gate and gate["visit"] == seen.row["visit"] and not gate["failing"]
        waits = seen.row["ball_with"] == "soak" or seen.row["held_since"]
        return later(_begun(seen), days) if stands and not waits else None

    def make(person: Person) -> Command:
        return Promote(actor=person.name, roles=person.roles, reason="all criteria hold")

    return Deed(who, when, make, again=True, tries=True)


def _begun(seen: Seen) -> datetime | None:
    began: datetime | None = seen.row["stage_started_at"]
    return began if seen.row["current_stage"] != JourneyStage.ROLLBACK else None


def at_work(moment: datetime) -> datetime:
    """Return the moment, or the next one (UTC) at which people are at work."""
    if moment.weekday() <= FRIDAY and OPENS <= moment.hour < CLOSES:
        return moment
    day = moment if moment.hour < OPENS else moment + DAY
    while day.weekday() > FRIDAY:
        day += DAY
    return day.replace(hour=OPENS, minute=30, second=0, microsecond=0)
