"""Watching an A2A task by its stream for a short while, so that an end is known at once.

A stream is a hint, as a push is: what it tells of is read. A worker holds few of them, and none for
long; the rest of a task's time costs its row, and polls.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, cast

from a2a.types import AgentCard, StreamResponse, TaskState

from sojourn.agents.shape import BadAnswer

STREAMS: Final = 16
"""How many streams of one agent a worker holds at once; other tasks are polled meanwhile."""
STREAM_SECONDS: Final = 2.0
"""How long a stream is held; then the row takes over."""
STILL: Final = frozenset(
    {
        TaskState.TASK_STATE_UNSPECIFIED,
        TaskState.TASK_STATE_SUBMITTED,
        TaskState.TASK_STATE_WORKING,
    }
)


class Streams:
    """The streams of one agent."""

    def __init__(self, most: int = STREAMS, seconds: float = STREAM_SECONDS) -> None:
        """At most ``most`` are open at once, each for ``seconds``."""
        self._free = most
        self._trusted = True
        self._seconds = seconds

    def offered(self, card: AgentCard) -> bool:
        """Say whether an agent streams, and whether there is room for one more."""
        return bool(card.capabilities.streaming) and self._trusted and self._free > 0

    def distrust(self) -> None:
        """Hold no more streams of this agent: they cannot be read."""
        self._trusted = False

    async def watch(
        self, events: AsyncIterator[StreamResponse], seconds: float
    ) -> tuple[StreamResponse, bool]:
        """Return a stream's first event, and whether more has come of it that is to be read.

        ``seconds`` is what the whole exchange may take. Raises what the first event raises.
        """
        self._free -= 1
        try:
            async with aclosing(cast(AsyncGenerator[Any], events)):
                told = await anext(events, None)
                if told is None:
                    raise BadAnswer("the agent answered with nothing")
                more = not ends(told) and await _ended(events, min(self._seconds, seconds / 2))
        finally:
            self._free += 1
        return told, more


async def _ended(events: AsyncIterator[StreamResponse], seconds: float) -> bool:
    """Follow a stream until its task ends or asks; False where that was not to be seen."""
    try:
        async with asyncio.timeout(seconds):
            async for event in events:
                if ends(event):
                    return True
    except Exception:  # noqa: BLE001 -- a stream may break in any way: then the task is polled
        return False
    return True


def ends(event: StreamResponse) -> bool:
    """Say whether nothing comes after an event until somebody does something."""
    kind = event.WhichOneof("payload")
    if kind in ("task", "status_update"):
        return bool(getattr(event, kind).status.state not in STILL)
    return bool(kind == "message")


def task_id(event: StreamResponse) -> str:
    """Return the id of the task that an event tells of, empty for a reply without a task."""
    kind = event.WhichOneof("payload")
    if kind == "task":
        return str(event.task.id)
    return str(getattr(event, kind).task_id) if kind else ""
