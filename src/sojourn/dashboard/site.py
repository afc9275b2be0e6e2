"""What the pages are given by the wiring: the door, the agents, and who asks."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from sojourn.agents.directory import Directory
from sojourn.control.door import Door
from sojourn.control.keys import Principal
from sojourn.control.refusals import Refusals
from sojourn.dashboard.memo import Memo

Identify = Callable[[Request], Awaitable[Principal | None]]
"""Says who asks, None for a stranger; ``csrf`` of the principal is what its forms must repeat."""
SignIn = Callable[[Request, str], Awaitable[Response | None]]
"""Begins a session with a key and returns where to go, None for a key that is no good."""
SignOut = Callable[[Request], Awaitable[Response]]
Setting = tuple[str, str, str]
"""A setting in force: its variable, its value without any secret, and what it is for."""
Demo = Callable[[], Awaitable[str]]
"""Starts a demonstration fleet on data of its own, once; returns where it can be watched."""


def _nothing() -> None:
    """Nobody remembers who may come in."""


@dataclass(frozen=True, slots=True)
class Site:
    """One dashboard. Without ``sign_in``, ``sign_out`` or ``demo`` their buttons are not there.

    ``private_webhooks`` lets webhooks go to private addresses; ``forget`` has everybody looked at
    anew, after a key was revoked. ``sso`` is the name of whoever signs people in at
    ``/login/oidc``, empty where nobody does.
    """

    door: Door
    agents: Directory
    identify: Identify
    version: str = "0.1.0"
    stream: str = "/api/v1/events/stream"
    sign_in: SignIn | None = None
    sign_out: SignOut | None = None
    demo: Demo | None = None
    settings: Sequence[Setting] = ()
    private_webhooks: bool = False
    forget: Callable[[], None] = _nothing
    sso: str = ""
    refusals: Refusals = field(default_factory=Refusals)
    memo: Memo = field(default_factory=Memo)
