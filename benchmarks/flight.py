"""What a remote task costs while its agent works: memory of the worker for each, polls a second.

One worker process holds the tasks at an agent that answers 202 and goes on working, over real HTTP;
they lie in PostgreSQL and are polled when they are due. The floor is one process without a
database that keeps an asyncio task for each, which sends and polls through the same agent code.
See docs/performance.md.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

from benchmarks.elsewhere import Answer, serve
from benchmarks.ground import door_of, fresh
from benchmarks.report import report
from sojourn.agents.directory import Directory
from sojourn.agents.spec import AgentSpec
from sojourn.control.door import Door
from sojourn.control.start import Beginning, start_many
from sojourn.core.outcomes import Call, Outcome, Working
from sojourn.engine.engine import Pace, run_engine
from sojourn.paths import load
from sojourn.store.postgres import Database, open_database

PER = 50
"""Tasks of one journey, all at once."""
WARM = 50
EVERY = 5.0
"""Seconds between two polls of a task, as the agent asks for: more than can be done."""
IN_FLIGHT = "SELECT count(*) FROM tasks WHERE status = 'running' AND handle IS NOT NULL"


def path_text() -> str:
    """Return a path of one unit whose tasks all run at once."""
    tasks = "\n".join(f"          - {{name: t{n}, agent: remote}}" for n in range(PER))
    return f"""
name: flight
stages:
  - name: sandbox
    exit: {{criteria: [{{work: required}}]}}
    work:
      - name: unit
        tasks:
{tasks}
  - {{name: pilot, exit: {{criteria: [{{fact: go}}]}}}}
"""


def answering(_url: str) -> Answer:
    """Return what the agent answers: 202 to work, and that it is still working whenever asked."""
    counts = {"asked": 0, "taken": 0}

    def answer(head: bytes, _body: bytes) -> tuple[str, dict[str, Any]]:
        if head.startswith(b"GET /count"):
            return "200 OK", counts
        if head.startswith(b"POST"):
            counts["taken"] += 1
            return "202 Accepted", {"status_url": f"/work/{uuid4()}", "poll_after": EVERY}
        counts["asked"] += 1
        return "200 OK", {"status": "working", "poll_after": EVERY}

    return answer


async def worker(url: str, agent: str) -> None:
    """Run an engine until standard input closes."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    async with open_database(url, Path()) as db:
        door = await door_of(db)
        print("ready", flush=True)
        await run_engine(door, _agents(agent), stop, Pace())


async def bare(agent: str, tasks: int) -> None:
    """Hold each task in an asyncio task of its own, until standard input closes."""
    agents = _agents(agent)
    held = [asyncio.create_task(_alone(agents)) for _ in range(WARM)]
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    held += [asyncio.create_task(_alone(agents)) for _ in range(tasks)]
    await asyncio.to_thread(sys.stdin.read)
    for task in held:
        task.cancel()


async def _alone(agents: Directory) -> None:
    made = Call(uuid4(), uuid4(), "t", "remote", 1, client_id="bench", stage="sandbox")
    outcome: Outcome = await agents.send(made)
    while isinstance(outcome, Working):
        await asyncio.sleep(outcome.poll_after.total_seconds())
        outcome = await agents.poll(replace(made, handle=outcome.handle))


def _agents(url: str) -> Directory:
    spec = AgentSpec(protocol="http", url=f"{url}/work", allow_private=True)
    return Directory({"remote": spec})


@contextmanager
def child(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a part of this benchmark as a process; yield it and the first line that it says."""
    command = [sys.executable, "-m", "benchmarks.flight", *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    try:
        yield process, process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.communicate(timeout=60)


def rss(process: subprocess.Popen[str]) -> int:
    """Return a process's resident memory in KiB."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("no VmRSS: this benchmark needs Linux")


def polls(agent: str, seconds: float) -> float:
    """Return how many polls a second arrive at the agent, over so many seconds."""
    before, begun = count(agent, "asked"), time.monotonic()
    time.sleep(seconds)
    return (count(agent, "asked") - before) / (time.monotonic() - begun)


def count(agent: str, what: str) -> int:
    """Return how many polls the agent has answered (``asked``), or how much work it took."""
    with urlopen(f"{agent}/count") as answer:
        return int(json.load(answer)[what])


async def measured(db: Database, agent: str, tasks: int, seconds: float) -> dict[str, Any]:
    """Measure a worker with so many tasks in flight."""
    door = await door_of(db)
    with child("--worker", db.dsn, "--agent", agent) as (process, _):
        await _fly(door, WARM, "warm")
        await asyncio.sleep(2 * EVERY)
        level, begun = rss(process), time.monotonic()
        await _fly(door, tasks + WARM, "more")
        took = time.monotonic() - begun
        rate = await asyncio.to_thread(polls, agent, seconds)
        return _row("worker", tasks, level, rss(process), rate) | {"all_sent_s": round(took, 1)}


def floor(agent: str, tasks: int, seconds: float) -> dict[str, Any]:
    """Measure asyncio tasks that hold the same."""
    with child("--bare", str(tasks), "--agent", agent) as (process, _):
        time.sleep(2 * EVERY)
        level, begun, taken = rss(process), time.monotonic(), count(agent, "taken")
        if process.stdin:
            process.stdin.write("go\n")
            process.stdin.flush()
        while count(agent, "taken") < taken + tasks:
            time.sleep(0.2)
        took = time.monotonic() - begun
        rate = polls(agent, seconds)
        return _row("floor", tasks, level, rss(process), rate) | {"all_sent_s": round(took, 1)}


def _row(name: str, tasks: int, level: int, held: int, rate: float) -> dict[str, Any]:
    return {
        "process": name,
        "in_flight": tasks,
        "idle_mib": round(level / 1024, 1),
        "mib": round(held / 1024, 1),
        "kib_per_task": round((held - level) / tasks, 2),
        "polls_per_s": round(rate),
    }


async def _fly(door: Door, tasks: int, name: str) -> None:
    """Start journeys and wait until so many tasks in all are at the agent."""
    known = await _in_flight(door.db)
    beginnings = [Beginning(f"{name}-{n}") for n in range((tasks - known) // PER)]
    await start_many(door, load(path_text(), "flight.yaml"), beginnings, "bench")
    while await _in_flight(door.db) < tasks:  # noqa: ASYNC110 -- it is another process that works
        await asyncio.sleep(0.2)


async def _in_flight(db: Database) -> int:
    async with db.connection() as connection:
        row = await (await connection.execute(IN_FLIGHT)).fetchone()
    return int(row[0]) if row else 0


async def run(tasks: int, seconds: float) -> list[dict[str, Any]]:
    """Measure the worker, then the floor, at the same agent."""
    with child("--serve") as (_, agent):
        async with fresh() as db:
            first = await measured(db, agent, tasks, seconds)
        level = await asyncio.to_thread(floor, agent, tasks, seconds)
    return [first, level]


def main(arguments: list[str]) -> None:
    """Print a table and JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks flight", description=__doc__)
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long polls are counted")
    parser.add_argument("--forget", action="store_true", help="keep no file of results")
    for hidden in ("--worker", "--agent", "--bare"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        return asyncio.run(serve(answering))
    if given.worker:
        return asyncio.run(worker(given.worker, given.agent))
    if given.bare:
        return asyncio.run(bare(given.agent, int(given.bare)))
    rows = asyncio.run(run(given.tasks // PER * PER, given.seconds))
    return report("flight", rows, keep=not given.forget)


if __name__ == "__main__":
    main(sys.argv[1:])
