"""Keys that were verified a moment ago, so that not every request pays for a hash."""

import asyncio
from collections import OrderedDict
from hashlib import sha256
from time import monotonic
from typing import Final

from sojourn.control import keys, sessions
from sojourn.control.door import Door
from sojourn.control.keys import Principal

GOOD_FOR: Final = 5.0
"""Seconds for which a verified key is believed: how long a revoked one may still work elsewhere."""
MOST: Final = 10_000
AT_ONCE: Final = 2
"""Hashes computed at once: strangers with wrong keys must not take every core."""


class Keyring:
    """Says whose a key or a session's cookie is."""

    def __init__(self, good_for: float = GOOD_FOR) -> None:
        """Believe what was verified for ``good_for`` seconds."""
        self._good_for = good_for
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()
        self._hashing = asyncio.Semaphore(AT_ONCE)
        self._era = 0

    async def of_key(self, door: Door, token: str) -> Principal | None:
        """Return whose key a token is; None for one that is not good."""
        return await self._found(b"key", door, token)

    async def of_session(self, door: Door, token: str) -> Principal | None:
        """Return whose session a cookie is; None for one that has ended."""
        return await self._found(b"session", door, token)

    async def _found(self, kind: bytes, door: Door, token: str) -> Principal | None:
        digest = sha256(kind + token.encode(errors="replace")).digest()
        until, principal = self._known.get(digest, (0.0, None))
        if principal is not None and monotonic() < until:
            return principal
        self._known.pop(digest, None)
        find = sessions.find if kind == b"session" else keys.find
        async with self._hashing:
            era = self._era
            found = await find(door, token)
        # What was revoked while it was looked for is not believed any longer than this once.
        if found is not None and era == self._era:
            self._remember(digest, found)
        return found

    def _remember(self, digest: bytes, principal: Principal) -> None:
        self._known[digest] = (monotonic() + self._good_for, principal)
        while len(self._known) > MOST:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Verify everyone anew: a key was revoked, or a session ended."""
        self._era += 1
        self._known.clear()
