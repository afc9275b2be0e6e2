"""Webhook subscriptions: checked before they are kept, and signed with a secret of their own."""

import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sojourn.agents.guard import Forbidden, Guard, checked_url
from sojourn.control.door import Door, RefusedError
from sojourn.core.decision import Refusal
from sojourn.store import webhooks

_TYPE = re.compile(r"[a-z][a-z0-9_.]*\*?|\*")


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A new subscription; ``secret`` is shown once."""

    secret: str
    row: dict[str, Any]


async def subscribe(
    door: Door,
    url: str,
    types: Sequence[str],
    by: str,
    *,
    label: str = "",
    client_id: str | None = None,
    private: bool = False,
) -> Subscribed:
    """Tell a URL of events from now on; raises :class:`RefusedError` for a URL that may not be.

    ``private`` allows private and loopback addresses, and plain http.
    """
    check_url(url, private=private)
    for name in types:
        if not _TYPE.fullmatch(name):
            told = f"{name!r:.60} is no type of event"
            raise RefusedError(Refusal("invalid", told, "transition, rollback.* or *"))
    secret = new_secret()
    async with door.db.transaction() as connection:
        row = await webhooks.insert(
            connection, url, types, secret, by, label=label, client_id=client_id
        )
    return Subscribed(secret, row)


def check_url(url: str, *, private: bool) -> None:
    """Refuse a URL that nothing may be sent to; its host's name is looked at when it is used."""
    try:
        checked_url(url)
        parts = urlsplit(url)
        if parts.scheme != "https" and not private:
            raise Forbidden("a webhook's URL begins with https://")
        if parts.fragment or not url.isprintable() or " " in url:
            raise Forbidden(f"{url!r:.80} is not a URL that a request can have")
        _check_host(parts.hostname or "", private=private)
    except Forbidden as error:
        told = str(error).partition("; allow_private")[0]
        raise RefusedError(Refusal("invalid", told, "a public https:// URL")) from None


def _check_host(host: str, *, private: bool) -> None:
    try:
        ip_address(host)
    except ValueError:
        return
    Guard(allow_private=private).check(host, host)


def new_secret() -> str:
    """Return a secret in the form of Standard Webhooks: 32 random bytes."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()
