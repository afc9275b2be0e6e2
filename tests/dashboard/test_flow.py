from datetime import UTC, datetime

from sojourn.analytics.durations import Summary
from sojourn.analytics.stages import StageFigures
from sojourn.control.portfolio import Portfolio
from sojourn.dashboard.flow import draw, flow, order
from sojourn.paths import builtin, load_file
from tests.dashboard.life import Life

STANDARD = load_file(builtin()["standard"])
TAKEN = Summary(6, 9.0, 8.5, 12.0)


def figures(stage: str, visits: int = 10, open_: int = 2) -> StageFigures:
    return StageFigures(stage, visits, open_, 6, 1, 1, TAKEN, 3.0, 15.0)


def portfolio(*stages: StageFigures) -> Portfolio:
    by_stage = {"sandbox": 2, "pilot": 1, "completed": 3}
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Portfolio(now, 6, 3, 0, by_stage, {}, {}, (), stages)


def test_stages_stand_in_the_order_of_the_paths() -> None:
    assert order(["production", "strange", "pilot", "sandbox"], [STANDARD]) == [
        "sandbox", "pilot", "production", "strange",
    ]  # fmt: skip


def test_the_flow_says_who_goes_on_and_who_goes_back() -> None:
    back = [
        {"from_stage": "pilot", "target_stage": "sandbox", "count": 4},
        {"from_stage": "sandbox", "target_stage": "sandbox", "count": 1},
        {"from_stage": "gone", "target_stage": "sandbox", "count": 9},
    ]
    found = flow(portfolio(figures("pilot"), figures("sandbox", 6, 6)), back, [STANDARD])
    first, second = found.stations
    assert (first.stage, first.here, first.share) == ("sandbox", 2, None)
    assert (second.share, second.ended, second.median) == (0.75, 8, 8.5)
    assert [(arc.begin, arc.end, arc.count) for arc in found.arcs] == [(1, 0, 4), (0, 0, 1)]
    assert found.completed == 3


def test_every_number_of_the_drawing_leads_to_its_journeys() -> None:
    back = [{"from_stage": "pilot", "target_stage": "sandbox", "count": 4}]
    found = flow(portfolio(figures("pilot"), figures("<b>")), back, [STANDARD])
    drawn = str(draw(found))
    assert 'href="/journeys?stage=pilot"' in drawn
    assert "<b>" not in drawn
    assert "75 %" in drawn
    assert "median 8.5 d" in drawn


async def test_the_first_page_has_the_flow(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get("/")).text
        assert "/journeys?rolled_from=pilot" in page
        behind = (await client.get("/journeys?rolled_from=pilot")).text
        assert "rolled back from pilot" in behind
        assert behind.count('<th scope="row">') == 1
