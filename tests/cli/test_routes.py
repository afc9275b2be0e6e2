import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from sojourn.cli.routes import sent
from tests.cli.terminal import Terminal

FILE = """
routes:
  team: { urls: ["${TEAM_URL}"], digest: 1h, escalate: { after: 30m, to: boss } }
  boss: { urls: ["${BOSS_URL}", "${TEAM_URL}"], severities: [page], clients: [acme*] }
"""


@pytest.fixture
def routed(
    cli: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> Terminal:
    """A terminal with a file of routes: of two receivers one is there."""
    file = tmp_path / "alerts.yaml"
    file.write_text(FILE)
    httpserver.expect_request("/in", method="POST").respond_with_data("")
    monkeypatch.setenv("SOJOURN_ALERTS", str(file))
    monkeypatch.setenv("TEAM_URL", f"json://me:s3cret@127.0.0.1:{httpserver.port}/in")
    monkeypatch.setenv("BOSS_URL", "json://me:s3cret@127.0.0.1:1/in")
    return cli


def test_a_test_message_is_really_sent(routed: Terminal, httpserver: HTTPServer) -> None:
    assert routed("alert", "test", "team", "--json").json == {
        "route": "team",
        "targets": [{"service": "JSON", "error": None}],
    }
    [(request, _)] = httpserver.log
    assert request.get_json()["message"] == "This is a test. Nothing has happened."
    assert routed("alert", "test", "team").out == "team: taken by JSON\n"


def test_who_is_not_reached_is_named(routed: Terminal) -> None:
    told = routed.refused("alert", "test", "boss", code=4)
    assert "boss does not reach 1 of 2: target 0: JSON did not take it (failure)" in told
    assert "s3cret" not in told
    error = routed("alert", "test", "boss", "--json", code=4).error
    assert [bool(t["error"]) for t in error["targets"]] == [True, False]


def test_bad_input_says_what_there_is(routed: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    told = routed.refused("alert", "test", "tem", code=5)
    assert "there is no route 'tem'; there is: team, boss" in told
    monkeypatch.setenv("TEAM_URL", "")
    assert "TEAM_URL is not set" in routed.refused("alert", "test", "team", code=2)
    monkeypatch.setenv("SOJOURN_ALERTS", "")
    assert "SOJOURN_ALERTS" in routed.refused("alert", "test", "team", code=2)


def test_routes_and_their_log_are_listed(routed: Terminal) -> None:
    assert routed("alert", "routes", "--json").json == {"routes": []}
    assert routed("alert", "log", "--json").json == {"notices": []}
    assert "nothing was sent yet; see" in routed("alert", "log").out
    assert "nothing was sent yet by team" in routed("alert", "log", "--route", "team").out
    assert "no route is declared" in routed("alert", "routes").out


def test_the_log_shows_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("route", "target", "alert_id", "reason", "status", "attempts", "last_error")
    row = dict.fromkeys(names) | {"created_at": datetime(2026, 11, 22, 10, 0, 7, tzinfo=UTC)}
    try:
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert sent(row)[0] == "2026-11-22 19:00:07"
    finally:
        monkeypatch.undo()
        time.tzset()
