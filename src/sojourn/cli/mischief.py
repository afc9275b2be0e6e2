"""The demonstration's world: the agents as they are, with what goes wrong in a scenario."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Final

from sojourn.cli.cast import Seen, later
from sojourn.core.outcomes import Call, Completed, Failed, Outcome
from sojourn.engine.worker import Bridge
from sojourn.sandbox.scenario import SCENARIOS, Scenario, Spell, Trouble

SURE: Final = 2
"""A flaky agent answers its third attempt at the latest."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """A trouble that begins so many days into a stage's first visit.

    It lasts until the agent that caused it is called again: to undo its work, or to do it anew.
    """

    kind: Trouble
    stage: str
    days: float
    caused_by: str
    amount: float = 1.0
    connector: str | None = None


@dataclass(frozen=True, slots=True)
class Mischief:
    """What goes wrong: mishaps, the share of attempts that fail, and agents that are down.

    ``down`` says how many calls an agent fails before it is up again.
    """

    mishaps: tuple[Mishap, ...] = ()
    flaky: float = 0.0
    down: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class Tally:
    """What one agent was asked, and what came of it."""

    calls: int = 0
    retried: int = 0
    completed: int = 0
    failed: int = 0


class World:
    """A bridge to the agents that lets things go wrong, and counts."""

    def __init__(
        self, agents: Bridge, client: str, begin: datetime, mischief: Mischief, seed: int
    ) -> None:
        self.tallies: dict[str, Tally] = {}
        self._agents = agents
        self._client = client
        self._mischief = mischief
        self._chance = Random(seed)  # noqa: S311 -- chance that repeats
        self._down = Counter(dict(mischief.down))
        self._begun: dict[Mishap, Spell] = {}
        self._scenario = Scenario(begin, known_start=True)
        SCENARIOS.use(client, self._scenario)

    def look(self, seen: Seen) -> None:
        """Let those mishaps begin whose time has come."""
        for mishap in self._mischief.mishaps:
            due = later(seen.entered.get(mishap.stage), mishap.days)
            if mishap not in self._begun and due and due <= seen.now:
                day = self._scenario.day(seen.now)
                spell = Spell(mishap.kind, day, None, mishap.amount, mishap.connector)
                self._begun[mishap] = spell
                self._show()

    def close(self) -> None:
        """Leave the world as it was found."""
        SCENARIOS.by_client.pop(self._client, None)

    async def send(self, call: Call) -> Outcome:
        """Hand over work, unless the agent is having a bad moment."""
        tally = self.tallies.setdefault(call.agent_id, Tally())
        tally.calls += 1
        tally.retried += call.retry_count > 0
        self._mend(call)
        outcome = self._trouble(call) or await self._agents.send(call)
        tally.completed += isinstance(outcome, Completed)
        tally.failed += isinstance(outcome, Failed)
        return outcome

    async def poll(self, call: Call) -> Outcome:
        """Ask how the work goes."""
        return await self._agents.poll(call)

    async def cancel(self, call: Call) -> None:
        """Tell the agent to stop."""
        await self._agents.cancel(call)

    def _trouble(self, call: Call) -> Failed | None:
        if self._down[call.agent_id] > 0:
            self._down[call.agent_id] -= 1
            return Failed("HTTP 503: the agent is being restarted")
        if call.retry_count < SURE and self._chance.random() < self._mischief.flaky:
            return Failed("the connection was reset by the agent")
        return None

    def _mend(self, call: Call) -> None:
        """End what the agent that is being called has caused."""
        if call.now is None:
            return
        day = self._scenario.day(call.now)
        for mishap, spell in self._begun.items():
            if mishap.caused_by == call.agent_id and spell.until_day is None:
                self._begun[mishap] = replace(spell, until_day=day)
        self._show()

    def _show(self) -> None:
        self._scenario = replace(self._scenario, spells=tuple(self._begun.values()))
        SCENARIOS.use(self._client, self._scenario)
