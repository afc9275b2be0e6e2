"""The first page: six figures, what needs attention, who has the ball, and the journeys."""

import asyncio
from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from sojourn.control.portfolio import Portfolio, look
from sojourn.dashboard import forms
from sojourn.dashboard.asking import Asked, DeniedError
from sojourn.dashboard.attention import Need, need
from sojourn.dashboard.figures import tiles
from sojourn.dashboard.fleet import PER_PAGE, Line, Wanted, as_csv, line_of, wanted
from sojourn.dashboard.memo import PATIENCE
from sojourn.store import dashboard as store
from sojourn.store import portfolio
from sojourn.store.sets import Row

FACTS_LAST: Final = 15.0
"""Seconds for which figures over all journeys are good."""
CROWD_LASTS: Final = 1.0
NEEDS: Final = 8
MANY: Final = 200
EXPORTED: Final = 100_000
BALLS: Final = ("operator", "approver", "client", "agent", "soak", "nobody")


async def home(asked: Asked) -> Response:
    """Show how all journeys stand."""
    if asked.client is not None:
        return await journeys(asked)
    crowd = await crowd_of(asked)
    if not crowd.get("all", {}).get(""):
        return await asked.page("empty.html", "Welcome", demo=asked.site.demo is not None)
    found, needs, table = await asyncio.gather(
        portfolio_of(asked),
        needs_of(asked, NEEDS),
        _table(asked, wanted(asked.request.query_params)),
    )
    return await asked.page(
        "home.html",
        "Home",
        tiles=tiles(found, crowd),
        as_of=found.as_of,
        needs=needs,
        crowd=crowd,
        balls=BALLS,
        **table,
    )


async def attention(asked: Asked) -> Response:
    """Show everything that needs attention."""
    asked.staff()
    needs = await needs_of(asked, MANY)
    return await asked.page("attention.html", "Needs attention", needs=needs, most=MANY)


async def journeys(asked: Asked) -> Response:
    """Show the table of journeys alone."""
    table = await _table(asked, wanted(asked.request.query_params))
    return await asked.page("journeys.html", "Journeys", crowd=await crowd_of(asked), **table)


async def export(asked: Asked) -> Response:
    """Return the same table as CSV, all pages of it."""
    asking = wanted(asked.request.query_params)
    lines, _ = await lines_of(asked, asking, EXPORTED, 0)
    headers = {"Content-Disposition": 'attachment; filename="journeys.csv"'}
    return Response(as_csv(lines), media_type="text/csv; charset=utf-8", headers=headers)


async def demo(asked: Asked) -> Response:
    """Start the demonstration fleet."""
    forms.check(asked.request, asked.who, await forms.read(asked.request))
    if not asked.operates or asked.site.demo is None:
        raise DeniedError("Starting the demonstration needs the role operator or admin.")
    await asked.site.demo()
    asked.site.memo.forget()
    return RedirectResponse("/", 303)


async def _table(asked: Asked, asking: Wanted) -> dict[str, Any]:
    lines, total = await lines_of(asked, asking, PER_PAGE, asking.offset)
    last = max((total + PER_PAGE - 1) // PER_PAGE, 1)
    return {"lines": lines, "total": total, "wanted": asking, "last": last, "per_page": PER_PAGE}


async def lines_of(asked: Asked, asking: Wanted, limit: int, offset: int) -> tuple[list[Line], int]:
    """Return lines of journeys, and how many there are in all."""
    door, filters = asked.door, asking.filters | {"client": asked.client}
    async with door.db.connection() as connection:
        rows = await store.journeys(connection, limit, offset, asking.sort, **filters)
        await door.shelf.load(connection, {row["path_id"] for row in rows})
    lines = [line_of(row, door.shelf[row["path_id"]], asked.now) for row in rows]
    return lines, rows[0]["total"] if rows else 0


async def needs_of(asked: Asked, limit: int) -> list[Need]:
    """Return what needs attention, the most urgent first."""
    door = asked.door
    async with door.db.connection() as connection:
        rows = await portfolio.attention(connection, asked.now, limit)
        whole = await store.whole(connection, (row["journey_id"] for row in rows))
        await door.shelf.load(connection, {row["path_id"] for row in whole.values()})
    every = [_merged(whole[row["journey_id"]], row) for row in rows if row["journey_id"] in whole]
    return [need(row, door.shelf[row["path_id"]], asked.now) for row in every]


def _merged(whole: Row, seen: Row) -> Row:
    return {**whole, **seen}


async def crowd_of(asked: Asked) -> dict[str, dict[str, int]]:
    """Return counts of active journeys."""

    async def read() -> dict[str, dict[str, int]]:
        async with asked.door.db.connection() as connection:
            return await store.crowd(connection, asked.client)

    return await asked.site.memo.get(f"crowd {asked.client}", CROWD_LASTS, read)


async def portfolio_of(asked: Asked) -> Portfolio:
    """Return the figures of all journeys; they say themselves of which moment they are."""
    return await asked.site.memo.get("portfolio", FACTS_LAST, lambda: look(asked.door), PATIENCE)
