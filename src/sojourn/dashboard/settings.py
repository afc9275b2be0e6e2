"""Settings: keys, sessions and webhooks, the clock, and what is set; changed by administrators."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from sojourn.control import keys
from sojourn.dashboard.asking import Asked
from sojourn.store import notices, search, sessions, webhooks
from sojourn.store.sets import Row


@dataclass(frozen=True, slots=True)
class Shown:
    """A secret that was just made: shown this once and kept nowhere."""

    title: str
    secret: str
    use: str


DONE = {
    "revoked": "The key is revoked, and its sessions have ended.",
    "ended": "The sessions have ended.",
    "off": "The webhook is switched off.",
    "on": "The webhook is switched on; what waited goes out now.",
    "removed": "The webhook is removed, with its log.",
}


async def settings(asked: Asked) -> Response:
    """Show what is set."""
    asked.staff()
    return await page(asked, done=DONE.get(asked.given("done"), ""))


async def page(asked: Asked, status: int = 200, **values: Any) -> Response:
    """Return the page with something to say: ``done``, ``wrong`` or a secret that is ``shown``."""
    given = {"done": "", "wrong": "", "shown": None, "form": {}} | values
    async with asked.door.db.connection() as connection:
        figures: Row = await search.figures(connection)
        hooks = await webhooks.list_subscriptions(connection) if asked.admin else []
        routes = await notices.routes(connection) if asked.admin else []
        opened = await sessions.list_open(connection) if asked.admin else []
    every = await keys.list_keys(asked.door) if asked.admin else []
    return await asked.page(
        "settings.html",
        "Settings",
        status,
        figures=figures,
        hooks=hooks,
        routes=routes,
        sessions=opened,
        keys=every,
        speed=getattr(asked.door.clock, "speed", 1.0),
        real=datetime.now(UTC),
        **given,
    )
