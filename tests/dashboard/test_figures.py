from datetime import UTC, datetime

from sojourn.analytics.figures import Figure
from sojourn.control.portfolio import Portfolio, look
from sojourn.dashboard import figures
from tests.dashboard.life import Life

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_figure_is_told_with_target_and_baseline() -> None:
    one = Figure(
        "success_rate", "Client success", 0.5, "share", 4, "What it is.", "higher", 0.9, 0.75
    )
    told = figures.tile(one)
    assert (told.title, told.value, told.target, told.baseline) == (
        "Success rate",
        "50 %",
        "\N{GREATER-THAN OR EQUAL TO} 90 %",
        "75 %",
    )
    assert told.goal == "missed"


def test_nothing_known_is_unknown_and_never_met() -> None:
    empty = Portfolio(NOW, 0, 0, 0, {}, {}, {}, (), ())
    assert figures.satisfaction(0, None).goal == "unknown"
    assert figures.stage_days("sandbox", None).goal == "unknown"
    assert figures.active({}).value == "0"
    assert figures.named(empty) == {}


async def test_six_tiles_and_eight_metrics(life: Life) -> None:
    found = await look(life.story.door)
    tiles = figures.tiles(found, {"stage": {"sandbox": 5, "pilot": 1}})
    assert len(tiles) == 6
    assert all(tile.about and tile.href.startswith("/journeys") for tile in tiles)
    by = {tile.title: tile for tile in tiles}
    assert by["Rollback rate"].notes == ("of pilots 33 % (n=3)",)
    assert by["Success rate"].notes == ("1 reached", "1 lost")
    assert by["Active journeys"].parts[1] == ("pilot", 1, "/journeys?stage=pilot")
    assert len(figures.primary(found)) == len(figures.secondary(found, (3, 4.6))) == 4
    assert figures.secondary(found, (3, 4.6))[2].goal == "met"


def test_a_change_has_a_sign_and_a_unit() -> None:
    assert figures.changed(0.5, 0.4, "share") == "+10 points"
    assert figures.changed(9.0, 10.5, "days") == "\N{MINUS SIGN}1.5 d"
    assert figures.changed(12, 10, "count") == "+2"
    assert figures.changed(1.0, None, "days") == ""
    assert figures.changed(None, 1.0, "days") == ""
