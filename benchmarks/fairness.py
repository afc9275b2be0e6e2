"""One client with ten thousand tasks does not delay a client with ten.

From the start of a small client's journey to the call of each of its tasks: alone, and beside a
flood that has taken every place of the worker. What the flood itself took is the floor's part.
"""

import argparse
import asyncio
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from benchmarks.ground import door_of, engine, fresh
from benchmarks.report import quantile, report
from sojourn.control.door import Door
from sojourn.control.start import start
from sojourn.core.outcomes import Call, Completed, Outcome
from sojourn.engine.engine import Pace
from sojourn.paths import load

SMALL = 10
PATH = """
name: {name}
stages:
  - name: sandbox
    exit: {{criteria: [{{work: required}}]}}
    work:
      - {{name: unit, tasks: [{{name: t, agent: {name}, for_each: "${{facts.items}}"}}]}}
"""
CHAIN = ", ".join(
    f"{{name: t{n}, agent: flood{f', depends_on: [t{n - 1}]' if n else ''}}}" for n in range(5)
)


@dataclass(frozen=True)
class Flood:
    """What one client has put in the queue: so many tasks, each of so many seconds."""

    name: str
    tasks: int
    seconds: float
    chains: bool = False

    async def begin(self, door: Door) -> None:
        """Start the flood's journey: one unit, or units of five tasks one after another."""
        facts = {"items": list(range(self.tasks))}
        path = load(self._path(), "flood.yaml")
        await start(door, path, "flood", "bench", facts=facts)

    def _path(self) -> str:
        if not self.chains:
            return PATH.format(name="flood")
        units = "\n".join(
            f"      - {{name: u{n}, tasks: [{CHAIN}]}}" for n in range(self.tasks // 5)
        )
        return PATH.format(name="flood").rsplit("\n", 2)[0] + "\n" + units + "\n"


FLOODS = (
    Flood("one unit, 50 ms each", 10_000, 0.05),
    Flood("one unit, no time at all", 10_000, 0),
    Flood("chains of five, 0.2 s each", 2_000, 0.2, chains=True),
    Flood("one unit, 2 s each", 2_000, 2),
)


class Calls:
    """Agents that take some time; those of the small client note when they are called."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.called: dict[UUID, list[float]] = {}
        self.flood = 0
        self._news = asyncio.Event()

    async def next(self) -> None:
        """Wait for the next call."""
        self._news.clear()
        await self._news.wait()

    async def send(self, call: Call) -> Outcome:
        """Take some time over the flood's tasks, none over the small client's."""
        self._news.set()
        if call.agent_id == "small":
            self.called.setdefault(call.journey_id, []).append(time.perf_counter())
        else:
            self.flood += 1
            await asyncio.sleep(self.seconds)
        return Completed({"ok": True})

    poll = send

    async def cancel(self, call: Call) -> None:
        """Nothing runs."""


async def small(door: Door, calls: Calls, journeys: int) -> list[float]:
    """Let small clients begin one after another; return each task's wait in milliseconds."""
    path, waits = load(PATH.format(name="small"), "small.yaml"), []
    for n in range(journeys):
        begun, client = time.perf_counter(), f"small-{time.time_ns()}-{n}"
        items = {"items": list(range(SMALL))}
        journey = (await start(door, path, client, "bench", facts=items)).state.journey_id
        async with asyncio.timeout(120):
            while len(calls.called.get(journey, ())) < SMALL:
                await calls.next()
        waits += [(at - begun) * 1000 for at in calls.called[journey]]
    return waits


async def flooded(
    door: Door, calls: Calls, flood: Flood, journeys: int
) -> tuple[list[float], float]:
    """Do the same beside a flood, as long as it lasts; return also the seconds that it took."""
    begun = time.monotonic()
    waits: list[float] = []
    await flood.begin(door)
    while calls.flood < 350:
        await calls.next()
    while calls.flood < flood.tasks and len(waits) < journeys * SMALL:
        waits += await small(door, calls, 1)
    while calls.flood < flood.tasks:
        await calls.next()
    return waits, time.monotonic() - begun


def line(what: str, waits: list[float], level: float) -> dict[str, Any]:
    """Return a line of the table; the ratio is that of the 99th percentiles."""
    p99 = quantile(waits, 0.99)
    return {
        "what": what,
        "tasks": len(waits),
        "p50_ms": round(statistics.median(waits), 1),
        "p99_ms": round(p99, 1),
        "ratio": round(p99 / level, 2),
    }


async def run(flood: Flood, journeys: int) -> list[dict[str, Any]]:
    """Measure alone, then beside the flood."""
    async with fresh() as db:
        door, calls = await door_of(db), Calls(flood.seconds)
        async with engine(door, calls, Pace(lease=timedelta(seconds=60))):
            await small(door, calls, 5)
            alone = await small(door, calls, journeys)
            beside, took = await flooded(door, calls, flood, journeys)
    level = quantile(alone, 0.99)
    name = f"beside {flood.tasks:,}: {flood.name} ({took:.1f} s)"
    return [line("alone", alone, level), line(name, beside, level)]


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks fairness", description=__doc__)
    parser.add_argument("--journeys", type=int, default=100, help="small clients, at most")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    given = parser.parse_args(arguments)
    rows = [row for flood in FLOODS for row in asyncio.run(run(flood, given.journeys))]
    report("fairness", rows, keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
