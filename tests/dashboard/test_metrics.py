from sojourn.dashboard.metrics import bands
from sojourn.store import rollback
from tests.dashboard.life import Life


async def test_plots_have_thresholds_and_what_is_not_measured_is_said(life: Life) -> None:
    async with life.client() as client:
        stark = (await client.get(life.key("stark") + "/metrics")).text
        assert stark.count('class="plot"') == 2
        assert "exit &gt;= 0.8" in stark
        assert 'class="band tone-wait"' not in stark
        globex = (await client.get(life.key("globex") + "/metrics")).text
        assert "<b>satisfaction</b> is asked for in this stage" in globex


async def test_rollbacks_and_holds_are_bands(life: Life) -> None:
    shot = await life.story.shot(life.journeys["hooli"])
    async with life.story.door.db.connection() as connection:
        history = await rollback.history(connection, life.journeys["hooli"])
    [band] = bands(shot, history, life.story.now)
    assert (band.tone, band.label) == ("bad", "rollback from pilot: user_satisfaction_low")
    held = await life.story.shot(life.journeys["stark"])
    assert [band.tone for band in bands(held, [], life.story.now)] == ["wait"]
