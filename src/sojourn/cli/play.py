"""Playing scenarios: the world, the people and the clock, until every journey is where it must be."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from time import monotonic
from typing import Any, Final
from uuid import UUID

from sojourn.app import App
from sojourn.cli.cast import Cast, Seen
from sojourn.cli.crew import Crew
from sojourn.cli.failures import Failure, Status
from sojourn.cli.mischief import Mischief
from sojourn.cli.pacing import SHORTEST, Pacer
from sojourn.cli.people import DANA, EVERYDAY, SIGNED, without
from sojourn.cli.tales import CLIENT, PATH, Strike, Tale
from sojourn.cli.tallies import Tally
from sojourn.control.door import Door
from sojourn.control.start import Beginning, start_many
from sojourn.paths import find, load_file
from sojourn.sandbox.world_process import RunningWorld
from sojourn.store import work
from sojourn.store.journeys import list_journeys
from sojourn.store.sets import Row
from sojourn.store.stopping import stopped

FIRST_MONDAY: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When the journeys of seed 1 start; each further seed is a week later."""
LONGEST: Final = timedelta(days=200)
"""How long, on its clock, a journey of a demonstration may take."""
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """A client's part in a play: the scenario, and the path that the client is on."""

    tale: Tale
    client: str = CLIENT
    path: str = PATH
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Played:
    """What was played: the journey, what its agents were asked, and why it stopped early."""

    part: Part
    journey_id: UUID
    tallies: Mapping[str, Tally]
    speed: float
    seed: int
    seconds: float
    stopped: str = ""
    taken_over: int = 0
    """How many tasks of a killed worker were taken over."""

    @property
    def tale(self) -> Tale:
        """Return the scenario."""
        return self.part.tale


def begin(seed: int) -> datetime:
    """Return when the journeys of a seed start: on a Monday morning."""
    return FIRST_MONDAY + timedelta(weeks=seed - 1)


class Player:
    """Plays one part: the client's people, and what goes wrong in the client's world."""

    def __init__(self, door: Door, world: RunningWorld, part: Part, journey_id: UUID) -> None:
        """Play a part in a journey that has begun."""
        self.part = part
        self.journey_id = journey_id
        self.done = False
        self.taken_over = 0
        deeds = (*part.tale.deeds, *without(EVERYDAY[part.path], *part.tale.leaves))
        self._cast = Cast(door, journey_id, deeds)
        self._mischief = Mischief(world.backend(part.client), door.now(), part.tale.mishaps)
        self._seen = Seen(door.now(), {})

    async def open(self) -> None:
        """Tell the client's world when its days begin."""
        await self._mischief.open()

    async def act(self, row: Row) -> bool:
        """Let people act and things go wrong; say whether somebody has acted."""
        if row["ended_at"]:
            self.done = True
            return False
        acted = await self._cast.act(self._seen, row)
        await self._mischief.look(self._seen)
        over = self.part.tale.over
        due = over(self._seen) if over else None
        self.done = due is not None and due <= self._seen.now
        return acted

    def due(self, strike: Strike) -> bool:
        """Say whether the time of a strike has come."""
        entered = self._seen.entered.get(strike.stage)
        return entered is not None and self._seen.now >= entered + timedelta(days=strike.days)


async def play(
    app: App,
    world: RunningWorld,
    parts: Sequence[Part],
    *,
    speed: float,
    seed: int = 1,
    timeout: float = 600,  # noqa: ASYNC109 -- reaching it is a result, not an error
    step: timedelta = SHORTEST,
    started: Callable[[Sequence[UUID]], None] = lambda _: None,
) -> list[Played]:
    """Play scenarios with an engine of one's own, until their end or for so many real seconds.

    ``app`` knows the agents of ``world``; ``started`` is told the journeys, in the order of the
    parts. ``speed`` is how many times as fast as real time the clock may run, ``step`` the least
    that it is set ahead: many journeys take less time where more of them are due together.
    Raises Failure where the time is up before they have begun.
    """
    crew = Crew(app)
    crew.begin()
    since, why = monotonic(), ""
    players: list[Player] = []

    def begun(every: Sequence[Player]) -> None:
        players.extend(every)
        started([player.journey_id for player in every])

    course = asyncio.create_task(
        _performed(world, parts, Pacer(app.door, speed, step), begun, crew)
    )
    try:
        why = await _first(course, crew, timeout)
    finally:
        await crew.end()
    took = monotonic() - since
    if not players:
        told = f"no journey has begun: {why}"
        raise Failure("unfinished", told, "give it more time", Status.INTERNAL)
    return [_played(p, crew, speed, seed, took, why) for p in players]


