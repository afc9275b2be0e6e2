from sojourn.dashboard import timeline
from sojourn.store import dashboard
from tests.dashboard.life import Life


async def test_visits_rollbacks_and_holds_stand_under_the_plan(life: Life) -> None:
    now = life.story.now
    shot = await life.story.shot(life.journeys["hooli"])
    async with life.story.door.db.connection() as connection:
        moves = await dashboard.moves(connection, life.journeys["hooli"])
    bars = timeline.actual(moves, shot.state, shot.path, now)
    assert [bar.text for bar in bars] == ["sandbox", "pilot", "rollback", "sandbox"]
    assert [bar.tone for bar in bars] == ["s1", "s2", "bad", "s1"]
    assert bars[-1].until == now
    assert [bar.text for bar in timeline.planned(shot.state, shot.path)] == [
        "sandbox",
        "pilot",
        "production",
    ]
    held = (await life.story.shot(life.journeys["stark"])).state
    assert len(timeline.holds(held, now)) == 1


async def test_an_ended_journey_has_no_now(life: Life) -> None:
    async with life.client() as client:
        assert 'class="now"' in (await client.get(life.key("globex"))).text
        ended = (await client.get(life.key("wayne"))).text
        assert 'class="now"' not in ended
        assert "production: 2026-03" in ended
