import json

import pytest

from sojourn.core.paths import lists_of
from sojourn.paths import builtin, load_file
from tests.cli.terminal import Terminal


def test_after_a_start_it_says_what_the_entry_gate_waits_for(cli: Terminal) -> None:
    said = cli("start", "acme", "--path", cli.small).out
    assert "move: enter sandbox (start_journey)" in said
    assert "sojourn record acme contract_signed=true" in said
    assert "its key is journey-acme-" in said


def test_what_is_given_is_kept(cli: Terminal) -> None:
    meta = cli.write("meta.json", '{"region": "eu", "seats": 3}')
    words = ("--meta-file", meta, "--meta", "seats=40", "--owner", "ann", "--key", "acme-1")
    told = cli("start", "acme", "--path", cli.small, *words, "--json").json
    journey = told["journey"]
    assert journey["metadata"] == {"region": "eu", "seats": 40}
    assert (journey["owner"], journey["journey_key"]) == ("ann", "acme-1")
    assert (journey["path"], journey["path_version"]) == ("small", 1)
    assert [s["is"] for s in journey["stages"]] == ["current", "ahead", "ahead"]
    assert told["gate"]["verdict"] == "insufficient_data"
    shown = cli("show", "acme-1", "--json").json
    assert shown["journey"]["client_id"] == "acme"


def test_a_dry_run_shows_the_whole_start_and_starts_nothing(cli: Terminal) -> None:
    words = ("start", "acme", "--path", cli.small, "--fact", "contract_signed=true")
    told = cli.dry(*words)
    assert [u["name"] for u in told["effects"]["units"]] == ["install", "fill"]
    assert told["effects"]["units"][0]["tasks"][0]["input_data"] == {"client": "acme"}
    done = cli(*words, "--json").json["effects"]
    assert [u["tasks"] for u in done["units"]] == [u["tasks"] for u in told["effects"]["units"]]
    assert done["transitions"] == told["effects"]["transitions"]


def test_facts_are_json_lists_or_text(cli: Terminal) -> None:
    facts = ("contract_signed=true", "data_sources=[confluence, jira]", "note=it's fine", "n=2")
    words = [word for fact in facts for word in ("--fact", fact)]
    cli("start", "acme", *words)
    known = cli("show", "acme", "--json").json["facts"]
    assert known["contract_signed"]["value"] is True
    assert known["data_sources"]["value"] == ["confluence", "jira"]
    assert known["note"]["value"] == "it's fine"
    assert known["n"]["value"] == 2


def test_a_fact_that_nothing_looks_at_is_mentioned(cli: Terminal) -> None:
    said = cli("start", "acme", "--fact", "contract_signd=true").err
    assert "no criterion of path standard looks at contract_signd" in said
    assert "did you mean 'contract_signed'?" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fact", "contract_signed"], "is not NAME=VALUE"),
        (["--fact", "=true"], "is not NAME=VALUE"),
        (["--fact", "a=1", "--fact", "a=2"], "is given twice"),
        (["--fact", "search_precision=0.9"], "search_precision is a metric of path standard"),
        (["--fact", "data_sources=confluence,jira"], "data_sources must be a list"),
        (["--fact", "data_sources=[]"], "data_sources must be a list"),
        (["--fact", "a=1e999"], "is not a number"),
        (["--fact", f"a={2**70}"], "64 bits"),
        (["--meta", "a"], "is not NAME=VALUE"),
        (["--owner", ""], "is no name"),
        (["--key", " x"], "is no name"),
        (["--key", "a\x1bb"], "is no name"),
        (["--meta-file", "no.json"], "No such file"),
        (["--path", "no.yaml"], "cannot be read"),
        (["--path", "standard@x"], "'x' is no version"),
    ],
)
def test_bad_words_are_refused_whole(cli: Terminal, words: list[str], message: str) -> None:
    assert message in cli.refused("start", "acme", *words, code=2)


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'])
def test_a_bad_metadata_file_is_refused(cli: Terminal, text: str) -> None:
    file = cli.write("meta.json", text)
    assert "--meta-file" in cli.refused("start", "acme", "--meta-file", file, code=2)


@pytest.mark.parametrize("name", ["", " ", "a/b", "x" * 101, "a\tb", "\x1b[31m"])
def test_a_bad_client_name_is_refused(cli: Terminal, name: str) -> None:
    said = cli.refused("start", name, code=2)
    assert "is no name for a client" in said
    assert "\x1b" not in said


def test_an_unknown_path_is_not_found_with_a_hint(cli: Terminal) -> None:
    said = cli.refused("start", "acme", "--path", "helthcare", code=5)
    assert "did you mean 'healthcare'?" in said


def test_a_broken_path_file_is_refused_with_its_lines(cli: Terminal) -> None:
    file = cli.write("bad.yaml", "name: bad\nstages:\n  - name: sandbox\n    exits: {}\n")
    assert "bad.yaml:4:" in cli.refused("start", "acme", "--path", file, code=2)
    error = cli("start", "acme", "--path", file, "--json", code=2).error
    assert error["problems"][0]["line"] == 4 or error["problems"][1]["line"] == 4


def test_a_second_journey_on_the_path_and_a_taken_key_are_conflicts(cli: Terminal) -> None:
    cli("start", "acme", "--key", "k")
    assert "has an active journey on path standard" in cli.refused("start", "acme", code=4)
    assert "the journey key k is taken" in cli.refused("start", "other", "--key", "k", code=4)


def test_the_lists_of_a_path_are_what_it_makes_tasks_of() -> None:
    assert lists_of(load_file(builtin()["standard"])) == {"data_sources"}


def test_a_path_of_the_users_directory_goes_before_a_built_in_one(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (cli.folder / "small.yaml").read_text().replace("name: small", "name: standard")
    (cli.folder / "paths").mkdir()
    cli.write("paths/standard.yaml", text)
    monkeypatch.setenv("SOJOURN_PATHS", str(cli.folder / "paths"))
    told = cli("start", "acme", "--json").json
    assert told["gate"]["checks"][0]["name"] == "contract_signed"
    assert len(told["gate"]["checks"]) == 1
    assert json.dumps(told)
