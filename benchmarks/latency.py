"""How long things take to follow: a task's dependant, a promotion, a rollback; in milliseconds.

At low load one journey lives at a time; at half load others are started beside it all the time. The
floor is one commit of one row on the same server. The engine runs in this process, as a worker's.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from benchmarks.ground import door_of, engine, fresh, meanwhile
from benchmarks.report import quantile, report
from benchmarks.work import path_text
from sojourn.control.door import Door
from sojourn.control.record import Line, record_lines
from sojourn.control.start import Beginning, start, start_many
from sojourn.core.outcomes import Call, Completed, Outcome
from sojourn.engine.engine import Pace
from sojourn.paths import load
from sojourn.store.postgres import Database

CHAIN = 10
PATH = """
name: latency
stages:
  - name: sandbox
    exit: {{criteria: [{{work: required}}, {{metric: quality, is: ">= 1"}}]}}
    work:
      - name: chain
        tasks:
{tasks}
  - name: pilot
    exit: {{criteria: [{{fact: never}}]}}
    triggers:
      - {{kind: critical_bug, when: {{metric: bugs, is: "> 0"}}}}
"""
STAGE = b"SELECT 1 FROM journey_events WHERE journey_id = %s AND to_stage = %s"
FLOOR = b"UPDATE clock SET speed = speed"


class Probe:
    """An agent that answers at once, and notes when each task of a chain began and ended."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._ended: dict[tuple[UUID, int], float] = {}
        self._done: defaultdict[UUID, asyncio.Event] = defaultdict(asyncio.Event)

    async def send(self, call: Call) -> Outcome:
        """Answer at once."""
        if call.agent_id == "probe":
            now, nth = time.perf_counter(), int(call.task_id[1:])
            if before := self._ended.pop((call.journey_id, nth - 1), None):
                self.gaps.append((now - before) * 1000)
            if nth == CHAIN:
                self._done.pop(call.journey_id, asyncio.Event()).set()
            self._ended[call.journey_id, nth] = time.perf_counter()
        return Completed({"ok": True})

    poll = send

    async def cancel(self, call: Call) -> None:
        """Nothing runs."""

    async def end_of(self, journey: UUID) -> None:
        """Wait until the last task of a journey's chain has been asked for."""
        if (journey, CHAIN) not in self._ended:
            await asyncio.wait_for(self._done[journey].wait(), 60)


class Watch:
    """Tells how long it takes a journey to reach a stage, woken by what the journal says."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._news = asyncio.Event()

    async def listen(self) -> None:
        """Hear of every event, for as long as it is not cancelled."""
        async with self._db.listen("sojourn_events") as payloads:
            async for _ in payloads:
                self._news.set()

    async def reaches(self, journey: UUID, stage: str) -> None:
        """Wait until the journey has entered a stage."""
        async with asyncio.timeout(60):
            while True:
                self._news.clear()
                async with self._db.connection() as connection:
                    row = await (await connection.execute(STAGE, [journey, stage])).fetchone()
                if row is not None:
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 1)


def chain_text() -> str:
    """Return a path of one chain of tasks, a gate on a metric, and a trigger."""
    lines = [
        f"          - {{name: t{n}, agent: probe, depends_on: [{f't{n - 1}' if n > 1 else ''}]}}"
        for n in range(1, CHAIN + 1)
    ]
    return PATH.format(tasks="\n".join(lines))


@asynccontextmanager
async def beside(door: Door, rate: float) -> AsyncIterator[None]:
    """Start so many journeys of ten tasks in every second, meanwhile."""
    path = load(path_text(), "bench.yaml")

    async def go_on() -> None:
        every = max(0.05, 1 / rate)
        for nth in range(10**9):
            names = [f"other-{time.time_ns()}-{nth}-{n}" for n in range(round(rate * every))]
            begun = time.monotonic()
            await start_many(door, path, [Beginning(n, facts={"go": True}) for n in names], "bench")
            await asyncio.sleep(max(begun + every - time.monotonic(), 0))

    async with meanwhile(go_on()) if rate else nullcontext():
        yield


async def follow(door: Door, probe: Probe, watch: Watch, journeys: int) -> dict[str, list[float]]:
    """Let journeys live one after another; return how long each thing took, in milliseconds."""
    path = load(chain_text(), "latency.yaml")
    found: dict[str, list[float]] = {"promotion": [], "rollback": []}
    for n in range(journeys):
        client = f"probe-{time.time_ns()}-{n}"
        journey = (await start(door, path, client, "bench")).state.journey_id
        await probe.end_of(journey)
        await asyncio.sleep(0.05)
        for name, metric, stage in (
            ("promotion", "quality", "pilot"),
            ("rollback", "bugs", "rollback"),
        ):
            begun = time.perf_counter()
            await record_lines(door, [Line(client, metric, 1.0, source="bench")], "bench")
            await watch.reaches(journey, stage)
            found[name].append((time.perf_counter() - begun) * 1000)
    return found


async def floor(db: Database, times: int) -> list[float]:
    """Return how long one commit of one row takes."""
    found = []
    async with db.connection() as connection:
        for _ in range(times):
            begun = time.perf_counter()
            await connection.execute(FLOOR)
            found.append((time.perf_counter() - begun) * 1000)
    return found


def line(load_: str, what: str, times: Sequence[float], level: float) -> dict[str, Any]:
    """Return a line of the table."""
    p50 = statistics.median(times)
    return {
        "load": load_,
        "what": what,
        "n": len(times),
        "p50_ms": round(p50, 2),
        "p99_ms": round(quantile(times, 0.99), 2),
        "ratio": round(p50 / level, 1),
    }


async def run(journeys: int, rate: float) -> list[dict[str, Any]]:
    """Measure at low load and at half load."""
    rows = []
    async with fresh() as db:
        door, probe, watch = await door_of(db), Probe(), Watch(db)
        pace = Pace(poll=1.0, lease=timedelta(seconds=60))
        async with engine(door, probe, pace), meanwhile(watch.listen()):
            await follow(door, probe, watch, 5)
            for name, beside_it in (("low", 0.0), (f"{rate * 10:.0f} tasks/s", rate)):
                level = await floor(db, 300)
                probe.gaps.clear()
                async with beside(door, beside_it):
                    found = await follow(door, probe, watch, journeys)
                median = statistics.median(level)
                rows.append(line(name, "floor: one commit", level, median))
                rows.append(line(name, "task end -> dependant", probe.gaps, median))
                rows.append(line(name, "measurement -> promotion", found["promotion"], median))
                rows.append(line(name, "breach -> rollback", found["rollback"], median))
    return rows


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks latency", description=__doc__)
    parser.add_argument("--journeys", type=int, default=60)
    parser.add_argument("--rate", type=float, default=200, help="journeys/s beside, at half load")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    given = parser.parse_args(arguments)
    report("latency", asyncio.run(run(given.journeys, given.rate)), keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
