"""The first page: six figures, what needs attention, who has the ball, and the journeys."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from markupsafe import Markup
from starlette.responses import Response

from sojourn.control.portfolio import Portfolio, look
from sojourn.dashboard import flow
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.attention import Need, need
from sojourn.dashboard.figures import tiles
from sojourn.dashboard.fleet import BEHIND, PER_PAGE, Line, Wanted, as_csv, line_of, wanted
from sojourn.dashboard.memo import PATIENCE
from sojourn.store import dashboard as store
from sojourn.store import portfolio
from sojourn.store.sets import Row

FACTS_LAST: Final = 15.0
"""Seconds for which figures over all journeys are good."""
NOW_LASTS: Final = 0.3
"""Seconds for which lists and counts of now are good: less than a live page waits after news before
it reads again (live.js), so that it never reads what was before them.
"""
NEEDS: Final = 8
MANY: Final = 100
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
        flow=await flow_of(asked, found),
        **table,
    )


async def flow_of(asked: Asked, found: Portfolio) -> Markup:
    """Return the flow of stages; it is as old as the figures that it is drawn of."""

    async def make() -> Markup:
        async with asked.door.db.connection() as connection:
            back = await store.arcs(connection)
            used = await store.running_paths(connection)
            await asked.door.shelf.load(connection, used)
        paths = [asked.door.shelf[key] for key in used]
        return flow.draw(flow.flow(found, back, paths))

    return await asked.site.memo.get("flow", FACTS_LAST, make, PATIENCE)


async def attention(asked: Asked) -> Response:
    """Show everything that needs attention."""
    asked.staff()
    needs = await needs_of(asked, asked.most(MANY))
    return await asked.page("attention.html", "Needs attention", needs=needs, most=MANY)


async def journeys(asked: Asked) -> Response:
    """Show the table of journeys alone."""
    table = await _table(asked, wanted(asked.request.query_params))
    return await asked.page("journeys.html", "Journeys", crowd=await crowd_of(asked), **table)


async def export(asked: Asked) -> Response:
    """Return the same table as CSV, all pages of it."""
    rows = await _rows(asked, wanted(asked.request.query_params), EXPORTED, 0)
    # So many take seconds, in which others want to be served and leases to be renewed.
    file = await asyncio.to_thread(lambda: as_csv(_drawn(asked, rows)))
    headers = {"Content-Disposition": 'attachment; filename="journeys.csv"'}
    return Response(file, media_type="text/csv; charset=utf-8", headers=headers)


async def _table(asked: Asked, asking: Wanted) -> dict[str, Any]:
    lines, total = await _lines(asked, asking)
    last = max((total + PER_PAGE - 1) // PER_PAGE, 1)
    shown = {"lines": lines, "total": total, "wanted": asking, "last": last, "behind": BEHIND}
    return {**shown, "per_page": PER_PAGE}


async def _lines(asked: Asked, asking: Wanted) -> tuple[list[Line], int]:
    async def read() -> tuple[list[Line], int]:
        return await lines_of(asked, asking, PER_PAGE, asking.offset)

    if not asking.plain:
        return await read()
    # What everybody looks at is read once for all.
    return await asked.site.memo.get(f"lines {asked.client}", NOW_LASTS, read)


async def lines_of(asked: Asked, asking: Wanted, limit: int, offset: int) -> tuple[list[Line], int]:
    """Return lines of journeys, and how many there are in all."""
    rows = await _rows(asked, asking, limit, offset)
    return list(_drawn(asked, rows)), rows[0]["total"] if rows else 0


async def _rows(asked: Asked, asking: Wanted, limit: int, offset: int) -> list[Row]:
    door, filters = asked.door, asking.filters | {"client": asked.client}
    async with door.db.connection() as connection:
        rows = await store.journeys(connection, limit, offset, asking.sort, **filters)
        await door.shelf.load(connection, {row["path_id"] for row in rows})
    return rows


def _drawn(asked: Asked, rows: list[Row]) -> Iterator[Line]:
    shelf = asked.door.shelf
    return (line_of(row, shelf[row["path_id"]], asked.now) for row in rows)


async def needs_of(asked: Asked, limit: int) -> list[Need]:
    """Return what needs attention, the most urgent first."""
    return await asked.site.memo.get(f"needs {limit}", NOW_LASTS, lambda: _needs(asked, limit))


async def _needs(asked: Asked, limit: int) -> list[Need]:
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

    return await asked.site.memo.get(f"crowd {asked.client}", NOW_LASTS, read)


async def portfolio_of(asked: Asked) -> Portfolio:
    """Return the figures of all journeys; they say themselves of which moment they are."""
    return await asked.site.memo.get("portfolio", FACTS_LAST, lambda: look(asked.door), PATIENCE)
