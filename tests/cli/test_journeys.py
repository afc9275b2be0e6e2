import pytest

from tests.cli.terminal import Terminal


def fleet(cli: Terminal) -> None:
    for client in ("acme", "beta", "gamma"):
        cli.start(client, "--owner", "ann" if client == "beta" else "bob")
    cli("hold", "gamma", "--reason", "x")
    cli("cancel", "acme", "--reason", "over")


def names(cli: Terminal, *words: str) -> list[str]:
    return [j["client_id"] for j in cli("list", *words, "--json").json["journeys"]]


def test_an_empty_list_says_what_to_do(cli: Terminal) -> None:
    assert "start one: sojourn start CLIENT" in cli("list").out
    assert "was started yet" in cli("list", "--all").out
    assert "no journey is like this" in cli("list", "--owner", "x").out
    assert cli("list", "--json").json == {"journeys": [], "next": None}


def test_each_filter_narrows_the_list(cli: Terminal) -> None:
    fleet(cli)
    assert names(cli) == ["beta", "gamma"]
    assert names(cli, "--all") == ["acme", "beta", "gamma"]
    assert names(cli, "--all", "--stage", "cancelled") == ["acme"]
    assert names(cli, "--held") == ["gamma"]
    assert names(cli, "--not-held") == ["beta"]
    assert names(cli, "--owner", "ann") == ["beta"]
    assert names(cli, "--ball", "operator") == ["gamma"]
    assert names(cli, "--schedule", "on_track", "--path", "small") == ["beta", "gamma"]
    assert names(cli, "--schedule", "stuck") == []
    assert names(cli, "--search", "AMM") == ["gamma"]


def test_pages_lead_to_each_other(cli: Terminal) -> None:
    fleet(cli)
    first = cli("list", "--all", "--limit", "2", "--json").json
    assert [j["client_id"] for j in first["journeys"]] == ["acme", "beta"]
    assert names(cli, "--all", "--limit", "2", "--after", first["next"]) == ["gamma"]
    ran = cli("list", "--all", "--limit", "2")
    assert f"more: sojourn list --after {first['next']}" in ran.err
    assert cli("list", "--all", "--limit", "3", "--json").json["next"] is None


def test_a_row_has_what_people_look_for(cli: Terminal) -> None:
    fleet(cli)
    row = cli("list", "--json").json["journeys"][0]
    assert (row["path"], row["path_version"], row["stage"]) == ("small", 1, "sandbox")
    assert row["gate"]["total"] == 3
    assert row["gate"]["failing"][0] in ("quality", "cohort")
    assert row["limit_days"] == 10
    assert row["days_in_stage"] >= 0
    said = cli("list", "--all").out
    assert "▶·· sandbox" in said
    assert "✗ cancelled" in said
    assert "held" in said
    assert "0/3" in said
    assert "0.0/10" in said


def test_a_bad_filter_says_what_is_allowed(cli: Terminal) -> None:
    assert "approver" in cli.refused("list", "--ball", "everyone", code=2)
    assert "stuck" in cli.refused("list", "--schedule", "late", code=2)
    assert "--limit" in cli.refused("list", "--limit", "0", code=2)


def test_a_narrow_terminal_cuts_no_name(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    cli.start("universal-exports-gmbh")
    said = cli("list").out
    assert "universal-exports-gmbh" in said
    assert "= on track" in said
    assert max(map(len, said.splitlines())) <= 80
