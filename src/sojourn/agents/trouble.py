"""What follows from an exchange that failed: unsent, lost, missed; and the key to repeat it by."""

from datetime import timedelta
from typing import Final
from uuid import uuid5

import httpx

from sojourn.agents.credentials import MissingCredential
from sojourn.agents.guard import Forbidden
from sojourn.agents.redact import redact
from sojourn.agents.shape import BadAnswer
from sojourn.core.outcomes import NAMESPACE, Call, Failed, Outcome, Working

LOSSES: Final = 3
"""How often one attempt is sent again after its reply was lost."""
MISSES: Final = 10
"""How many polls in a row may fail, further and further apart, before the work is given up."""
UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Errors after which nothing has reached the agent."""
FINAL: Final = (Forbidden, MissingCredential, BadAnswer, httpx.InvalidURL)
"""Errors that another attempt would meet again."""


class Lost(Exception):
    """A request that may have arrived, and whose reply did not."""


def key(call: Call) -> str:
    """Return the idempotency key: the attempt's own, or one for each question answered."""
    if call.answer is None:
        return call.key
    return str(uuid5(NAMESPACE, f"{call.key}/answer/{(call.handle or {}).get('turn', 1)}"))


def unreachable(error: Exception) -> Failed:
    """Return the failure of a connection that never came about."""
    message = redact(f"cannot be reached: {str(error) or type(error).__name__}")
    return Failed(message, retryable="CERTIFICATE_VERIFY_FAILED" not in message)


def missed(call: Call, message: str, wait: timedelta | None = None) -> Outcome:
    """Return what follows from a poll that failed: another one later, until there were too many."""
    handle = call.handle or {}
    misses = int(handle.get("misses", 0)) + 1
    if misses > MISSES:
        return Failed(redact(f"its status could not be read {misses} times: {message}"))
    return Working({**handle, "misses": misses}, wait or backoff(misses), unheard=True)


def backoff(times: int) -> timedelta:
    """Return the wait after so many failures in a row: a second, doubled each time, to minutes."""
    return timedelta(seconds=min(2.0 ** (times - 1), 300.0))


def lost(call: Call, message: str) -> Outcome:
    """Return what follows from a lost reply: the same attempt again, looked for before it is sent."""
    losses = int((call.handle or {}).get("lost", 0)) + 1
    if losses > LOSSES:
        return Failed(redact(f"its reply was lost {losses} times: {message}"))
    kept = {**(call.handle or {}), "lost": losses}
    found = kept if call.answer is None else {**kept, "answer": call.answer}
    return Working(found, backoff(losses), unheard=True)
