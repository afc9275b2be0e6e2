"""What every request of the API works with, and how it is to behave."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from starlette.requests import HTTPConnection

from sojourn.agents.directory import Directory
from sojourn.api.feed import Feed
from sojourn.api.fresh import Fresh
from sojourn.api.instruments import Instruments
from sojourn.api.keyring import Keyring
from sojourn.api.throttle import Throttle
from sojourn.control.door import Door
from sojourn.control.portfolio import Portfolio
from sojourn.control.refusals import Refusals
from sojourn.store.sets import Row

MEGABYTE = 1024 * 1024
Engine = Callable[[], Awaitable[None]]
"""Runs the engine until it is cancelled."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of this process that was looked at.

    The process is of no use without a ``vital`` part, and cannot do its work without one that is
    ``needed``; the rest is told.
    """

    name: str
    ok: bool
    message: str
    vital: bool = False
    needed: bool = True


Probe = Callable[[], Awaitable[Sequence[Finding]]]
"""Looks, now, at what runs beside the API in its process."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the API behaves; sizes are bytes, times real seconds."""

    version: str = "0.1.0"
    body: int = MEGABYTE
    """The largest body of a request."""
    bulk_body: int = 16 * MEGABYTE
    """The largest body of a request that records measurements."""
    bulk_lines: int = 20_000
    cors_origins: tuple[str, ...] = ()
    """Origins of pages that may call the API from a browser; none by default."""
    public_metrics: bool = False
    """Whether /metrics is there for everyone, or for holders of a key only."""
    private_webhooks: bool = False
    """Whether webhooks may go to private and loopback addresses, and over plain http."""
    paths: Path | None = None
    """A folder of path files beside the built-in ones."""
    heartbeat: float = 15.0
    streams: int = 500
    """Readers of the event stream at once."""
    probe: Probe | None = None
    cookie: str = "sojourn_session"
    """Name of the sessions' cookie; browsers share cookies among all ports of a host."""


@dataclass(slots=True)
class Context:
    """One open API."""

    door: Door
    agents: Directory
    options: Options
    feed: Feed
    keyring: Keyring
    instruments: Instruments
    refusals: Refusals = field(default_factory=Refusals)
    logins: Throttle = field(default_factory=Throttle)
    gauges: Fresh[list[Row]] = field(default_factory=lambda: Fresh(2.0))
    summaries: Fresh[Portfolio] = field(default_factory=lambda: Fresh(10.0))


def context_of(connection: HTTPConnection) -> Context:
    """Return what a request works with."""
    return cast(Context, connection.app.state.context)


def door_of(connection: HTTPConnection) -> Door:
    """Return the door of a request; under an Idempotency-Key it opens once."""
    own = getattr(connection.state, "door", None)
    return cast(Door, own) if own is not None else context_of(connection).door
