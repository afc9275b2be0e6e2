"""A picture agrees with the journey's rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sojourn.cli.picture import legs, look, spent
from sojourn.store.sets import Row
from tests.cli.plays import opened, played

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


async def test_a_picture_shows_the_rows(database_url: str) -> None:
    async with opened(database_url) as app:
        done = await played(app)
        picture = await look(app.door, done.journey_id, 5)
        assert picture.shot.state.current_stage == "cancelled"
        assert [e["seq"] for e in picture.events] == list(
            range(picture.shot.seq - 4, picture.shot.seq + 1)
        )
        assert picture.told.stage == "cancelled"
        # The tasks are those of the present visit, and the end has none.
        assert list(picture.tasks) == []
        assert [leg.visits for leg in picture.legs] == [1, 0, 0, 0]
        assert picture.legs[0].spent > timedelta(days=1.3)
        assert not any(leg.here or leg.done for leg in picture.legs)

        times = {"sandbox": 2, "rollback": 1, "compliance": 1}
        visited = moves(sandbox=2, rollback=1, compliance=3, sandbox_=4)
        until = MONDAY + timedelta(days=10)
        state = picture.shot.state
        found = {leg.plan.name: leg for leg in legs(picture.shot, visited, until)}
        assert found["sandbox"].visits == times["sandbox"]
        assert found["sandbox"].spent == timedelta(days=6)
        assert found["compliance"].spent == timedelta(days=3)
        assert spent(state, visited, "rollback", until) == timedelta(days=1)


def moves(**days: Any) -> list[Row]:
    rows, at = [], MONDAY
    for stage, count in days.items():
        rows.append({"to_stage": stage.rstrip("_"), "at": at})
        at += timedelta(days=count)
    return rows