def _played(
    player: Player, crew: Crew, speed: float, seed: int, seconds: float, why: str
) -> Played:
    said = "" if player.done else why
    tallies = crew.counted.of(player.part.client)
    key, taken = player.journey_id, player.taken_over
    return Played(player.part, key, tallies, speed, seed, seconds, said, taken)


async def _first(
    course: asyncio.Task[str],
    crew: Crew,
    timeout: float,  # noqa: ASYNC109
) -> str:
    """Return why the play stopped early."""
    until = monotonic() + timeout
    try:
        while not course.done() and not crew.ended and monotonic() < until:
            await asyncio.wait({course}, timeout=min(0.5, max(until - monotonic(), 0)))
        if course.done():
            return course.result()
        return "the engine stopped" if crew.ended else f"not done in {timeout:g} seconds"
    finally:
        await stopped(course)


async def _performed(
    world: RunningWorld,
    parts: Sequence[Part],
    pacer: Pacer,
    begun: Callable[[Sequence[Player]], None],
    crew: Crew,
) -> str:
    """Let people act and the clock run, always when the engine has done its part."""
    door = pacer.door
    players = await _start(door, world, parts)
    begun(players)
    waiting = {player.journey_id: player for player in players}
    blows = [
        Blow(world, crew, player, player.part.tale.strike)
        for player in players
        if player.part.tale.strike is not None
    ]
    until = door.now() + LONGEST
    while waiting and door.now() < until:
        for blow in blows:
            await blow.look(door)
        if not await pacer.idle():
            continue
        acted = await _act(door, waiting)
        if waiting and not acted:
            await pacer.step()
    return f"not done in {LONGEST.days} days on the journey's clock" if waiting else ""


async def _act(door: Door, waiting: dict[UUID, Player]) -> bool:
    """Let everybody act who has something to do; those who are done wait no more."""
    acted = False
    for row in await rows_of(door):
        player = waiting.get(row["journey_id"])
        if player is not None:
            acted = await player.act(row) or acted
            if player.done:
                del waiting[row["journey_id"]]
    return acted


async def _start(door: Door, world: RunningWorld, parts: Sequence[Part]) -> list[Player]:
    """Start a journey for each part."""
    found: dict[str, UUID] = {}
    for name, group in groupby(sorted(parts, key=lambda p: p.path), key=lambda p: p.path):
        beginnings = [
            Beginning(p.client, metadata=p.metadata, facts=SIGNED, owner=DANA.name) for p in group
        ]
        path = load_file(find(name))
        for decision in await start_many(door, path, beginnings, DANA.name):
            found[decision.state.client_id] = decision.state.journey_id
    players = [Player(door, world, part, found[part.client]) for part in parts]
    for player in players:
        await player.open()
    return players


async def rows_of(door: Door) -> list[Row]:
    """Return all journeys as lists show them."""
    async with door.db.connection() as connection:
        return await list_journeys(connection, MOST)


class Blow:
    """A strike that is to come: armed when its time has come, done in the middle of a task."""

    def __init__(self, world: RunningWorld, crew: Crew, player: Player, strike: Strike) -> None:
        """Strike at one player's journey."""
        self._agent = world.process(strike.agent)
        self._crew = crew
        self._player = player
        self._strike = strike
        self._armed = False
        self._done = False

    async def look(self, door: Door) -> None:
        """Do what is due."""
        player = self._player
        if player.taken_over or not player.due(self._strike):
            return
        if not self._armed:
            self._armed = True
            await self._crew.hand_over()
        elif self._done:
            player.taken_over = sum(task["lost_count"] for task in await self._tasks(door))
        elif any(t["status"] == "running" and t["owner"] for t in await self._tasks(door)):
            self._done = True
            await self._crew.strike(self._agent)

    async def _tasks(self, door: Door) -> list[Row]:
        """Return the tasks that the agent has."""
        async with door.db.connection() as connection:
            tasks = await work.tasks_of(connection, self._player.journey_id, None)
        return [task for task in tasks if task["agent_id"] == self._strike.agent]
