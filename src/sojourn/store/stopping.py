"""Ending tasks that wait for the database."""

import asyncio
from typing import Any, Final

INSIST: Final = 0.5
"""Seconds after which a task that goes on all the same is cancelled again."""


async def stopped(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has heard of it; what it ends with is its own affair.

    Before Python 3.12 a cancellation that comes together with an answer of the database is lost.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=INSIST)
    await asyncio.gather(task, return_exceptions=True)
