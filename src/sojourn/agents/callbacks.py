"""Where an agent may call back: a URL whose token names one attempt, expires, and is signed."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

from sojourn.core.outcomes import Call

FIELDS: Final = 6
"""What a token says: journey, unit, task, retries, when the run began, when it expires."""


class BadToken(ValueError):
    """A token that was not made here, or has expired."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """The attempt that a token is good for; that it is used once is for the attempt's row to say."""

    journey_id: UUID
    uow_id: UUID
    task_id: str
    retry_count: int
    begun: datetime | None = None


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Makes and checks tokens. ``base`` is the API's public URL, ``key`` a secret of 16+ bytes."""

    base: str
    key: bytes
    good_for: timedelta = timedelta(days=3)

    def __post_init__(self) -> None:
        if len(self.key) < 16:
            raise ValueError("the key of callback tokens needs at least 16 bytes")

    def name(self, prefix: str) -> str:
        """Return a name that is this installation's own and tells nothing of its secret."""
        return f"{prefix}_{hmac.digest(self.key, b'sojourn name', sha256).hex()[:8]}"

    def fields(self, call: Call) -> dict[str, str]:
        """Return what a request tells an agent: ``callback_url`` and ``callback_token``."""
        token = self.token(call, datetime.now(UTC))
        return {
            "callback_url": f"{self.base.rstrip('/')}/callbacks/{token}",
            "callback_token": token,
        }

    def token(self, call: Call, now: datetime) -> str:
        """Return the token of an attempt."""
        begun = call.begun and call.begun.astimezone(UTC).isoformat()
        names = [str(call.journey_id), str(call.uow_id), call.task_id, call.retry_count, begun]
        payload = orjson.dumps([*names, int((now + self.good_for).timestamp())])
        return f"{_text(payload)}.{_text(self._signature(payload))}"

    def attempt(self, token: str, now: datetime) -> Attempted:
        """Return the attempt that a token names; raises :class:`BadToken`."""
        said = orjson.loads(self._verified(token))
        if len(said) != FIELDS:
            raise BadToken("the token was made by another version of Sojourn")
        journey_id, uow_id, task_id, retry_count, begun, until = said
        if now.timestamp() >= until:
            raise BadToken("the token has expired")
        when = datetime.fromisoformat(begun) if begun else None
        return Attempted(UUID(journey_id), UUID(uow_id), task_id, retry_count, when)

    def _verified(self, token: str) -> bytes:
        try:
            payload, signature = (_bytes(part) for part in token.split("."))
        except ValueError:
            raise BadToken("this is not a callback token") from None
        if not hmac.compare_digest(signature, self._signature(payload)):
            raise BadToken("this is not a callback token")
        return payload

    def _signature(self, payload: bytes) -> bytes:
        return hmac.digest(self.key, b"sojourn callback\x00" + payload, sha256)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))


def pair(callbacks: Callbacks | None, call: Call) -> dict[str, Any]:
    """Return the callback fields of a request, none where there are no callbacks."""
    return {} if callbacks is None else {**callbacks.fields(call)}
