"""What the pages are given by the wiring: the door, the agents, and who asks."""

from collections.abc import Awaitable, Callable
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
Demo = Callable[[], Awaitable[None]]
"""Starts a demonstration fleet; returns when its first journeys have begun."""


@dataclass(frozen=True, slots=True)
class Site:
    """One dashboard. Without ``sign_in``, ``sign_out`` or ``demo`` their buttons are not there."""

    door: Door
    agents: Directory
    identify: Identify
    version: str = "0.1.0"
    stream: str = "/api/v1/events/stream"
    sign_in: SignIn | None = None
    sign_out: SignOut | None = None
    demo: Demo | None = None
    refusals: Refusals = field(default_factory=Refusals)
    memo: Memo = field(default_factory=Memo)
