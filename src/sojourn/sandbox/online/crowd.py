"""Simulated users: they ask real queries as their days go by, and remember what they were served."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from statistics import fmean
from typing import Final, TypeVar

from sojourn.sandbox.installed import Served
from sojourn.sandbox.latency import busy_hour
from sojourn.sandbox.online.backend import Backend, ServiceError
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.online.directory import admit, email, ensure
from sojourn.sandbox.people import ASKED, Experience, own_queries, poisson, questions, useful
from sojourn.sandbox.seeds import rng
from sojourn.sandbox.usage import grown
from sojourn.sandbox.world import Query, User, World, relevant

CROWD: Final = "crowd"
"""Under this name is remembered what is to be known of the people: SINCE and UNTIL."""
SINCE: Final = "since"
"""Since when each person who may search has been let in."""
UNTIL: Final = "until"
"""Until when people have asked what they ask."""
LONGEST: Final = timedelta(days=8)
"""People who were not looked at for longer than that have lived for so long only."""
REMEMBERED: Final = timedelta(days=2)
"""How much of the past people live again to remember it."""
EXPECTED: Final = 0.85
"""What the service is worth to people before they have tried it."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Question:
    """One query that a person asks at a moment."""

    at: datetime
    user: User
    query: Query
    request_id: str


@dataclass(slots=True)
class Town:
    """The people of one client: what the last queries were worth to each, one at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    memory: dict[str, deque[Experience]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=ASKED))
    )

    def knows(self, user: User) -> bool:
        """Say whether a person remembers having searched."""
        return bool(self.memory.get(user.user_id))

    def worth(self, user: User) -> float:
        """Return what the service was worth to a person lately (0 to 1)."""
        found = self.memory.get(user.user_id)
        if not found:
            return EXPECTED
        waited = fmean(e.wait_ms for e in found)
        return Experience(fmean(e.precision for e in found), waited).worth


@dataclass(slots=True)
class Crowd:
    """The people of all clients that an agent works for."""

    _towns: dict[str, Town] = field(default_factory=lambda: defaultdict(Town))

    async def live(self, desk: Desk) -> Town:
        """Let the client's people ask what they ask up to now; raises ServiceError, BadInput."""
        town = self._towns[desk.call.client_id]
        async with town.lock:
            known = await desk.backend.records(CROWD)
            since = {k: datetime.fromisoformat(v) for k, v in known.get(SINCE, {}).items()}
            lived = known.get(UNTIL, {}).get(UNTIL)
            if since:
                until = datetime.fromisoformat(lived) if lived else min(since.values())
                await self._live(desk, town, since, until)
        return town

    async def admit(self, desk: Desk, world: World, users: Sequence[User]) -> None:
        """Let these people search from now on, and no others; who is let in anew begins anew."""
        await ensure(desk.backend, world)
        known = (await desk.backend.records(CROWD)).get(SINCE, {})
        memory = self._towns[desk.call.client_id].memory
        for user in users:
            if user.user_id not in known:
                memory.pop(user.user_id, None)
        await admit(desk.backend, [user.user_id for user in users])
        now = desk.now.isoformat()
        since = {user.user_id: known.get(user.user_id, now) for user in users}
        await desk.backend.remember(CROWD, SINCE, since)

    async def try_out(self, desk: Desk, world: World, users: Sequence[User]) -> Town:
        """Let those people try the service who have no memory of it."""
        town = self._towns[desk.call.client_id]
        asked = [
            Question(desk.now, user, query, f"{user.user_id}/tries/{desk.now.date()}/{n}")
            for user in users
            if not town.knows(user)
            for n, query in enumerate(own_queries(world, user))
        ]
        await _ask_all(desk, world, town, asked)
        return town

    async def _live(
        self, desk: Desk, town: Town, since: Mapping[str, datetime], lived: datetime
    ) -> None:
        begin = lived if town.memory else lived - REMEMBERED  # a repeated query counts once
        if desk.now <= begin:
            return
        begin = max(begin, desk.now - LONGEST)
        world = await desk.installed()
        asked = [
            question
            for user in world.users
            if user.user_id in since
            for question in _asked(desk, world, user, town, max(begin, since[user.user_id]))
        ]
        await _ask_all(desk, world, town, sorted(asked, key=lambda question: question.at))
        until = {UNTIL: max(lived, desk.now).isoformat()}
        await desk.backend.remember(CROWD, UNTIL, until)


async def at_once(most: int, work: Iterable[Callable[[], Awaitable[Result]]]) -> list[Result]:
    """Return the results of work, in its order; so much is done at once, the first error ends it."""
    waiting = enumerate(work)
    done: dict[int, Result] = {}

    async def worker() -> None:
        for number, task in waiting:
            done[number] = await task()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(most):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [done[number] for number in sorted(done)]


async def _ask_all(desk: Desk, world: World, town: Town, asked: Sequence[Question]) -> None:
    every = [partial(_ask, desk.backend, world, town, question) for question in asked]
    await at_once(desk.limits.crowd_at_once, every)


async def _ask(backend: Backend, world: World, town: Town, question: Question) -> None:
    """Ask one query; a failure is an experience as well, and not a good one."""
    who = email(backend.client, question.user.user_id)
    text = " ".join(question.query.words)
    try:
        hits = await backend.at(question.at).search(text, who, request_id=question.request_id)
    except ServiceError as error:
        if not error.passing:
            raise
        town.memory[question.user.user_id].append(Experience(0.0, 0.0))
        return
    right = _answers(world, question.query, question.user)
    served = Served(tuple(name in right for name in hits.ids), len(right), 0)
    town.memory[question.user.user_id].append(Experience(useful(served), hits.backend_ms))


def _asked(desk: Desk, world: World, user: User, town: Town, since: datetime) -> Iterator[Question]:
    """Yield what a person asks after one time and up to another."""
    day = since.date()
    while day <= desk.now.date():
        growth = grown(desk.scenario, desk.now)
        often = questions(world, user, day, town.worth(user), growth)
        for question in _on(world, user, day, often):
            if since < question.at <= desk.now:
                yield question
        day += timedelta(days=1)


def _on(world: World, user: User, day: date, often: float) -> Iterator[Question]:
    chance = rng(world.client_id, user.user_id, "day", day)
    own = own_queries(world, user)
    for number in range(poisson(often, chance)):
        hour, minute = busy_hour(chance), chance.randrange(60)
        at = datetime.combine(day, time(hour, minute), UTC)
        yield Question(at, user, chance.choice(own), f"{user.user_id}/{day}/{number}")


def _answers(world: World, query: Query, user: User) -> frozenset[str]:
    return _judged(world, query, user.department)


@lru_cache(maxsize=16384)
def _judged(world: World, query: Query, department: str) -> frozenset[str]:
    asker = User("", department, 0.0)
    return frozenset(relevant(query, asker, world.documents))
