"""An engine in a process of its own, to be killed: its agent writes down every call it gets."""

import asyncio
import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path

from sojourn.control.door import Door
from sojourn.core.outcomes import Call, Completed, Outcome
from sojourn.engine.engine import Pace, run_engine
from sojourn.store import clock
from sojourn.store.postgres import open_database


class Counting:
    """Notes task and key of each call in a file (one write each, so none is torn), then works."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(self, call: Call) -> Outcome:
        """Work for a moment."""
        os.write(self._file, f"{call.uow_id}/{call.task_id} {call.key}\n".encode())
        await asyncio.sleep(random.uniform(0.005, 0.05))
        return Completed({"task": call.task_id})

    poll = send

    async def cancel(self, call: Call) -> None:
        """Nothing runs elsewhere."""


async def main(url: str, calls: str, lease: float) -> None:
    """Run the engine until SIGTERM."""
    async with open_database(url, Path()) as db:
        async with db.connection() as connection:
            door = Door(db, await clock.read(connection))
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        print("ready", flush=True)
        pace = Pace(poll=0.2, lease=timedelta(seconds=lease), claim_batch=7, worker_tasks=7)
        await run_engine(door, Counting(Path(calls)), stop, pace)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
