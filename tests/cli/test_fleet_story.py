"""The report of a fleet names each client that is not where its scenario says."""

from dataclasses import replace

from rich.text import Text

from sojourn.cli.fleet_story import report, tell_all
from tests.cli.plays import opened, played


def lines(story: dict[str, object]) -> list[str]:
    return [part.plain for part in report(story) if isinstance(part, Text)]


async def test_who_is_where_and_who_is_not_where_they_must_be(database_url: str) -> None:
    async with opened(database_url) as app:
        done = await played(app)
        good = await tell_all(app.door, [done])
        other = replace(done, part=replace(done.part, tale=replace(done.tale, end="completed")))
        bad = await tell_all(app.door, [done, other])
    assert good["ok"]
    assert good["stages"] == {"cancelled": 1}
    assert good["calls"] > 3
    assert lines(good)[-1] == "✓ PASSED: all 1 clients are where their scenarios say."
    assert not bad["ok"]
    assert "✗ medtronic (short): cancelled" in lines(bad)
    assert "  the journey ends completed; found: cancelled" in lines(bad)
    assert lines(bad)[-1] == "✗ FAILED: 1 of 2 clients are not."
