"""A storm: journeys, orders and faults, all from one seed; and the oracle's word on it."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sojourn.control.door import Door
from sojourn.control.webhooks import subscribe
from sojourn.store import clock
from sojourn.store.migrate import migrate
from sojourn.store.postgres import Database, open_database
from tests.doors import rows
from tests.faults import blunders, callbacks, oracle, posts
from tests.faults.agents import lines
from tests.faults.chaos import Chaos
from tests.faults.fleet import Fleet, Server
from tests.faults.orders import AWAY, Orders
from tests.faults.versions import Version
from tests.faults.wire import Wire

SPEED = 60.0
"""The journeys' clock runs so many times as fast."""
PATIENCE = 90.0
"""Seconds in which journeys must come to their end once nothing strikes any more."""

HURRY = """
UPDATE deliveries SET due_at = now(), leased_until = NULL
WHERE due_at > now() + interval '1 second' OR leased_until < now() + interval '57 seconds'
"""
"""Deliveries whose sender died, or whose receiver did, are not waited for in real time."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How long it storms, over how many journeys at once and workers, and what is left away."""

    seed: int
    seconds: float = 20.0
    journeys: int = 8
    workers: int = 3
    apis: int = 0
    """APIs, each with an engine beside it; most orders are then given over HTTP."""
    previous: Version | None = None
    """What version some of the workers are of."""
    without: str = ""
    """A safeguard that the workers do without: the oracle must notice."""
    only: tuple[str, ...] = ()
    """The faults that strike; all where none is named."""
    pause: tuple[float, float] = (0.05, 0.7)
    patience: float = PATIENCE


@dataclass(slots=True)
class Report:
    """What a storm came to."""

    seed: int
    journeys: int = 0
    tasks: int = 0
    calls: int = 0
    events: int = 0
    posts: int = 0
    repeated: int = 0
    """Requests to the API, and how often one was made again for want of an answer."""
    called_back: int = 0
    previous: int = 0
    """Calls that workers of the previous version made."""
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    log: str = ""


