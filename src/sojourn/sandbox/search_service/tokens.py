"""Bearer tokens: one kind indexes, another searches, a third is one person's own."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


class Kind(StrEnum):
    """What a token is good for."""

    INDEXING = "indexing"
    CLIENT = "client"
    """Searches as anyone, who is named by the header X-Glean-ActAs."""
    USER = "user"
    STEERING = "steering"
    """The sandbox's own: scenarios and records."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whose token it is; ``email`` stands in a user's own token only."""

    kind: Kind
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of a service are functions of one secret, so that none needs to be kept."""

    secret: str

    def of(self, kind: Kind, instance: str, email: str = "") -> str:
        """Return the token of a kind for one client's instance, and for one person of it."""
        who = urlsafe_b64encode(email.encode()).decode()
        said = f"{kind}\n{instance}\n{email}".encode()
        return f"{kind}.{who}.{hmac.new(self.secret.encode(), said, sha256).hexdigest()}"

    def known(self, token: str, instance: str) -> Known | None:
        """Return what a token is good for at an instance, or None if it is not good at all."""
        kind, _, rest = token.partition(".")
        email = _email(rest.partition(".")[0])
        if kind not in [*Kind] or email is None:
            return None
        right = self.of(Kind(kind), instance, email)
        same = hmac.compare_digest(right.encode(), token.encode())
        return Known(Kind(kind), email or None) if same else None


def _email(encoded: str) -> str | None:
    try:
        return urlsafe_b64decode(encoded.encode()).decode()
    except ValueError:
        return None
