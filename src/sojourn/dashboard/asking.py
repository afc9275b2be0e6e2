"""Who asks for a page, and what they may see and do there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import quote, urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sojourn.control.door import Door, NotFoundError, resolve
from sojourn.control.keys import ALONE, ROLES, Principal
from sojourn.dashboard import forms
from sojourn.dashboard.rendering import draw
from sojourn.dashboard.sheet import sheet
from sojourn.dashboard.site import Site
from sojourn.store import dashboard as store
from sojourn.store import portfolio
from sojourn.store.sets import Row

OPERATORS: Final = ("operator", "admin")
BADGES_LAST: Final = 0.3
EXPORTED: Final = 20_000
"""Rows of a table in a file, at most."""


class DeniedError(Exception):
    """Somebody has not the right; the message says which role would have it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of somebody who is known."""

    request: Request
    site: Site
    who: Principal
    now: datetime

    @property
    def door(self) -> Door:
        """Return the door to the journeys."""
        return self.site.door

    @property
    def client(self) -> str | None:
        """Return the only client that the person may see; None where they see all."""
        return self.who.client_id

    @property
    def operates(self) -> bool:
        """Say whether the person may act on journeys."""
        return self.who.any_of(*OPERATORS)

    @property
    def rules(self) -> bool:
        """Say whether the person may rule on criteria; which ones, the path's own roles say."""
        own = set(self.who.roles) - set(ROLES)
        return bool(own) or self.who.any_of("approver", "admin", "client")

    @property
    def admin(self) -> bool:
        """Say whether the person may manage keys and webhooks."""
        return self.who.any_of("admin")

    def given(self, name: str, longest: int = 200) -> str:
        """Return a parameter of the address, cut and without what no text holds."""
        return self.request.query_params.get(name, "")[:longest].replace("\x00", "").strip()

    def staff(self) -> None:
        """Refuse those who may see one client only."""
        if self.client is not None:
            raise DeniedError(f"{self.who.actor} may look at {self.client} only.")

    def administer(self, what: str) -> None:
        """Refuse those who are no administrators; ``what`` says what needs one."""
        if not self.admin:
            has = ", ".join(self.who.roles)
            raise DeniedError(f"{what} needs the role admin; {self.who.actor} has {has}.")

    async def form(self) -> dict[str, str]:
        """Return the form that was sent, if one of our own pages has made it for this person."""
        given = await forms.read(self.request)
        forms.check(self.request, self.who, given)
        return given

    async def page(self, template: str, title: str, status: int = 200, **values: Any) -> Response:
        """Return a page in its frame, or one of its tables as CSV where the address asks for it."""
        given, name = {"title": title, **await self._frame(), **values}, self.given("csv", 60)
        if not name or status != 200:
            return draw(template, status, **given)

        def file() -> Response | None:
            return sheet(bytes(draw(template, **given).body).decode(), name)

        # So many rows take seconds, in which others want to be served and leases to be renewed.
        found = await asyncio.to_thread(file)
        if found is None:
            raise NotFoundError(f"This page has no table {name}, or nothing is in it.")
        return found

    def sheet(self, name: str) -> str:
        """Return the address of a table of the page as CSV, narrowed like the page."""
        given = {k: v for k, v in self.request.query_params.items() if k not in ("csv", "done")}
        return f"{quote(self.request.scope['path'])}?{urlencode({**given, 'csv': name})}"

    def most(self, shown: int) -> int:
        """Return how many rows are asked for: a file holds more than a page shows."""
        return EXPORTED if self.given("csv") else shown

    async def _frame(self) -> dict[str, Any]:
        badges: Row = {} if self.client else await self._badges()
        path = self.request.scope["path"]
        return {"asked": self, "site": self.site, "now": self.now, "badges": badges, "path": path}

    async def _badges(self) -> Row:
        async def read() -> Row:
            async with self.door.db.connection() as connection:
                return await store.badges(connection)

        return await self.site.memo.get("badges", BADGES_LAST, read)

    async def journey(self) -> Row:
        """Return the journey that the address names, for those who may see it."""
        name = self.request.path_params["ref"]
        try:
            key = await resolve(self.door, name)
        except NotFoundError:
            if self.client is None:
                raise
            raise NotFoundError(f"There is no journey {name}.") from None
        return await self._row(key, name)

    async def _row(self, key: UUID, name: str) -> Row:
        async with self.door.db.connection() as connection:
            row = await portfolio.journey(connection, key)
        if row is None or self.client not in (None, row["client_id"]):
            raise NotFoundError(f"There is no journey {name}.")
        return row


Page = Callable[[Asked], Awaitable[Response]]


def site_of(request: Request) -> Site:
    """Return the dashboard that a request is for."""
    return cast(Site, request.app.state.site)


def known(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Return a page's endpoint: strangers are shown where to sign in."""

    async def endpoint(request: Request) -> Response:
        site = site_of(request)
        who = await site.identify(request)
        if who is None:
            query = request.scope["query_string"].decode("latin-1")
            goal = f"{quote(request.scope['path'])}?{query}".rstrip("?")
            return RedirectResponse(f"/login?next={quote(goal, safe='/')}", 303)
        if set(who.roles) <= set(ALONE) and who.client_id is None:
            return refused(403, "This key is an agent's; pages are for people.")
        return await page(Asked(request, site, who, site.door.now()))

    return endpoint


def refused(code: int, message: str, remedy: str = "") -> HTMLResponse:
    """Return the page of a request that comes to nothing."""
    titles = {403: "Not allowed", 404: "Not found", 409: "Not possible now", 503: "Away"}
    title = titles.get(code, "Something went wrong")
    return draw("problem.html", code, title=title, code=code, message=message, remedy=remedy)
