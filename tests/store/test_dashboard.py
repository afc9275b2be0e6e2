from datetime import timedelta

from sojourn.store import dashboard
from tests.dashboard.life import Life, empty, life, lived

__all__ = ["empty", "life", "lived"]


async def test_pages_of_journeys_are_in_order_and_counted(life: Life) -> None:
    async with life.story.door.db.connection() as connection:
        every = await dashboard.journeys(connection, 50, sort="client")
        names = [row["client_id"] for row in every]
        assert names == sorted(names)
        second = await dashboard.journeys(connection, 3, 3, "client")
        assert [row["client_id"] for row in second] == names[3:6]
        assert {row["total"] for row in second} == {8}
        assert await dashboard.journeys(connection, 3, 300, "client") == []
        newest = await dashboard.journeys(connection, 50, sort="newest")
        assert {row["client_id"] for row in newest} == set(names)
        urgent = await dashboard.journeys(connection, 50)
        assert urgent[0]["schedule"] == "behind"
        assert {row["client_id"] for row in urgent[-2:]} == {"tyrell", "wayne"}
        assert all(row["newest_at"] for row in every)


async def test_counts_leave_ended_journeys_out(life: Life) -> None:
    async with life.story.door.db.connection() as connection:
        found = await dashboard.crowd(connection)
        assert found["stage"] == {"sandbox": 5, "pilot": 1}
        assert found["held"] == {"": 1}
        assert found["all"] == {"": 8}
        assert (await dashboard.crowd(connection, "globex"))["all"] == {"": 1}


async def test_series_are_thinned_out_without_losing_extremes(life: Life) -> None:
    story, key = life.story, life.journeys["globex"]
    since, until = story.now - timedelta(days=9), story.now
    async with story.door.db.connection() as connection:
        fine = await dashboard.series(connection, key, since, until, 500, ["quality"])
        rough = await dashboard.series(connection, key, since, until, 1)
        assert len(fine["quality"]) == 4
        assert fine.keys() == {"quality"}
        [one] = rough["quality"]
        assert (one["least"], one["most"], one["n"]) == (0.71, 0.9, 4)
        assert await dashboard.metric_errors(connection, key) == {}


async def test_what_waits_for_people(life: Life) -> None:
    async with life.story.door.db.connection() as connection:
        [path] = await dashboard.running_paths(connection)
        waiting = await dashboard.approvals_waiting(connection, {path: ["stakeholder_demo"]}, 10)
        assert waiting[0]["client_id"] == "stark"
        assert await dashboard.approvals_waiting(connection, {path: []}, 10) == []
        asking, failed = await dashboard.troubles(connection, 10)
        assert (asking["client_id"], failed["client_id"]) == ("umbrella", "initech")
        assert (await dashboard.agent_news(connection))["loader"]["questions"] == 1
        assert (await dashboard.badges(connection))["alerts"] == 10


async def test_portfolio_tables(life: Life) -> None:
    async with life.story.door.db.connection() as connection:
        [rollback] = await dashboard.triggers(connection)
        assert (rollback["trigger_type"], rollback["count"]) == ("user_satisfaction_low", 1)
        worst = (await dashboard.first_passes(connection, 50))[0]
        assert worst["passed"] < worst["attempts"]
        assert await dashboard.latest_mean(connection, "quality") == (4, 0.9)
        assert await dashboard.latest_mean(connection, "nothing") == (0, None)
        key = life.journeys["hooli"]
        types = await dashboard.event_types(connection, key)
        assert types["transition"] == 4
        newest = await dashboard.events(connection, key, 2)
        assert newest[0]["seq"] > newest[1]["seq"]
        assert set(await dashboard.whole(connection, [key])) == {key}
