from sojourn.control.portfolio import look
from sojourn.dashboard.analytics import funnel
from tests.dashboard.life import Life


async def test_the_funnel_counts_who_ever_came_so_far(life: Life) -> None:
    found = await look(life.story.door)
    assert [(s.name, s.count) for s in funnel(found)] == [
        ("Started", 8),
        ("Pilot", 3),
        ("Production", 1),
        ("Completed", 1),
    ]


async def test_every_metric_is_defined_on_the_page(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get("/analytics")).text
    assert page.count('class="tile"') == 8
    for title in ("Time to production", "First-pass rate", "Pilot duration", "Manual intervention"):
        assert f"<dt>{title}</dt>" in page
    assert "user satisfaction low" in page
    assert "/journeys?first_failed=quality" in page
