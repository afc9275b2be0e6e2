from datetime import timedelta

from sojourn.dashboard.plots import Band, Plot, plot, spark
from tests.doors import START

DAY = timedelta(days=1)
POINTS = [(START + DAY * n, value) for n, value in enumerate((0.7, 0.9, 0.8))]


def test_a_spark_needs_two_values() -> None:
    assert spark(POINTS[:1]) == ""
    drawn = spark(POINTS, 0.8, "ok")
    assert 'aria-label="3 values, from 0.7 to 0.8"' in drawn
    assert 'class="limit"' in drawn


def test_a_plot_holds_its_threshold_and_its_bands() -> None:
    band = Band(START - DAY, START + DAY, "bad", "rollback <b>")
    late = Band(START + DAY * 9, START + DAY * 10, "wait", "held")
    drawn = plot(Plot("quality", POINTS, [(2.0, "exit >= 2")], [band, late]))
    assert "exit &gt;= 2" in drawn
    assert "rollback &lt;b&gt;" in drawn
    assert drawn.count('class="band') == 1
    assert "nan" not in drawn


def test_one_value_is_a_dot_with_one_date() -> None:
    drawn = plot(Plot("quality", POINTS[:1], ranges=[(0.7, 0.7)]))
    assert drawn.count("2 Mar") == 1
    assert "point only" in drawn


def test_equal_values_are_drawn_too() -> None:
    assert "nan" not in plot(Plot("zero", [(START, 0.0), (START + DAY, 0.0)]))
