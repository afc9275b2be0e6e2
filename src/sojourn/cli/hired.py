"""The engine as a process that a demonstration starts and kills: ``python -m sojourn.cli.hired``."""

import asyncio
import json
import sys
from collections.abc import Mapping
from threading import Thread
from typing import Any

from sojourn.app import open_app
from sojourn.app.running import running
from sojourn.control.workers import set_watch
from sojourn.settings import Settings

LOOK = 0.02


async def work(orders: Mapping[str, Any], gone: asyncio.Event) -> None:
    """Run the engine until ``gone`` is set; say on standard output when it has begun.

    The journeys' clock is set ahead by somebody else, all the time: it is read often.
    """
    settings = Settings(**{k: v for k, v in orders.items() if k in Settings.model_fields})
    async with open_app(settings) as app, running(app, gone) as engine:
        print(json.dumps({"ready": True}), flush=True)
        while not engine.done():
            await set_watch(app.door)
            await asyncio.sleep(LOOK)


async def _run(orders: Mapping[str, Any]) -> None:
    gone, loop = asyncio.Event(), asyncio.get_running_loop()

    def watch() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(gone.set)

    Thread(target=watch, daemon=True).start()
    await work(orders, gone)


if __name__ == "__main__":
    asyncio.run(_run(json.loads(sys.stdin.buffer.readline())))
