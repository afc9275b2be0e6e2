"""The worker: takes due tasks, calls their agents, and writes what came of it, in sets.

A pass begins as soon as the one before has committed and takes all that finished meanwhile, so
that commits group by themselves under load and nothing waits when there is none.
"""

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

import structlog

from sojourn.control import traces
from sojourn.control.door import Door
from sojourn.control.tasks import (
    Claimed,
    Step,
    Taken,
    claim,
    give_back,
    hand_back,
    next_task,
    settle,
    settle_cancelled,
)
from sojourn.core.limits import Limits
from sojourn.core.outcomes import Attempt, Call, Failed, Outcome, Settlement, final
from sojourn.core.outcomes import settle as settle_one
from sojourn.core.work import TaskStatus
from sojourn.engine.hand import Hand
from sojourn.engine.lanes import Lanes
from sojourn.engine.lease import Lease
from sojourn.engine.loop import Loop
from sojourn.engine.outbox import Outbox
from sojourn.engine.vitals import Vitals
from sojourn.store.postgres import DatabaseUnavailable

COLLECT: Final = (50_000, 20, 20)
"""When the collector of cycles looks: sets of thousands of rows come and go and hold no cycles;
looking through them every 700 objects is a tenth of all that Python does here."""
ELSEWHERE: Final = 0.02
"""Seconds of rest where tasks are due and all of them are being taken by others."""
QUIET: Final = 0.01
"""Seconds for which nothing is asked of a queue that was empty, unless there is word of work: an
outcome is written, and what waited for it begun, without a claim in between."""
AGAIN: Final = 30.0
"""Seconds after which what the database did without an answer is looked for once more."""
KEPT: Final = 10
"""One in so many places is kept for journeys that do not crowd the worker: that hold fewer places
than are kept. Whoever comes beside a flood need not wait until one of the flood's calls ends."""
FEW: Final = 50
"""How much of journeys that crowd the worker is taken and written at once where others are in
between, who wait for no more than that: some milliseconds."""
COMPANY: Final = 1.0
"""Seconds for which others are expected to come in between again."""
GRACE: Final = 10.0
"""Seconds that running calls have to end when the worker is told to stop."""
log = structlog.get_logger()
Settled = list[tuple[Claimed, Settlement]]


class Bridge(Protocol):
    """What the worker needs of the agents."""

    async def send(self, call: Call) -> Outcome:
        """Hand over work, or a person's answer."""
        ...

    async def poll(self, call: Call) -> Outcome:
        """Ask how the work goes."""
        ...

    async def cancel(self, call: Call) -> None:
        """Tell the agent to stop."""
        ...


@runtime_checkable
class Limited(Protocol):
    """A bridge that knows limits of its agents."""

    def limits(self) -> Sequence[Limits]:
        """Return the limits of all agents."""
        ...


