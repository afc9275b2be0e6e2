"""Analytics: the specification's success metrics, time in stages, first passes and rollbacks."""

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from sojourn.control.portfolio import Portfolio
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.figures import named, primary, secondary
from sojourn.dashboard.home import portfolio_of
from sojourn.dashboard.memo import PATIENCE
from sojourn.store import dashboard as store
from sojourn.store.sets import Row

LASTS: Final = 15.0
CHECKS: Final = 25


@dataclass(frozen=True, slots=True)
class Tables:
    """What stands below the figures."""

    score: tuple[int, float | None]
    triggers: list[Row]
    checks: list[Row]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel: how many journeys have come this far, by those that started."""

    name: str
    count: int
    share: float


async def analytics(asked: Asked) -> Response:
    """Show how all journeys have gone."""
    asked.staff()
    found = await portfolio_of(asked)
    tables = await asked.site.memo.get("tables", LASTS, lambda: _read(asked), PATIENCE)
    return await asked.page(
        "analytics.html",
        "Analytics",
        primary=primary(found),
        secondary=secondary(found, tables.score),
        tables=tables,
        funnel=funnel(found),
        stages=found.stages,
        as_of=found.as_of,
    )


async def _read(asked: Asked) -> Tables:
    async with asked.door.db.connection() as connection:
        return Tables(
            await store.latest_mean(connection, "user_satisfaction"),
            await store.triggers(connection),
            await store.first_passes(connection, CHECKS),
        )


def funnel(found: Portfolio) -> list[Step]:
    """Return how many journeys ever came to each stage, in the order of the standard path."""
    figures, every = named(found), found.journeys
    counts = {
        "Started": every,
        "Pilot": figures["pilot_rollback_rate"].n,
        "Production": figures["time_to_production"].n,
        "Completed": found.by_stage.get("completed", 0),
    }
    return [Step(name, n, n / every if every else 0.0) for name, n in counts.items()]
