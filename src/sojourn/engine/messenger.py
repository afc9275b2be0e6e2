"""The messenger: tells people of alerts by their routes, again and again until a day is over."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from sojourn.control import alerts
from sojourn.control.door import Door
from sojourn.control.routes import Route
from sojourn.engine import messages
from sojourn.engine.sender import Outcomes, Sender, again, real_time
from sojourn.engine.targets import Target, targets_of
from sojourn.engine.vitals import Vitals

AT_ONCE: Final = 200
"""Notices taken at once; those of one target go out as one message."""
LEASE: Final = timedelta(seconds=90)
Rows = list[messages.Row]
log = structlog.get_logger()


class Messenger(Sender):
    """Sends what the outbox holds for the routes of this process."""

    name = "messenger"

    def __init__(
        self,
        door: Door,
        poll: float,
        routes: Sequence[Route],
        base: str = "",
        *,
        now: Callable[[], datetime] = real_time,
        vitals: Vitals | None = None,
    ) -> None:
        """Links lead to pages below ``base``. Raises BadRoutes for a URL that no service takes."""
        super().__init__(poll, now, vitals)
        self._door = door
        self._routes = tuple(routes)
        self._targets = targets_of(routes)
        self._base = base.rstrip("/")
        self._declared = False

    async def once(self) -> float:
        """Write what came back, escalate, send what is due."""
        await self._declare()
        await self._tidy()
        wrote = await self._write()
        rose = await alerts.rise(self._door, self._now())
        names = list(self._targets)
        taken = await alerts.claim(self._door, self._now(), names, AT_ONCE, LEASE)
        for (route, index), rows in grouped(taken).items():
            self._begin(self._send(route, index, rows))
        if taken or wrote or rose:
            return 0
        return self._rest_until(await alerts.next_notice(self._door, names))

    async def _declare(self) -> None:
        if not self._declared:
            await alerts.declare(self._door, self._routes)
            self._declared = True

    async def _send(self, route: str, index: int, rows: Rows) -> Outcomes:
        over = ((row, needless(row)) for row in rows)
        dropped = [outcome(row, "dropped", None, why) for row, why in over if why]
        worth = [row for row in rows if not needless(row)]
        if not worth:
            return dropped
        targets = self._targets[route]
        target = targets[index] if index < len(targets) else None
        return dropped + await self._attempt(target, worth)

    async def _attempt(self, target: Target | None, rows: Rows) -> Outcomes:
        if target is None:
            return [
                outcome(row, "dropped", None, "the route has fewer targets now") for row in rows
            ]
        title, text = messages.title(rows), messages.body(rows, self._base)
        why = await target.send(title, text, messages.worst(rows))
        self._vitals.count("sent", 1, "alert", "failed" if why else "delivered")
        if why is None:
            return [outcome(row, "delivered", None, "") for row in rows]
        log.warning("alerts were not taken", target=target.name, why=why)
        return [self._again(row, why) for row in rows]

    def _again(self, row: messages.Row, why: str) -> dict[str, Any]:
        draw = random.random()  # noqa: S311 -- only jitter
        due = again(row["attempts"], row["begun_at"], self._now(), draw)
        return outcome(row, "pending" if due else "failed", due, why)

    async def _settle(self, done: Outcomes) -> None:
        await alerts.settle(self._door, done, self._now())

    async def _forget(self) -> None:
        await alerts.tidy(self._door, self._now())


def grouped(rows: Sequence[messages.Row]) -> dict[tuple[str, int], Rows]:
    """Return notices by route and target."""
    found: dict[tuple[str, int], Rows] = defaultdict(list)
    for row in rows:
        found[row["route"], row["target"]].append(row)
    return dict(found)


def needless(row: messages.Row) -> str:
    """Say why a notice need not be sent any more; empty where it is to be sent."""
    if row["resolved_at"] is not None:
        return "over before it was told"
    seen = row["acknowledged_by"]
    return f"acknowledged by {seen} before it was told" if seen else ""


def outcome(row: messages.Row, status: str, due: datetime | None, why: str) -> dict[str, Any]:
    """Return how an attempt went, as it is written."""
    return {
        "notice_id": row["notice_id"],
        "attempt": row["attempts"],
        "status": status,
        "due_at": due,
        "last_error": why,
    }
