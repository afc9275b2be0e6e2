from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sojourn.cli import keeper
from tests.cli.terminal import Terminal


def test_the_status_says_what_there_is(acme: Terminal) -> None:
    told = acme("db", "status", "--json").json
    assert (told["kind"], told["running"], told["pending_migrations"]) == ("external", True, [])
    assert told["journeys"] == {"active": 1, "ended": 0}
    assert told["clock"]["speed"] == 1
    assert told["workers"] == []
    said = acme("db", "status").out
    assert "none: start one with sojourn worker" in said
    assert "1 active, 0 ended" in said


def test_the_schema_is_brought_up_to_date_once(
    cli: Terminal, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOJOURN_DATABASE_URL", empty_database_url)
    told = cli("db", "status", "--json").json
    assert told["pending_migrations"][0] == "0001_journeys"
    dry = cli("db", "migrate", "--dry-run", "--json").json
    assert dry["migrations"] == told["pending_migrations"]
    assert "would apply: 0001_journeys" in cli("db", "migrate", "--dry-run").out
    assert cli("db", "migrate", "--json").json["migrations"] == told["pending_migrations"]
    assert cli("db", "migrate").out == "the schema is up to date\n"


def test_the_clock_goes_ahead_and_faster_but_never_back(cli: Terminal) -> None:
    def now() -> datetime:
        return datetime.fromisoformat(cli("db", "clock", "--json").json["clock"]["now"])

    began = now()
    dry = cli("db", "clock", "--advance", "3d", "--dry-run", "--json").json
    assert datetime.fromisoformat(dry["clock"]["now"]) - began > timedelta(days=2.9)
    assert "dry run" in cli("db", "clock", "--speed", "60", "--dry-run").out
    assert now() - began < timedelta(minutes=5)
    cli("db", "clock", "--advance", "3d")
    assert now() - began > timedelta(days=3)
    assert "60 times real time" in cli("db", "clock", "--speed", "60").out
    assert cli("db", "clock", "--json").json["clock"]["speed"] == 60
    cli.start()
    age = cli("show", "acme", "--json").json["journey"]["started_at"]
    assert datetime.fromisoformat(age) - began > timedelta(days=3)


@pytest.mark.parametrize(
    "words", [["--speed", "0"], ["--speed", "-1"], ["--speed", "nan"], ["--speed", "x"],
              ["--advance", "-1d"], ["--advance", "3"]],
)  # fmt: skip
def test_a_clock_cannot_stand_still_or_go_back(cli: Terminal, words: list[str]) -> None:
    cli("db", "clock", *words, code=2)


def test_a_clock_stays_among_the_years_that_can_be_written(cli: Terminal) -> None:
    cli("list")
    cli.sql("UPDATE clock SET shown = '2295-01-01T00:00:00Z', real = clock_timestamp()")
    assert "would show 2300 or later" in cli("db", "clock", "--advance", "3650d", code=2).err


def test_a_server_of_ones_own_is_neither_started_nor_stopped(cli: Terminal) -> None:
    for words in (("db", "start"), ("db", "stop")):
        said = cli(*words, code=4).err
        assert "neither starts nor stops (fix: unset it to use Sojourn's own)" in said


@pytest.mark.parametrize("words", [["list"], ["db", "status"], ["db", "migrate"], ["start", "x"]])
def test_a_database_that_is_away_is_status_6_in_one_line(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("SOJOURN_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/x")
    ran = cli(*words, code=6)
    assert len(ran.err.splitlines()) == 1
    assert "PostgreSQL cannot be reached" in ran.err
    assert "geheim" not in ran.err
    assert cli(*words, "--json", code=6).error["code"] == "database"


def test_an_embedded_server_is_kept_until_it_is_stopped(
    cli: Terminal, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOJOURN_DATABASE_URL")
    monkeypatch.setenv("SOJOURN_DATA_DIR", str(data_dir))
    assert cli("db", "status", "--json").json["running"] is False
    assert "it starts by itself" in cli("db", "status").out
    assert "nothing to stop" in cli("db", "stop").out
    assert cli("db", "start", "--dry-run", "--json").json["started"] is False
    assert cli("db", "status", "--json").json["running"] is False

    try:
        assert cli("db", "start", "--json").json["started"] is True
        told = cli("db", "status", "--json").json
        assert (told["running"], told["kind"]) == (True, "embedded")
        assert told["kept_by"] > 0
        assert "kept running already" in cli("db", "start").out
        cli("list")
        assert cli("db", "status", "--json").json["running"] is True
        assert "dry run" in cli("db", "stop", "--dry-run").out
        assert cli("db", "stop", "--json").json == {
            "dry_run": False, "stopped": True, "running": False,
        }  # fmt: skip
        assert cli("db", "status", "--json").json["running"] is False
    finally:
        keeper.stop(data_dir)
