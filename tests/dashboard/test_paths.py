import re
from html import unescape

from sojourn.dashboard.paths import diagram, groups
from sojourn.paths import load
from tests.dashboard.life import FLEET, Life


def test_versions_stand_together_newest_first() -> None:
    rows = [{"name": "a", "version": 1}, {"name": "a", "version": 2}, {"name": "b", "version": 1}]
    assert [(n, [r["version"] for r in some]) for n, some in groups(rows)] == [
        ("a", [2, 1]),
        ("b", [1]),
    ]


def test_the_diagram_has_every_stage_with_its_gates() -> None:
    drawn = diagram(load(FLEET))
    for text in (
        "Sandbox",
        "Pilot",
        "Production",
        "Completed",
        "Exit: 3 criteria",
        "Work: 2 units",
    ):
        assert text in drawn
    assert "10 % \N{RIGHTWARDS ARROW} 100 %" in drawn


async def test_a_version_is_told_with_what_it_changed(life: Life) -> None:
    await life.story.start(FLEET.replace('is: ">= 0.8"', 'is: ">= 0.95"'), "cyberdyne")
    async with life.client() as client:
        assert "fleet@2" in (await client.get("/paths")).text
        page = (await client.get("/paths/fleet/2")).text
        assert "Changed since @1" in page
        assert "sandbox.exit.quality" in page
        assert "<ins>" in page
        assert "Changed since" not in (await client.get("/paths/fleet/1")).text
        assert "Changed since @2" in (await client.get("/paths/fleet/1?against=2")).text


async def test_the_criteria_of_every_gate_can_be_had_as_a_sheet(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get("/paths/fleet/1")).text
        links = re.findall(r'href="([^"]+)" download', page)
        assert links
        assert page.count("<table") == len(links)
        for link in links:
            answer = await client.get(unescape(link))
            assert answer.headers["content-type"].startswith("text/csv")
            first, *rows = answer.text.splitlines()
            assert first == "Criterion,Condition,Evidence,Ball"
            assert rows
