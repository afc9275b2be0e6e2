"""The engine of one process: its loops, woken by PostgreSQL, until it is told to stop."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sojourn.control.door import Door
from sojourn.control.routes import Route
from sojourn.control.workers import sync_limits
from sojourn.engine.conductor import Conductor
from sojourn.engine.lease import Lease
from sojourn.engine.loop import Loop
from sojourn.engine.messenger import Messenger
from sojourn.engine.notifier import Notifier
from sojourn.engine.rescuer import Rescuer
from sojourn.engine.timekeeper import Timekeeper
from sojourn.engine.vitals import Vitals
from sojourn.engine.worker import Bridge, Limited, Worker
from sojourn.store.postgres import DatabaseUnavailable
from sojourn.store.stopping import stopped

AGAIN: Final = 1.0
"""Seconds after which a listener that could not begin tries again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the loops run: real seconds, and how much they take at once."""

    poll: float = 1.0
    lease: timedelta = timedelta(seconds=15)
    claim_batch: int = 200
    worker_tasks: int = 500
    journey_batch: int = 200
    private_webhooks: bool = False
    """Whether webhooks may go to private and loopback addresses."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """Whom to tell of alerts, and where the pages are that its links lead to."""

    routes: tuple[Route, ...]
    base: str = ""


async def run_engine(
    door: Door,
    bridge: Bridge,
    stop: asyncio.Event,
    pace: Pace | None = None,
    vitals: Vitals | None = None,
    outbound: Outbound | None = None,
) -> None:
    """Run worker, conductor and rescuer until ``stop`` is set; then finish or hand back.

    What the bridge knows of its agents' limits is written down first, for all workers to hold.
    ``vitals`` counts what is done, and says whether a loop hangs. ``outbound`` says whom to tell of
    alerts; without it that is left to other processes.
    """
    pace, vitals = pace or Pace(), vitals or Vitals()
    if isinstance(bridge, Limited):
        await sync_limits(door, bridge.limits())
    lease = Lease(door, pace.lease, lambda: worker.lost())
    worker = Worker(door, bridge, lease, pace.poll, pace.worker_tasks, pace.claim_batch, vitals)
    conductor = Conductor(door, pace.poll, pace.journey_batch, vitals)
    rescuer = Rescuer(door, pace.lease)
    timekeeper = Timekeeper(door, max(pace.poll, 1.0))
    notifier = Notifier(door, max(pace.poll, 1.0), private=pace.private_webhooks, vitals=vitals)
    messenger = _messenger(door, pace, outbound, vitals)
    await lease.once()
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        listeners = [
            group.create_task(_listen(door, "sojourn_tasks", worker)),
            group.create_task(_listen(door, "sojourn_wakeups", conductor)),
            group.create_task(_listen(door, "sojourn_deliveries", notifier)),
        ]
        # The lease outlives the worker, which still writes outcomes while it closes.
        group.create_task(lease.run(ended))
        loops: list[Loop] = [worker, conductor, rescuer, timekeeper, notifier]
        if messenger:
            loops.append(messenger)
            listeners.append(group.create_task(_listen(door, "sojourn_notices", messenger)))
        vitals.watch([*loops, lease])
        group.create_task(_wake_at_the_end(stop, loops))
        try:
            await asyncio.gather(*[group.create_task(loop.run(stop)) for loop in loops])
        except BaseException:
            for loop in (*loops, lease):
                loop.halt()
            raise
        finally:
            await asyncio.gather(*map(stopped, listeners))
        ended.set()
        lease.wake()


def _messenger(
    door: Door, pace: Pace, outbound: Outbound | None, vitals: Vitals
) -> Messenger | None:
    if outbound is None:
        return None
    poll = max(pace.poll, 1.0)
    return Messenger(door, poll, outbound.routes, outbound.base, vitals=vitals)


async def _wake_at_the_end(stop: asyncio.Event, loops: Sequence[Loop]) -> None:
    await stop.wait()
    for loop in loops:
        loop.wake()


async def _listen(door: Door, channel: str, loop: Loop) -> None:
    """Wake a loop when PostgreSQL says that there is something; its poll is the back-stop."""
    while True:
        try:
            async with door.db.listen(channel) as payloads:
                loop.wake()  # for what was said before anyone listened
                async for _ in payloads:
                    loop.wake()
        except DatabaseUnavailable:
            await asyncio.sleep(AGAIN)
