"""Engine processes for fault tests, forked from one that has imported everything already.

``python -m tests.faults.nursery URL CALLS LEASE`` reads ``spawn`` lines and answers each with the
pid of a new process, which runs the engine until SIGTERM. Its agents write down every call.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from sojourn.control.door import Door
from sojourn.core.outcomes import Call, Completed, Failed, Outcome, Working
from sojourn.engine.engine import Pace, run_engine
from sojourn.store import clock
from sojourn.store.postgres import open_database


class Agents:
    """Agents that write down each call before they work on it, and when they are done."""

    def __init__(self, calls: Path) -> None:
        self._file = os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(self, call: Call) -> Outcome:
        self._note("asked", call)
        await asyncio.sleep(0.5 if call.task_id.startswith("slow") else 0.005)
        self._note("answered", call)
        return self._answer(call)

    async def poll(self, call: Call) -> Outcome:
        return await self.send(call)

    async def cancel(self, call: Call) -> None:
        self._note("stopped", call)

    def _answer(self, call: Call) -> Outcome:
        """Be what the task's name says: one fails at first, one takes its time elsewhere."""
        if call.task_id.startswith("fails") and call.retry_count == 0:
            return Failed("not at once")
        if call.task_id.startswith("remote") and call.handle is None:
            return Working({"remote": call.key}, timedelta(milliseconds=100))
        return Completed({"quality": 0.9, "by": call.task_id})

    def _note(self, what: str, call: Call) -> None:
        line: dict[str, Any] = {
            "what": what,
            "pid": os.getpid(),
            "unit": str(call.uow_id),
            "task": call.task_id,
            "retry": call.retry_count,
            "key": call.key,
            "poll": call.handle is not None,
            "sent_before": call.sent_before,
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")


async def serve(url: str, calls: Path, lease: float) -> None:
    """Run the engine on a database until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    pace = Pace(0.2, timedelta(seconds=lease), claim_batch=4, worker_tasks=8, journey_batch=3)
    async with open_database(url, Path()) as db:
        async with db.connection() as connection:
            door = Door(db, await clock.read(connection))
        await run_engine(door, Agents(calls), stop, pace)


def spawn(url: str, calls: Path, lease: float) -> int:
    """Fork a process that serves, and return its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        asyncio.run(serve(url, calls, lease))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def main(url: str, calls: str, lease: str) -> None:
    """Spawn processes on demand, and kill at the end whatever is left of them."""
    children: list[int] = []
    for line in sys.stdin:
        what, _, pid = line.strip().partition(" ")
        if what == "spawn":
            children.append(spawn(url, Path(calls), float(lease)))
            print(children[-1], flush=True)
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(int(pid), 0)[1]), flush=True)
            children.remove(int(pid))
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
