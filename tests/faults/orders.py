"""What people ask of journeys, at random; and what they were told was done."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from sojourn.control import RefusedError, change, start
from sojourn.control.door import Door
from sojourn.core.commands import (
    Approve,
    Cancel,
    Command,
    HoldJourney,
    Migrate,
    Promote,
    RecordFacts,
    Reject,
    Resume,
    RetryFailed,
    RollBack,
)
from sojourn.core.decision import Decision
from sojourn.core.paths import Path
from sojourn.store.postgres import DatabaseUnavailable
from tests.doors import rows
from tests.faults import shapes

AWAY = (DatabaseUnavailable, psycopg.OperationalError)
ROLES = ("operator", "approver", "admin")
ACTIVE = "SELECT journey_id, held_since, current_stage FROM journey_states WHERE ended_at IS NULL"


@dataclass(slots=True)
class Told:
    """A decision that was acknowledged: its events have these numbers for ever."""

    journey_id: UUID
    seq: int
    types: tuple[str, ...]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Orders:
    """People at work on journeys of a few shapes."""

    def __init__(
        self, chance: random.Random, door: Door, kinds: int = 5, *, local: bool = False
    ) -> None:
        """``local`` has all work done by the agent in the workers' own processes."""
        self._chance = chance
        self.door = door
        self._documents = [shapes.shape(chance, f"shape-{n}") for n in range(kinds)]
        self._newer = [shapes.newer(chance, d) for d in self._documents]
        if local:
            self._documents = [shapes.local(d) for d in self._documents]
            self._newer = [shapes.local(d) for d in self._newer]
        self.paths: dict[UUID, int] = {}
        self.told: list[Told] = []
        self.cancelled: set[UUID] = set()
        """Journeys that somebody asked to cancel, whether or not the answer came."""
        self.started = 0

    async def keep(self, seconds: float, width: int) -> None:
        """Keep so many journeys going, and give orders, for so many seconds."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            try:
                active = await rows(self.door.db, ACTIVE)
                if len(active) < width:
                    await self.start()
                else:
                    await self._order(self._chance.choice(active)[0])
            except AWAY:
                pass
            await asyncio.sleep(self._chance.uniform(0.01, 0.25))

    async def start(self) -> None:
        """Start a journey."""
        kind = self._chance.randrange(len(self._documents))
        self.started += 1
        done = await start(
            self.door,
            shapes.path(self._documents[kind]),
            f"client-{self.started}",
            "ann",
            facts=shapes.FACTS,
        )
        self._noted(done)
        self.paths[done.state.journey_id] = kind

    async def finish(self) -> int:
        """Do what brings journeys to their end; return how many are still on their way."""
        active = await rows(self.door.db, ACTIVE)
        for journey, held, _ in active:
            if held:
                await self._try(journey, Resume(actor="bob", roles=ROLES))
            if self._chance.random() < 0.2:
                await self._try(journey, RetryFailed(actor="bob", roles=ROLES))
            await self._approve(journey)
        return len(active)

    async def _order(self, journey: UUID) -> None:
        kinds = {
            "approve": 8, "hold": 3, "resume": 6, "retry": 5, "rollback": 3, "migrate": 3,
            "promote": 2, "facts": 3, "reject": 1, "cancel": 1,
        }  # fmt: skip
        [kind] = self._chance.choices(list(kinds), list(kinds.values()))
        if kind == "approve":
            return await self._approve(journey)
        if kind == "cancel":
            self.cancelled.add(journey)
        return await self._try(journey, self._command(kind, journey))

    def _command(self, kind: str, journey: UUID) -> Command:
        who: dict[str, Any] = {
            "actor": self._chance.choice(["ann", "bob", "eve"]),
            "roles": ROLES,
            "reason": "the storm",
        }
        made: dict[str, Callable[[], Command]] = {
            "hold": lambda: HoldJourney(**who),
            "resume": lambda: Resume(**who),
            "retry": lambda: RetryFailed(**who),
            "rollback": lambda: RollBack(**who),
            "promote": lambda: Promote(**who),
            "facts": lambda: RecordFacts(**who, facts={"mood": self._chance.randrange(9)}),
            "reject": lambda: Reject(**who, criterion=shapes.APPROVAL),
            "cancel": lambda: Cancel(**who),
            "migrate": lambda: Migrate(**who, path=self._later(journey)),
        }
        return made[kind]()

    def _later(self, journey: UUID) -> Path:
        return shapes.path(self._newer[self.paths.get(journey, 0)])

    async def _approve(self, journey: UUID) -> None:
        for actor in ("bob", "eve", "ann"):  # who has rejected has to think again
            what = Approve(actor=actor, roles=ROLES, criterion=shapes.APPROVAL)
            await self._try(journey, what)

    async def _try(self, journey: UUID, command: Command) -> None:
        if isinstance(command, Migrate) and journey not in self.paths:
            return
        try:
            self._noted(await change(self.door, journey, command))
        except (RefusedError, *AWAY):
            return

    def _noted(self, decision: Decision) -> None:
        types = tuple(e.type for e in decision.events)
        self.told.append(Told(decision.state.journey_id, decision.before.seq, types))
