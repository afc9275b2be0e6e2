"""Faults, struck at random: each is counted under its name."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sojourn.control.door import Door
from sojourn.control.workers import set_ahead
from sojourn.store.postgres import DatabaseUnavailable
from tests.faults.fleet import LEASE, Fleet, Server
from tests.faults.wire import Wire

SETTINGS = (
    {"SOJOURN_CLAIM_BATCH": "1", "SOJOURN_WORKER_TASKS": "3"},
    {"SOJOURN_CLAIM_BATCH": "50", "SOJOURN_JOURNEY_BATCH": "1", "SOJOURN_CONNECTIONS": "3"},
    {"SOJOURN_LEASE_SECONDS": str(2 * LEASE), "SOJOURN_POLL_SECONDS": "0.5"},
)
"""What another version may be set to: batches, limits, its lease and how often it looks."""
Blow = Callable[[], Awaitable[None]]


class Chaos:
    """Strikes at workers, APIs, agents, the wire, PostgreSQL (where ``server`` may be) and the clock."""

    def __init__(
        self, chance: random.Random, fleet: Fleet, wire: Wire, door: Door, server: Server | None
    ) -> None:
        self._chance = chance
        self._fleet = fleet
        self._wire = wire
        self._door = door
        self._server = server
        self._others = random.Random(0)  # what is deployed shifts no fault that follows
        self._lasting: set[asyncio.Task[None]] = set()
        self.faults: Counter[str] = Counter()
        self.only: tuple[str, ...] = ()

    async def rage(self, seconds: float, pause: tuple[float, float]) -> None:
        """Strike again and again for so many seconds, then let everything come to itself."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(self._chance.uniform(*pause))
            await self.strike()
        await self.calm()

    async def strike(self) -> None:
        """Strike once."""
        blows = self._blows()
        names = [name for name in blows if not self.only or name in self.only]
        [name] = self._chance.choices(names, [blows[n][0] for n in names])
        self.faults[name] += 1
        await blows[name][1]()

    async def calm(self) -> None:
        """End what lasts, and see that everybody is there."""
        if self._lasting:
            await asyncio.wait(self._lasting)
        self._wire.losing = self._wire.losing_events = self._wire.halving = 0
        for pid in list(self._fleet.frozen):
            self._fleet.thaw(pid)
        if self._server:
            await self._server.start()

    def _blows(self) -> dict[str, tuple[int, Blow]]:
        everywhere: dict[str, tuple[int, Blow]] = {
            "worker killed": (6, self._worker_killed),
            "worker frozen": (6, self._worker_frozen),
            "deploy": (2, self._deploy),
            "agent killed": (3, self._agent_killed),
            "agent frozen": (3, self._agent_frozen),
            "connections cut": (4, self._cut),
            "statement cut in the middle": (5, self._halved),
            "commit reply lost": (5, self._lost),
            "reply of a decision's commit lost": (5, self._lost_events),
            "network swallows all": (2, self._deaf),
            "clock jump": (1, self._jump),
        }
        if self._fleet.apis:
            everywhere |= {
                "API killed": (5, self._api_killed),
                "API frozen": (5, self._api_frozen),
                "API told to end": (2, self._api_told),
            }
        if self._server is None:
            return everywhere
        if self._server.disk:
            everywhere |= {
                "disk full": (2, self._disk_full),
                "disk full to the log": (1, self._disk_flooded),
            }
        return everywhere | {
            "postgres killed": (1, self._server.kill),
            "postgres process killed": (1, self._backend_killed),
            "postgres frozen": (1, self._server_frozen),
        }

    async def _worker_killed(self) -> None:
        await self._fleet.end(self._chance.choice(self._fleet.workers))
        await self._fleet.spawn_worker()

    async def _worker_frozen(self) -> None:
        pid = self._chance.choice(self._fleet.workers)
        if pid not in self._fleet.frozen:
            self._freeze(pid)

    async def _deploy(self) -> None:
        """Begin a worker with other settings, of the previous version perhaps; tell one to end."""
        awake = [pid for pid in self._fleet.workers if pid not in self._fleet.frozen]
        if awake:
            pid = self._chance.choice(awake)
            settings = self._others.choice(SETTINGS)
            old = self._fleet.previous and self._others.random() < 0.5
            await (self._fleet.spawn_other if old else self._fleet.spawn_worker)(**settings)
            await self._fleet.end(pid, signal.SIGTERM)

    async def _api_killed(self) -> None:
        await self._fleet.end(self._chance.choice(self._fleet.apis))
        await self._fleet.spawn_api()

    async def _api_frozen(self) -> None:
        pid = self._chance.choice(self._fleet.apis)
        if pid not in self._fleet.frozen:
            self._freeze(pid)

    async def _api_told(self) -> None:
        awake = [pid for pid in self._fleet.apis if pid not in self._fleet.frozen]
        if awake:
            pid = self._chance.choice(awake)
            await self._fleet.spawn_api()
            await self._fleet.end(pid, signal.SIGTERM)

    async def _agent_killed(self) -> None:
        await self._fleet.end(self._fleet.web)
        await self._fleet.spawn_web()

    async def _agent_frozen(self) -> None:
        if self._fleet.web not in self._fleet.frozen:
            self._freeze(self._fleet.web)

    def _freeze(self, pid: int) -> None:
        """Stop a process for longer than its lease, or for a little less."""
        self._fleet.freeze(pid)

        async def wake() -> None:
            await asyncio.sleep(self._chance.uniform(0.5, 3.5) * LEASE)
            self._fleet.thaw(pid)

        self._last(wake())

    async def _cut(self) -> None:
        self._wire.cut()

    async def _halved(self) -> None:
        self._wire.halve()

    async def _lost(self) -> None:
        self._wire.lose()

    async def _lost_events(self) -> None:
        self._wire.lose_events()

    async def _deaf(self) -> None:
        self._last(self._wire.deaf(self._chance.uniform(0.2, 2.5) * LEASE))

    async def _jump(self) -> None:
        try:
            await set_ahead(self._door, timedelta(minutes=self._chance.randint(1, 90)))
        except DatabaseUnavailable:
            return

    async def _backend_killed(self) -> None:
        assert self._server
        self._server.kill_backend(self._chance)

    async def _server_frozen(self) -> None:
        assert self._server
        await self._server.freeze(self._chance.uniform(0.3, 2.5) * LEASE)

    async def _disk_full(self) -> None:
        assert self._server
        await self._server.full(self._chance.uniform(0.3, 2))

    async def _disk_flooded(self) -> None:
        assert self._server
        await self._server.full(self._chance.uniform(0.3, 2), flood=True)

    def _last(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._lasting.add(task)
        task.add_done_callback(self._lasting.discard)
