"""The end of a run: every journey is brought to its own, and the workers to theirs."""

import asyncio
import signal
import time

from tests.faults import oracle
from tests.faults.fleet import Fleet
from tests.faults.orders import AWAY, Orders


async def rest(orders: Orders, *fleets: Fleet, seconds: float) -> None:
    """Bring all journeys to their end, and then the workers; nothing may be left to send."""
    end = time.monotonic() + seconds
    while True:
        try:
            active, left = await orders.finish(), await oracle.left_due(orders.door.db)
            if not active and not left:
                break
            if time.monotonic() > end:
                stuck = await oracle.stuck(orders.door.db)
                raise AssertionError(f"they do not end; {stuck} {left} {_logs(fleets)}")
        except AWAY:
            assert time.monotonic() < end, f"the database stays away; {_logs(fleets)}"
        await asyncio.sleep(0.1)
    for fleet in fleets:
        for pid in list(fleet.workers):
            assert await fleet.end(pid, signal.SIGTERM) == 0


def _logs(fleets: tuple[Fleet, ...]) -> str:
    return "\n".join(fleet.log()[-2000:] for fleet in fleets)
