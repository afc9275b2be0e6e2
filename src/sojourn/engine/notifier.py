"""The notifier: sends what the outbox holds, again and again until it is taken or a day is over."""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import structlog

from sojourn.agents.guard import Forbidden, Guard
from sojourn.agents.redact import redact
from sojourn.agents.reply import retry_after
from sojourn.agents.wire import client, patience
from sojourn.control.deliveries import claim, next_delivery, settle, tidy
from sojourn.control.door import Door
from sojourn.engine.envelope import envelope, signed
from sojourn.engine.sender import GIVE_UP, Outcomes, Sender, again, real_time
from sojourn.engine.vitals import Vitals

SECONDS: Final = 10.0
"""How long a receiver may take to answer."""
LEASE: Final = timedelta(seconds=60)
AT_ONCE: Final = 100
EACH: Final = 4
"""Deliveries under way at once, in all and to one subscription: a slow one keeps to itself."""
GONE: Final = 410
Row = Mapping[str, Any]
log = structlog.get_logger()


class Notifier(Sender):
    """Delivers to webhooks."""

    name = "notifier"

    def __init__(
        self,
        door: Door,
        poll: float,
        *,
        private: bool = False,
        now: Callable[[], datetime] = real_time,
        vitals: Vitals | None = None,
    ) -> None:
        """Send to public addresses only, or with ``private`` to private ones as well."""
        super().__init__(poll, now, vitals)
        self._door = door
        self._client = client(Guard(allow_private=private))

    async def once(self) -> float:
        """Write what came back, send what is due."""
        await self._tidy()
        wrote = await self._write()
        room = AT_ONCE - len(self._running)
        taken = await claim(self._door, self._now(), room, EACH, LEASE) if room else []
        for row in taken:
            self._begin(self._deliver(row))
        if taken or wrote:
            return 0
        return self._rest_until(await next_delivery(self._door))

    async def drop(self) -> None:
        """End what is still under way, and its connections."""
        await super().drop()
        await self._client.aclose()

    async def _deliver(self, row: Row) -> Outcomes:
        outcome = await self._attempt(row)
        self._vitals.count("sent", 1, "webhook", outcome["status"])
        return [outcome]

    async def _attempt(self, row: Row) -> dict[str, Any]:
        try:
            headers, body = envelope(row)
            headers |= signed(row, body, self._now())
            request = self._client.build_request(
                "POST", row["url"], content=body, headers=headers, timeout=patience(SECONDS)
            )
            async with asyncio.timeout(SECONDS):
                response = await self._client.send(request, stream=True)
                await response.aclose()
        except Forbidden as error:
            return failed(row, None, str(error).partition("; allow_private")[0])
        except TimeoutError:
            return self._again(row, None, f"no answer within {SECONDS:.0f} s")
        except Exception as error:  # noqa: BLE001 -- whatever a receiver does is the outcome
            return self._again(row, None, redact(str(error) or type(error).__name__))
        return self._answered(row, response)

    def _answered(self, row: Row, response: httpx.Response) -> dict[str, Any]:
        code = response.status_code
        if response.is_success:
            return outcome(row, "delivered", None, code, "")
        if code == GONE:
            return failed(row, code, "the receiver is gone for good (410)")
        return self._again(row, code, f"answered {code}", retry_after(response.headers))

    def _again(
        self, row: Row, code: int | None, why: str, wait: timedelta | None = None
    ) -> dict[str, Any]:
        now = self._now()
        draw = random.random()  # noqa: S311 -- only jitter
        due = again(row["attempts"], row["begun_at"], now, draw, wait)
        if due is None:
            return failed(row, code, f"{why}; {row['attempts']} attempts over {GIVE_UP}")
        return outcome(row, "pending", due, code, why)

    async def _settle(self, done: Outcomes) -> None:
        await settle(self._door, done, self._now())

    async def _forget(self) -> None:
        await tidy(self._door, self._now())


def outcome(
    row: Row, status: str, due: datetime | None, code: int | None, why: str
) -> dict[str, Any]:
    """Return how an attempt went, as it is written."""
    return {
        "delivery_id": row["delivery_id"],
        "attempt": row["attempts"],
        "status": status,
        "due_at": due,
        "last_status": code,
        "last_error": why,
    }


def failed(row: Row, code: int | None, why: str) -> dict[str, Any]:
    """Return an attempt after which there is no other."""
    log.warning("a delivery failed for good", delivery=str(row["delivery_id"]), why=why)
    return outcome(row, "failed", None, code, why)
