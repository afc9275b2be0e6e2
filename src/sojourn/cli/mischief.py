"""What goes wrong in a scenario: troubles of one client's world, begun when their time comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sojourn.cli.cast import Seen, later
from sojourn.sandbox.online.backend import Backend
from sojourn.sandbox.scenario import Scenario, Spell, Trouble


@dataclass(frozen=True, slots=True)
class Mishap:
    """A trouble that begins so many days into a stage's first visit.

    It ends after ``lasts`` days, or with the next work of the agent that it is ``mended_by``.
    ``connector`` and ``agent`` limit it as they limit a spell.
    """

    kind: Trouble
    stage: str
    days: float
    amount: float = 1.0
    mended_by: str | None = None
    lasts: float | None = None
    connector: str | None = None
    agent: str | None = None


class Mischief:
    """Lets things go wrong in one client's world, in real processes."""

    def __init__(self, backend: Backend, begin: datetime, mishaps: Sequence[Mishap]) -> None:
        """``begin`` is when the client's days are counted from."""
        self._backend = backend
        self._scenario = Scenario(begin, known_start=True)
        self._waiting = list(mishaps)

    async def open(self) -> None:
        """Tell the world when this client's days began; nothing is wrong yet."""
        await self._backend.trouble(self._scenario)

    async def look(self, seen: Seen) -> None:
        """Let those mishaps begin whose time has come; raises ServiceError."""
        for mishap in list(self._waiting):
            due = later(seen.entered.get(mishap.stage), mishap.days)
            if due and due <= seen.now:
                self._waiting.remove(mishap)
                await self._backend.afflict(spell(mishap, self._scenario.day(seen.now)))


def spell(mishap: Mishap, day: float) -> Spell:
    """Return a mishap that begins on a day."""
    until = None if mishap.lasts is None else day + mishap.lasts
    return Spell(
        mishap.kind,
        day,
        until,
        mishap.amount,
        mishap.connector,
        mishap.agent,
        mishap.mended_by,
    )