class Worker(Loop):
    """Runs up to ``most`` calls at once, claiming up to ``limit`` tasks in one pass."""

    name = "worker"

    def __init__(
        self,
        door: Door,
        bridge: Bridge,
        lease: Lease,
        poll: float,
        most: int,
        limit: int,
        vitals: Vitals | None = None,
    ) -> None:
        super().__init__(poll)
        self._door = door
        self._bridge = bridge
        self._lease = lease
        self._most = most
        self._kept = most // KEPT
        self._limit = limit
        self._vitals = vitals or Vitals()
        self._running = Lanes(self._run)
        self._finished = Outbox[tuple[Claimed, Settlement]]()
        self._closing = False
        self._waiting = True
        self._told = True
        self._quiet_until = 0.0
        self._company_until = 0.0
        self._hand = Hand(self._kept)
        self._doubts: list[float] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Do rounds until ``stop`` is set, then close."""
        gc.set_threshold(*COLLECT)
        await super().run(stop)

    async def drop(self) -> None:
        """Leave no call behind."""
        self._running.drop()

    async def once(self) -> float:
        """Write what finished, take what is due, begin it."""
        try:
            await self._clear_up()
            return await self._pass()
        except Exception:
            # What was not answered may have been committed, or be so a little later.
            self._doubts = [monotonic(), monotonic() + AGAIN]
            raise

    async def _clear_up(self) -> None:
        """Give back what this worker has taken without hearing of it."""
        worker = self._lease.worker
        if worker is None or not self._doubts or monotonic() < self._doubts[0]:
            return
        held = [claimed.attempt.call for claimed in self._hand]
        if count := await give_back(self._door, worker, held):
            log.warning("tasks were taken and the reply was lost; they go back", count=count)
        self._doubts = self._doubts[1:]

    async def _pass(self) -> float:
        wrote = await self._write()
        worker = self._lease.worker
        free = self._most - len(self._hand)
        if worker is None or free <= 0:
            return 0 if self._finished and worker else self.poll
        if wrote and not self._told and monotonic() < self._quiet_until:
            return 0
        self._told = False
        taken = await self._claim(worker, free)
        self._quiet_until = 0.0 if taken else monotonic() + QUIET
        self._begin(taken)
        unseen = taken.waiting and not self._waiting
        self._waiting = taken.waiting
        if taken or taken.aside or unseen or wrote or self._finished:
            return 0
        # Tasks may be due that others have in hand.
        return max(await next_task(self._door), ELSEWHERE)

    async def _claim(self, worker: UUID, free: int) -> Taken:
        """Take what is due; for the last places, only what is of journeys that hold few."""
        if free > self._kept:
            room = min(free - self._kept, self._few() if self._hand.crowded() else self._limit)
            return await claim(self._door, worker, room, waiting=self._waiting)
        crowded, room = self._hand.crowded(), min(free, self._limit)
        waiting = self._waiting and not crowded
        return await claim(self._door, worker, room, waiting=waiting, crowded=crowded)

    def _few(self) -> int:
        """Return how much of crowds to take or write at once."""
        if self._hand.mixed():
            self._company_until = monotonic() + COMPANY
        return FEW if monotonic() < self._company_until else self._limit

    def wake(self) -> None:
        """End the present rest: there is work to take."""
        self._told = True
        super().wake()

    def lost(self) -> None:
        """Drop everything in hand: it belongs to others now, and would be refused."""
        self._finished.clear()
        self._hand.clear()
        self._running.drop()

    async def close(self) -> None:
        """Let running calls end for a while, write what came of them, hand back the rest."""
        self._closing = True
        with suppress(TimeoutError):
            await self._running.wait(GRACE)
        self._running.drop()
        await self._running.wait()
        while await self._write():
            pass
        if self._lease.worker is not None:
            await hand_back(self._door, self._lease.worker)

    def _begin(self, taken: Sequence[Claimed]) -> None:
        self._vitals.count("claims", len(taken))
        self._hand.take(taken)
        self._running.add(taken)

    async def _run(self, claimed: Claimed) -> None:
        settlement = await (self._traced(claimed) if traces.live() else self._call(claimed))
        self._finished.append((claimed, settlement))
        if len(self._finished) == 1:
            super().wake()

    async def _traced(self, claimed: Claimed) -> Settlement:
        call, step = claimed.attempt.call, claimed.step
        whose = {"journey": call.journey_id, "task": call.task_id, "agent": call.agent_id}
        carrier = {"traceparent": call.trace} if call.trace else {}
        told = {**whose, "step": step, "fence": call.fence, "retry": call.retry_count}
        with traces.span(f"task {call.agent_id}", carrier, traces.CLIENT, **told) as span:
            settlement = await self._call(claimed)
            if settlement.status == TaskStatus.FAILED:
                traces.failed(span, str((settlement.error or {}).get("message", "failed")))
            return settlement

    async def _call(self, claimed: Claimed) -> Settlement:
        attempt, call = claimed.attempt, claimed.attempt.call
        if claimed.step == Step.CANCEL or (claimed.end and call.handle):
            await self._stop(call)
        if claimed.end is not None:
            return claimed.end
        if claimed.step == Step.CANCEL:
            return final(attempt, "cancelled", "withdrawn")
        ask = self._bridge.poll if claimed.step == Step.POLL else self._bridge.send
        try:
            return self._settled(attempt, await ask(call))
        except Exception as error:
            log.exception("the bridge failed", agent=call.agent_id)
            return self._settled(attempt, Failed(f"the bridge failed: {type(error).__name__}"))

    def _settled(self, attempt: Attempt, outcome: Outcome) -> Settlement:
        if not isinstance(outcome, Outcome):
            raise TypeError(f"{outcome!r:.80} is no outcome")
        return settle_one(attempt, outcome, self._door.now(), random.random())  # noqa: S311

    async def _stop(self, call: Call) -> None:
        try:
            await self._bridge.cancel(call)
        except Exception:
            log.exception("an agent could not be told to stop", agent=call.agent_id)

    async def _write(self) -> int:
        """Write what finished, as much at once as is taken at once: others wait for it."""
        if self._lease.worker is None:
            return 0
        # What was written without our hearing of it is refused the next time.
        done = await self._finished.write(self._settle, self._next())
        self._hand.let_go(claimed for claimed, _ in done)
        for status, n in Counter(settled.status for _, settled in done).items():
            self._vitals.count("outcomes", n, status)
        return len(done)

    def _next(self) -> Settled:
        """Return what to write now: of crowds only a little, so that others need not wait."""
        crowds = set(self._hand.crowded())
        if not crowds:
            return self._finished[: self._limit]
        parts: tuple[Settled, Settled] = [], []
        for end in self._finished:
            parts[end[0].attempt.call.journey_id in crowds].append(end)
        return parts[False][: self._limit] + parts[True][: self._few()]

    async def _settle(self, done: Settled) -> None:
        worker = self._lease.worker
        if worker is None:
            return
        stopped = [c.attempt.call for c, _ in done if c.step == Step.CANCEL]
        if stopped:
            await settle_cancelled(self._door, worker, stopped)
        rest = [(c.attempt.call, s) for c, s in done if c.step != Step.CANCEL]
        accepted = await self._settle_all(worker, rest) if rest else 0
        if accepted < len(rest):
            log.warning("outcomes of superseded attempts were refused", count=len(rest) - accepted)

    async def _settle_all(self, worker: UUID, rest: Sequence[tuple[Call, Settlement]]) -> int:
        """Write a set; where the database cannot take it, find the one that it cannot take."""
        try:
            return await self._put(worker, rest)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            if len(rest) == 1:
                log.exception("an answer cannot be stored", task=rest[0][0].task_id)
                return await self._put(worker, [_unstorable(*rest[0], error)])
            half = len(rest) // 2
            first = await self._settle_all(worker, rest[:half])
            return first + await self._settle_all(worker, rest[half:])

    async def _put(self, worker: UUID, rest: Sequence[tuple[Call, Settlement]]) -> int:
        room = 0 if self._closing else max(self._most - len(self._hand) + len(rest), 0)
        written = await settle(self._door, worker, rest, room, self._hand.crowded())
        self._begin(written.taken)
        self._told |= written.released > len(written.taken)
        return written.accepted


def _unstorable(call: Call, settled: Settlement, error: Exception) -> tuple[Call, Settlement]:
    told = f"the answer cannot be stored: {type(error).__name__}"
    failed = Settlement(
        TaskStatus.FAILED, settled.retry_count, error={"kind": "bad_answer", "message": told}
    )
    return call, failed