class Storm:
    """One database, its wire, its fleet."""

    def __init__(self, weather: Weather, db: Database, door: Door, folder: Path) -> None:
        self._weather = weather
        self._db = db
        self._door = door
        self._folder = folder
        # Orders and faults each draw from a chance of their own: neither shifts the other.
        self._orders = Orders(random.Random(weather.seed), door)
        self._posts: posts.Posts | None = None
        self.report = Report(weather.seed)

    async def run(self, wire: Wire, fleet: Fleet, server: Server | None) -> Report:
        """Storm, come to rest, and ask the oracle."""
        weather = self._weather
        url = f"{wire.dsn} {blunders.OUTSIDE}" if weather.without == "outbox" else wire.dsn
        fleet.previous = weather.previous
        await fleet.open(url)
        await self._prepare(fleet)
        for _ in range(weather.workers):
            await fleet.spawn_worker()
        if fleet.previous:
            await fleet.spawn_other()
        for _ in range(weather.apis):
            await fleet.spawn_api()
        await self._begun(len(fleet.workers) + len(fleet.apis))
        chaos = Chaos(random.Random(weather.seed + 1), fleet, wire, self._door, server)
        chaos.only = weather.only
        await asyncio.gather(
            chaos.rage(weather.seconds, weather.pause),
            self._orders.keep(weather.seconds, weather.journeys),
        )
        await self._rest(fleet)
        self.report.faults = chaos.faults
        await self._reckon(fleet)
        return self.report

    async def _prepare(self, fleet: Fleet) -> None:
        await rows(self._db, oracle.WATCH)
        if self._weather.without == "outbox":
            await rows(self._db, blunders.NO_TRIGGER)
        where = f"http://127.0.0.1:{fleet.port}/hook"
        await subscribe(self._door, where, ["*"], "ann", private=True)
        if self._weather.apis:
            chance = random.Random(self._weather.seed)
            self._posts = await posts.opened(chance, self._door, fleet.site)
            self._orders = posts.RemoteOrders(chance, self._door, self._posts, fleet.paths)

    async def _begun(self, workers: int) -> None:
        """Wait for the first workers: whoever finds no database when it starts ends."""
        await _until(lambda: self._count("workers WHERE true", at_least=workers), 60)

    async def _rest(self, fleet: Fleet) -> None:
        """Bring every journey to its end, and end the workers in good order."""
        end = time.monotonic() + self._weather.patience
        while time.monotonic() < end:
            await self._revive(fleet)
            try:
                if not await self._orders.finish() and await self._quiet():
                    break
            except AWAY:
                pass
            await asyncio.sleep(0.2)
        if fleet.others:  # who is told to end before it has begun ends as it may
            await self._begun(len(fleet.workers) + len(fleet.apis))
        for pid in [*fleet.workers, *fleet.apis]:
            if (status := await fleet.end(pid, signal.SIGTERM)) != 0:
                self.report.violations.append(f"a process told to end ended with status {status}")

    async def _revive(self, fleet: Fleet) -> None:
        """Start another where a worker has ended by itself, as a supervisor does."""
        for pid in list(fleet.workers):
            if fleet.ended(pid):
                await fleet.end(pid)
                await fleet.spawn_worker()
        for pid in list(fleet.apis):
            if fleet.ended(pid):
                await fleet.end(pid)
                await fleet.spawn_api()

    async def _quiet(self) -> bool:
        """Say whether nothing is left to be done; deliveries do not wait for their next time."""
        await rows(self._db, HURRY)
        return (
            await self._count("deliveries WHERE status = 'pending'")
            and await self._count("wakeups WHERE true")
            and await self._count("tasks WHERE owner IS NOT NULL OR due_at IS NOT NULL")
        )

    async def _count(self, what: str, at_least: int | None = None) -> bool:
        [(found,)] = await rows(self._db, f"SELECT count(*) FROM {what}")
        return bool(found == 0 if at_least is None else found >= at_least)

    async def _reckon(self, fleet: Fleet) -> None:
        told, cancelled = self._orders.told, self._orders.cancelled
        report = self.report
        report.violations += await oracle.judge(self._door, self._folder, told, cancelled)
        report.violations += await self._reckon_remote()
        report.journeys = self._orders.started
        [(report.tasks,)] = await rows(self._db, "SELECT count(*) FROM tasks")
        [(report.events,)] = await rows(self._db, "SELECT count(*) FROM journey_events")
        report.calls = sum(
            line["what"] == "asked"
            for name in ("callable", "web")
            for line in lines(self._folder / name)
        )
        called = lines(self._folder / "callable")
        report.previous = sum(line["pid"] in fleet.seen for line in called)
        report.log = fleet.log()

    async def _reckon_remote(self) -> list[str]:
        """Judge what the APIs were asked and told."""
        if self._posts is None:
            return []
        told = lines(self._folder / "web")
        self.report.posts = len(self._posts.made)
        self.report.repeated = self._posts.repeated
        self.report.called_back = sum(callbacks.accepted(told).values())
        return [*await posts.judge(self._db, self._posts), *await callbacks.judge(self._db, told)]

    async def aclose(self) -> None:
        """Ask for nothing any more."""
        if self._posts:
            await self._posts.aclose()


async def storm(weather: Weather, dsn: str, folder: Path, server: Server | None = None) -> Report:
    """Let it storm over a database that nobody else uses."""
    async with _opened(dsn) as (db, door), Wire(dsn) as wire:
        fleet = Fleet(folder, weather.without)
        storming = Storm(weather, db, door, folder)
        try:
            return await storming.run(wire, fleet, server)
        finally:
            await storming.aclose()
            await fleet.close()


@asynccontextmanager
async def _opened(dsn: str) -> AsyncIterator[tuple[Database, Door]]:
    async with open_database(dsn, Path()) as db:
        await migrate(db)
        async with db.connection() as connection:
            shown = await clock.read(connection, SPEED)
        yield db, Door(db, shown)


async def _until(done: Callable[[], Awaitable[bool]], limit: float) -> None:
    end = time.monotonic() + limit
    while not await done():
        assert time.monotonic() < end, "the workers never began"
        await asyncio.sleep(0.05)
