"""Agents that are Python callables: ``async def agent(call)``, or a plain function in a thread."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from inspect import iscoroutinefunction
from threading import Thread
from typing import Any, Final

from sojourn.agents.outcome import returned
from sojourn.agents.redact import redact
from sojourn.agents.shape import LIMIT
from sojourn.core.outcomes import Call, Failed, Outcome

GRACE: Final = 1.0
"""Seconds that a callable has to react to its cancellation before it is left behind."""

Work = Callable[[Call], Any]


class BadTarget(ValueError):
    """A target that names no callable; the message says what is there."""


class PythonAgent:
    """Calls a callable for every send and every poll; ``call.handle`` tells them apart.

    The callable may run again for an attempt whose worker died; ``call.key`` is then the same.
    """

    def __init__(self, work: Work, limit: int = LIMIT) -> None:
        """Wrap a callable; its answer may have ``limit`` bytes."""
        self._work = work
        self._limit = limit
        self._running: dict[str, asyncio.Future[Any]] = {}
        self._left: set[asyncio.Future[Any]] = set()

    async def send(self, call: Call) -> Outcome:
        """Run the callable, for no longer than ``call.timeout``."""
        running = _start(self._work, call)
        self._running[call.key] = running
        try:
            await asyncio.wait({running}, timeout=call.timeout.total_seconds())
            return self._outcome(running, call) if running.done() else await self._late(call)
        finally:
            self._running.pop(call.key, None)
            self._leave(running)

    async def poll(self, call: Call) -> Outcome:
        """Run the callable again, with the handle that it gave."""
        return await self.send(call)

    async def cancel(self, call: Call) -> None:
        """Cancel the callable if it runs here, without waiting for longer than the grace."""
        running = self._running.get(call.key)
        if running is not None:
            running.cancel()
            await asyncio.wait({running}, timeout=GRACE)

    async def _late(self, call: Call) -> Outcome:
        await self.cancel(call)
        return Failed(f"no answer within {call.timeout.total_seconds():g} s")

    def _outcome(self, running: asyncio.Future[Any], call: Call) -> Outcome:
        if running.cancelled():
            return Failed("cancelled")
        error = running.exception()
        if error is not None:
            return Failed(redact(f"{type(error).__name__}: {error}"))
        return returned(running.result(), call, self._limit)

    def _leave(self, running: asyncio.Future[Any]) -> None:
        """Keep what still runs from being collected, and its late error from being logged."""
        if not running.done():
            running.cancel()
            self._left.add(running)
            running.add_done_callback(self._left.discard)
        running.add_done_callback(_look)


def load(target: str) -> Work:
    """Return the callable named ``package.module:name``; raises :class:`BadTarget`."""
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise BadTarget(f"{target!r} must be written package.module:name")
    try:
        module = import_module(module_name)
    except Exception as error:  # noqa: BLE001 -- whatever a user's module raises on import
        raise BadTarget(redact(f"{module_name}: {type(error).__name__}: {error}")) from None
    work = getattr(module, name, None)
    if callable(work):
        return work  # type: ignore[no-any-return]
    close = get_close_matches(name, [n for n in vars(module) if callable(getattr(module, n))], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise BadTarget(f"{module_name} has no callable {name!r}{hint}")


def _start(work: Work, call: Call) -> asyncio.Future[Any]:
    called = getattr(work, "__call__", work)  # noqa: B004 -- an instance may have an async __call__
    if iscoroutinefunction(work) or iscoroutinefunction(called):
        return asyncio.ensure_future(_guarded(work, call))
    return _in_thread(work, call)


async def _guarded(work: Work, call: Call) -> Any:
    """Await the callable; its wish to end the process becomes an error like any other."""
    try:
        return await work(call)
    except SystemExit as error:
        raise RuntimeError(f"it tried to end the process with {error.code!r}") from None


def _in_thread(work: Work, call: Call) -> asyncio.Future[Any]:
    """Run a plain function in a thread of its own, which nothing waits for at the end."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if not answer.done():
            answer.set_exception(error) if error else answer.set_result(value)

    def run() -> None:
        value, error = None, None
        try:
            value = work(call)
        except BaseException as raised:  # noqa: BLE001 -- a thread must not die in silence
            error = _settable(raised)
        with suppress(RuntimeError):  # the loop has closed, nobody waits
            loop.call_soon_threadsafe(settle, value, error)

    Thread(target=run, daemon=True, name=f"agent-{call.agent_id}").start()
    return answer


def _settable(raised: BaseException) -> Exception:
    """Return an error that a future can hold; it cannot hold StopIteration or an exit."""
    if isinstance(raised, Exception) and not isinstance(raised, StopIteration):
        return raised
    return RuntimeError(repr(raised))


def _look(finished: asyncio.Future[Any]) -> None:
    if not finished.cancelled():
        finished.exception()
