import json

import pytest

from tests.cli.terminal import AGENTS, Terminal


def test_the_list_has_every_agent_with_its_figures(acme: Terminal) -> None:
    acme.settle()
    rows = {a["agent_id"]: a for a in acme("agent", "list", "--json").json["agents"]}
    assert rows.keys() >= {"builder", "remover", "teller", "search-quality-agent"}
    assert rows["builder"]["figures"]["completed"] == 3
    assert rows["remover"]["figures"]["completed"] == 0
    assert rows["builder"]["source"].endswith("agents.yaml")
    assert "search-quality-agent" in acme("agent", "list").out


def test_an_agent_that_tasks_name_and_the_directory_lost_is_listed(acme: Terminal) -> None:
    acme.settle()
    acme.write("agents.yaml", AGENTS.replace("builder:", "bob:"))
    rows = {a["agent_id"]: a for a in acme("agent", "list", "--json").json["agents"]}
    assert rows["builder"]["title"] == "not in the directory"
    assert rows["builder"]["figures"]["completed"] == 3
    assert "not in the directory" in acme("agent", "list").out


def test_one_agent_is_shown_without_its_secrets(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANT_KEY", "geheim")
    remote = (
        '  remote: { protocol: http, url: "https://a.example/x", auth: { bearer_env: TENANT_KEY } }'
    )
    cli.write("agents.yaml", AGENTS + remote + "\n")
    told = cli("agent", "show", "remote", "--json")
    assert told.json["credentials"] == ["TENANT_KEY"]
    assert "geheim" not in told.out
    assert "TENANT_KEY" in cli("agent", "show", "remote").out


def test_an_unknown_agent_is_not_found_with_a_hint(cli: Terminal) -> None:
    assert "did you mean 'builder'?" in cli.refused("agent", "show", "bilder", code=5)
    assert cli("agent", "check", "bilder", "--json", code=5).error["code"] == "not_found"


def test_a_check_reaches_each_agent_or_says_why_not(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOJOURN_DATABASE_URL", "postgresql://nowhere.invalid/x")
    told = cli("agent", "check", "builder", "--json").json["agents"]
    assert [(one["agent_id"], one["ok"]) for one in told] == [("builder", True)]
    cli.write("agents.yaml", AGENTS + '  gone: { protocol: python, target: "nowhere:x" }\n')
    ran = cli("agent", "check", "builder", "gone", code=4)
    assert "✓ reachable" in ran.out
    assert "✗ away" in ran.out
    told = json.loads(cli("agent", "check", "gone", "--json", code=4).out)["agents"]
    assert told[0]["ok"] is False
    assert "nowhere" in told[0]["message"]
    cli.write("agents.yaml", AGENTS)
    assert len(cli("agent", "check", "--json").json["agents"]) > 10


def test_a_broken_directory_is_named_with_its_line(cli: Terminal) -> None:
    cli.write("agents.yaml", "agents:\n  x: { protocl: python }\n")
    error = cli("agent", "list", "--json", code=2).error
    assert "agents.yaml:2: agents.x.protocl" in error["message"]
    assert "did you mean 'protocol'" in error["message"]
