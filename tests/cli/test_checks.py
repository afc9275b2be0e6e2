from datetime import UTC, datetime, timedelta

import pytest

from sojourn.cli import checks, screen
from sojourn.core.criteria import CriteriaCheck, Verdict

NOW = datetime(2026, 5, 3, tzinfo=UTC)


def printed(table: object, capsys: pytest.CaptureFixture[str]) -> str:
    screen.say(table)
    return capsys.readouterr().out


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_an_icon_a_word_and_a_style(verdict: Verdict) -> None:
    mark = checks.mark(verdict)
    icon, word = mark.plain.split(" ", 1)
    assert len(icon) == 1
    assert word == verdict.replace("_", " ")
    assert (mark.style == "green") == (verdict == Verdict.PASSED)


def test_a_check_shows_value_need_count_and_age(capsys: pytest.CaptureFixture[str]) -> None:
    seen = NOW - timedelta(hours=2)
    good = CriteriaCheck("quality", True, 0.9, ">= 0.8", "quality is 0.9", n=12, observed_at=seen)
    said = printed(checks.listed([good], NOW), capsys).splitlines()[-1].split()
    assert said == [
        "✓",
        "passed",
        "quality",
        "0.9",
        ">=",
        "0.8",
        "12",
        "2h",
        "quality",
        "is",
        "0.9",
    ]


def test_a_value_that_the_message_says_is_not_said_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    check = CriteriaCheck("work", False, "0 of 2 done", True, "0 of 2 done; open: a")
    assert printed(checks.listed([check], NOW), capsys).count("0 of 2 done") == 1


def test_a_tripped_trigger_is_bad_and_an_unknown_one_is_not_good(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def trigger(name: str, verdict: Verdict, holds: bool | None) -> CriteriaCheck:
        return CriteriaCheck(name, verdict.opens, 1, "> 0", "m", verdict=verdict, holds=holds)

    said = printed(
        checks.watched(
            [
                trigger("a", Verdict.PASSED, True),
                trigger("b", Verdict.FAILED, False),
                trigger("c", Verdict.INSUFFICIENT_DATA, None),
            ],
            NOW,
        ),
        capsys,
    )
    assert "✗ a tripped" in said
    assert "✓ b" in said
    assert "? c" in said


def test_the_headline_leaves_the_rest_to_the_table() -> None:
    assert checks.headline("1 of 2 checks hold: a failed") == "1 of 2 checks hold"
    assert checks.headline("2 of 2 checks hold") == "2 of 2 checks hold"


def test_tables_fit_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    check = CriteriaCheck("quality", True, 0.9, ">= 0.8", "words " * 40)
    said = printed(checks.listed([check], NOW), capsys)
    assert all(len(line) <= 60 for line in said.splitlines())
